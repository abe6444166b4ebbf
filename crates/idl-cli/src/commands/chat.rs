//! A conversation in a person's voice.

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use crate::cli;
use crate::lm::ModelArgs;
use clap::Args;
use idl::lm::{Conversation, DecodingParams, FinishReason, Generator, Piece};
use idl_corpora::chat;
use idl_dialogue::{BoxError, Utterance};

/// Talks with a person whose past sessions stand before the conversation.
///
/// Each line you type is what you say. The sessions are computed once, and each
/// turn only what is new. `/quit`, or the end of the input, ends; `/again` asks
/// for the conversation anew, the sessions kept.
///
/// A line that cannot be answered, such as one that is too long for the model,
/// is named on stderr; the conversation goes on as if it had not been there.
/// Where lines come from a file or pipe, the exit code is then 2 in the end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl chat
  idl chat --sessions ada.jsonl --adapter out/demo/dpa
  printf 'hi !\\nany pets ?\\n' | idl chat --greedy

The sessions are chat JSONL: {\"messages\": [{\"role\", \"content\"}, ..]} on each
line, the person as `assistant`. Where the model runs out of positions, whole
sessions are left out, the first one first, then the oldest exchanges.")]
pub(crate) struct Arguments {
    /// The person's sessions, chat JSONL
    #[arg(long, value_name = "FILE")]
    sessions: Option<PathBuf>,

    /// Of the sessions only this person's
    #[arg(long, value_name = "ID", requires = "sessions")]
    person: Option<String>,

    #[command(flatten)]
    model: ModelArgs,

    /// A reply has at most so many tokens
    #[arg(long, default_value_t = 64, value_name = "N", allow_negative_numbers = true)]
    max_new_tokens: usize,

    /// Take the likeliest token each time
    #[arg(long, conflicts_with = "temperature")]
    greedy: bool,

    /// Logits are divided by this before sampling
    #[arg(long, default_value_t = 0.7, value_name = "T", allow_negative_numbers = true)]
    temperature: f64,

    /// Sample among the likeliest tokens with so much probability
    #[arg(long, default_value_t = 0.9, value_name = "P", allow_negative_numbers = true)]
    top_p: f64,

    /// Make tokens less likely that were there before
    #[arg(long, default_value_t = 1.0, value_name = "X", allow_negative_numbers = true)]
    repetition_penalty: f64,

    /// The seed of the sampling
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
}

impl Arguments {
    fn params(&self) -> DecodingParams {
        DecodingParams {
            max_new_tokens: self.max_new_tokens,
            temperature: if self.greedy { 0.0 } else { self.temperature },
            top_p: self.top_p,
            repetition_penalty: self.repetition_penalty,
            seed: self.seed,
            ..DecodingParams::default()
        }
    }

    fn sessions(&self) -> Result<Vec<Vec<Utterance>>, BoxError> {
        let Some(file) = &self.sessions else { return Ok(Vec::new()) };
        let (mut sessions, mut persons) = (Vec::new(), BTreeSet::new());
        for chat in chat::open(file)? {
            let chat = chat?;
            persons.extend(chat.person.clone());
            if self.person.is_none() || self.person == chat.person {
                sessions.push(chat.session.messages);
            }
        }
        if sessions.is_empty() {
            let whose = self.person.as_ref().map_or(String::new(), |id| format!(" of `{id}`"));
            return Err(format!("{}: no sessions{whose}", file.display()).into());
        }
        if self.person.is_none() && persons.len() > 1 {
            let ids = persons.into_iter().take(5).collect::<Vec<_>>().join(", ");
            let file = file.display();
            return Err(format!("{file}: holds several persons ({ids}): choose by --person").into());
        }
        Ok(sessions)
    }
}

/// Sends pieces of a reply to stdout as they come.
struct Screen {
    error: Option<io::Error>,
    /// Something of the reply stands there.
    begun: bool,
}

impl Screen {
    fn show(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        self.begun |= !piece.text.is_empty();
        match print(piece.text) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// The user, line by line.
struct Ear {
    /// Somebody types: they get a prompt.
    terminal: bool,
    /// How many lines there were.
    line: usize,
    /// How many of them got no answer.
    failed: usize,
}

impl Ear {
    /// What the user says next; `None` at the end.
    fn listen(&mut self) -> Result<Option<String>, BoxError> {
        loop {
            if self.terminal {
                eprint!("> ");
            }
            let mut line = Vec::new();
            self.line += 1;
            let read = io::stdin().lock().read_until(b'\n', &mut line);
            if read.map_err(|error| format!("{}: {error}", self.place()))? == 0 {
                return Ok(None);
            }
            match String::from_utf8(line) {
                Ok(line) => return Ok(Some(line.trim().to_owned())),
                Err(_) => self.complain("expected UTF-8, found other bytes"),
            }
        }
    }

    /// The last line gets no answer.
    fn complain(&mut self, why: &str) {
        self.failed += 1;
        if self.terminal {
            eprintln!("error: {why}");
        } else {
            eprintln!("error: {}: {why}", self.place());
        }
    }

    fn place(&self) -> String {
        format!("stdin:{}", self.line)
    }

    /// Whether all that was said got its answer. Somebody who types has seen
    /// which did not.
    fn close(self) -> Result<(), BoxError> {
        match self.failed {
            0 => Ok(()),
            _ if self.terminal => Ok(()),
            1 => Err("stdin: 1 line got no answer".into()),
            failed => Err(format!("stdin: {failed} lines got no answer").into()),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let mut params = arguments.params();
    params.check()?;
    let sessions = arguments.sessions()?;
    let given = sessions.len();
    let (model, tokenizer) = arguments.model.load()?;
    let mut person =
        Conversation::new(Generator { model: &model, tokenizer: &tokenizer }, sessions)?;
    let start = Instant::now();
    let tokens = person.prepare()?;
    if given > 0 {
        let (kept, seconds) = (person.sessions().len(), start.elapsed().as_secs_f64());
        eprintln!("{kept} of {given} sessions fit: {tokens} tokens, computed in {seconds:.1} s");
    }
    let fresh = person.fork()?;
    let terminal = io::stdin().is_terminal();
    let mut ear = Ear { terminal, line: 0, failed: 0 };
    if terminal {
        eprintln!("say something; /again starts anew, /quit ends");
    }
    while let Some(said) = ear.listen()? {
        match said.as_str() {
            "" => continue,
            "/quit" => break,
            "/again" => {
                person = fresh.fork()?;
                eprintln!("(a new conversation)");
                continue;
            }
            command if command.starts_with('/') => {
                ear.complain(&format!("{command} is no command; there are /again and /quit"));
                continue;
            }
            _ => {}
        }
        let sessions = person.sessions().len();
        let mut screen = Screen { error: None, begun: false };
        let reply = person.say(&said, &params, &mut |piece| screen.show(piece));
        if let Some(error) = screen.error {
            return Err(error.into());
        }
        if screen.begun || reply.is_ok() {
            print("\n")?;
        }
        let reply = match reply {
            Ok(reply) => reply,
            // The conversation goes on: the message was too long, perhaps.
            Err(error) => {
                ear.complain(&cli::one_line(&error));
                continue;
            }
        };
        if reply.finish_reason == FinishReason::Length && terminal {
            eprintln!("(cut after {} tokens)", reply.token_ids.len());
        }
        if person.sessions().len() < sessions {
            eprintln!("({} sessions still fit)", person.sessions().len());
        }
        // Another reply, should the same be said again.
        params.seed = params.seed.wrapping_add(1);
    }
    ear.close()
}
