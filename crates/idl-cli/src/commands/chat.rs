//! A conversation in a person's voice.

use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use crate::chats::of_one_person;
use crate::cli;
use crate::lm::ModelArgs;
use crate::voice::Voice;
use clap::Args;
use idl::lm::{Conversation, DecodingParams, FinishReason, Generation, Generator, OnPiece, Piece};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{ConvEdDistance, Responder, ResponderParts};
use idl_dialogue::{BoxError, Role, Utterance};

/// Talks with a voice that `idl learn` has made, or with a person whose past
/// sessions stand before the conversation.
///
/// Each line you type is what you say. With a voice the sessions are chosen for
/// every reply, by what has been said so far: `/why` shows which stand behind the
/// last one and what spoke for them, `/forget ID` removes one for good. With
/// --sessions all of them stand there, as far as they fit; they are computed once.
/// `/quit`, or the end of the input, ends; `/again` asks for the conversation anew.
///
/// A line that cannot be answered, such as one that is too long for the model,
/// is named on stderr; the conversation goes on as if it had not been there.
/// Where lines come from a file or pipe, the exit code is then 2 in the end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl chat ada
  idl chat
  idl chat --sessions ada.jsonl --adapter out/demo/dpa
  printf 'hi !\\nany pets ?\\n/why\\n' | idl chat ada --greedy

The sessions are chat JSONL: {\"messages\": [{\"role\", \"content\"}, ..]} on each
line, the person as `assistant`. Where the model runs out of positions, whole
sessions are left out, the first one first, then the oldest exchanges.")]
pub(crate) struct Arguments {
    /// A voice's folder
    #[arg(value_name = "DIR", conflicts_with_all = ["sessions", "model", "adapter", "dtype"])]
    voice: Option<PathBuf>,

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
        let (_, sessions) = of_one_person(file, self.person.as_deref())?;
        Ok(sessions.into_iter().map(|session| session.messages).collect())
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

/// Who is talked with.
enum Person<'a> {
    /// Sessions that stand there; and the conversation before anything was said.
    Fixed { now: Box<Conversation<'a>>, fresh: Box<Conversation<'a>> },
    /// Sessions that are chosen, and the folder that they are in.
    Voice(Box<Responder<'a>>, Box<Voice>),
}

impl Person<'_> {
    /// How many sessions stand before the conversation.
    fn sessions(&self) -> usize {
        match self {
            Person::Fixed { now, .. } => now.sessions().len(),
            Person::Voice(voice, _) => voice.sessions_in_prompt(),
        }
    }

    fn say(
        &mut self,
        said: &str,
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation, BoxError> {
        Ok(match self {
            Person::Fixed { now, .. } => now.say(said, params, on_piece)?,
            Person::Voice(voice, _) => voice.reply(said, params, on_piece)?.generation,
        })
    }

    fn again(&mut self) -> Result<(), BoxError> {
        match self {
            Person::Fixed { now, fresh } => **now = fresh.fork()?,
            Person::Voice(voice, _) => voice.again(),
        }
        Ok(())
    }

    /// What a command other than `/quit` does; `None` for one that there is not.
    fn command(&mut self, command: &str) -> Option<Result<String, BoxError>> {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        match (name, self) {
            ("/again", person) => Some(person.again().map(|()| "(a new conversation)".to_owned())),
            ("/why", Person::Voice(voice, _)) => Some(why(voice)),
            ("/forget", Person::Voice(voice, folder)) => Some(forget(voice, folder, rest.trim())),
            _ => None,
        }
    }

    fn commands(&self) -> &'static str {
        match self {
            Person::Fixed { .. } => "/again and /quit",
            Person::Voice(..) => "/why, /forget ID, /again and /quit",
        }
    }
}

/// Forgets a session for good.
fn forget(voice: &mut Responder<'_>, folder: &mut Voice, id: &str) -> Result<String, BoxError> {
    if voice.session(id)?.is_none() {
        return Err(format!("there is no session `{id}`").into());
    }
    let _lock = folder.lock()?;
    folder.before_forgetting()?;
    voice.forget(id)?;
    folder.settings.learnt_from = folder.settings.learnt_from.min(voice.len());
    folder.save()?;
    let learnt = match folder.settings.adapter {
        Some(_) => "; the adapter has learnt from it still: `idl learn --again` learns anew",
        None => "",
    };
    Ok(format!("(forgotten; {} sessions stay{learnt})", voice.len()))
}

/// The sessions behind the last reply, and what spoke for each.
fn why(voice: &Responder<'_>) -> Result<String, BoxError> {
    if voice.why().is_empty() {
        return Ok("(no session stands behind the last reply)".to_owned());
    }
    let mut lines = Vec::new();
    for chosen in voice.why() {
        let evidence: Vec<String> = chosen
            .evidence
            .named()
            .iter()
            .filter(|(_, x)| *x != 0.0)
            .map(|(name, x)| format!("{name} {x:+.1}"))
            .collect();
        lines.push(format!("{} {:+.1} ({})", chosen.id, chosen.score, evidence.join(", ")));
        for fact in &chosen.shared {
            lines.push(format!("    both say {fact}"));
        }
        let session = voice.session(&chosen.id)?;
        let own = session.iter().flat_map(|s| s.said_by(Role::Assistant)).next();
        lines.extend(own.map(|said| format!("    \"{said}\"")));
    }
    Ok(lines.join("\n"))
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let params = arguments.params();
    params.check()?;
    let Some(dir) = &arguments.voice else { return fixed(arguments, params) };
    let voice = Voice::open(dir)?;
    let model = ModelArgs {
        model: Some(voice.settings.model.clone()),
        adapter: voice.adapter(),
        dtype: voice.settings.dtype,
        device: arguments.model.device,
    };
    let encoder = voice.encoder()?;
    let extractor = RuleExtractor::default();
    let distance = ConvEdDistance { conved: voice.conved()?, encoder: &*encoder };
    let (model, tokenizer) = model.load()?;
    if voice.adapter().is_none() {
        eprintln!("nothing was learnt yet (`idl learn --out {}`)", dir.display());
    }
    let parts = ResponderParts {
        reader: voice.reader(&*encoder, &extractor),
        chooser: voice.settings.choice.check()?,
        distance: &distance,
        policy: Policy::Free,
        generator: Generator { model: &model, tokenizer: &tokenizer },
    };
    let person = &voice.settings.person;
    let store = voice.store()?;
    voice.check_sessions(&store)?;
    let responder = Responder::new(Box::new(store), person.as_str(), parts)?;
    eprintln!("{person}: {} sessions to choose from", responder.len());
    converse(Person::Voice(Box::new(responder), Box::new(voice)), params)
}

/// Sessions that stand there as they are given.
fn fixed(arguments: &Arguments, params: DecodingParams) -> Result<(), BoxError> {
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
    converse(Person::Fixed { now: Box::new(person), fresh: Box::new(fresh) }, params)
}

fn converse(mut person: Person<'_>, mut params: DecodingParams) -> Result<(), BoxError> {
    let terminal = io::stdin().is_terminal();
    let mut ear = Ear { terminal, line: 0, failed: 0 };
    if terminal {
        eprintln!("say something; there are {}", person.commands());
    }
    while let Some(said) = ear.listen()? {
        if said.is_empty() {
            continue;
        }
        if said == "/quit" {
            break;
        }
        if said.starts_with('/') {
            match person.command(&said) {
                Some(Ok(told)) => eprintln!("{told}"),
                Some(Err(error)) => ear.complain(&cli::one_line(error.as_ref())),
                None => {
                    let there = person.commands();
                    ear.complain(&format!("{said} is no command; there are {there}"));
                }
            }
            continue;
        }
        let sessions = person.sessions();
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
                ear.complain(&cli::one_line(error.as_ref()));
                continue;
            }
        };
        if reply.finish_reason == FinishReason::Length && terminal {
            eprintln!("(cut after {} tokens)", reply.token_ids.len());
        }
        if person.sessions() < sessions {
            eprintln!("({} sessions still fit)", person.sessions());
        }
        // Another reply, should the same be said again.
        params.seed = params.seed.wrapping_add(1);
    }
    ear.close()
}
