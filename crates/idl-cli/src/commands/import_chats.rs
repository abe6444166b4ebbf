//! From the export of a chat program to sessions: chat JSONL on stdout, an
//! account of every message on stderr.

use std::io::{self, BufWriter, Write};

use clap::Args;
use idl_corpora::chat;
use idl_dialogue::BoxError;

use crate::chats::ExportArgs;

/// Cuts an exported chat into sessions: chat JSONL, in which you are the
/// assistant and everybody else is the user.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl import-chats --format telegram --input result.json --me Ada > chats.jsonl
  idl import-chats --format whatsapp --input 'WhatsApp Chat with Bo.txt' --me Ada --dates dmy
  idl import-chats --format messages --me Ada --gap-hours 2 --merge role < messages.jsonl")]
pub(crate) struct Arguments {
    #[command(flatten)]
    export: ExportArgs,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let (chats, told) = arguments.export.sessions()?;
    let mut stdout = BufWriter::new(io::stdout().lock());
    for chat in &chats {
        chat::write(&mut stdout, chat)?;
    }
    stdout.flush()?;
    eprintln!("{told}");
    Ok(())
}
