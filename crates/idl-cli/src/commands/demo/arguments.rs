//! The demo's options.

use std::path::PathBuf;

use clap::Args;

/// In-dialogue learning from end to end: learns to talk like people from their
/// past conversations and shows, on people it has never seen, what that brings.
///
/// Without --data it runs on the invented people inside the program.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A folder with ConvAI2's dialogues_both.jsonl: learn from its train
    /// persons, show its valid persons
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// The base model, a Hugging Face LLaMA folder [default: the embedded one]
    #[arg(long, value_name = "DIR")]
    pub(super) model: Option<PathBuf>,

    /// Where adapters, logs and the table go
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    pub(super) out: PathBuf,

    /// Dialogues to learn from in each stage [default: embedded 176, ConvAI2
    /// 120]
    #[arg(long, value_name = "N")]
    pub(super) dialogues: Option<usize>,

    /// Persons to show [default: all that were not trained on]
    #[arg(long, value_name = "N")]
    pub(super) persons: Option<usize>,

    /// Everything random follows from it
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo
  idl demo --data ../shared/data/convai2
  idl demo --dialogues 40 --persons 4";
