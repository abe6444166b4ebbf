//! Where `prepare` finds the replies that rank last.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use idl::lm::{CausalLm, ChatTokenizer, Generator};
use idl::train::{Candidates, PersonaBlind, RejectedKind, RejectedSource};
use idl_corpora::convai2::SILENCE;
use idl_corpora::parlai::{self, Episode};
use idl_dialogue::{BoxError, GenerationParams, Person};
use tch::Device;

use crate::corpus::{CorpusArgs, CorpusKind};
use crate::lm::{self, Dtype, ModelArgs};

/// Tokens of a reply that a model writes.
const MAX_NEW_TOKENS: usize = 64;

/// The options that choose them.
#[derive(Clone, Debug, Args)]
pub(crate) struct RejectedArgs {
    /// Rejected replies, stage `dpoc`: another person's at random, one of the
    /// corpus's own candidates (`--corpus parlai`, a file that has them), or what
    /// a model says without the person's sessions
    #[arg(long, value_enum, default_value_t = Rejected::Distractor)]
    pub rejected: Rejected,

    /// The model of `--rejected persona-blind` [default: the embedded base]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// A PEFT adapter for that model
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,

    /// The precision of that model's weights [default: f32]
    #[arg(long, value_enum)]
    pub dtype: Option<Dtype>,

    /// Where that model computes: cpu, cuda, or cuda:N [default: cpu]
    #[arg(long, value_parser = lm::device)]
    pub device: Option<Device>,
}

/// The kinds of rejected replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rejected {
    /// Another person's, at random
    Distractor,
    /// One of the corpus's own candidates
    Candidate,
    /// A model's, without the sessions
    PersonaBlind,
}

impl From<Rejected> for RejectedKind {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Distractor => RejectedKind::Distractor,
            Rejected::Candidate => RejectedKind::Candidate,
            Rejected::PersonaBlind => RejectedKind::PersonaBlind,
        }
    }
}

/// What they are taken from, loaded.
#[derive(Debug)]
pub(crate) enum Pool {
    /// The persons themselves.
    Persons,
    /// The corpus's candidates.
    Candidates(Candidates),
    /// A model and its tokenizer.
    Model(Box<(CausalLm, ChatTokenizer)>),
}

impl RejectedArgs {
    /// Loads what the replies are taken from.
    ///
    /// # Errors
    /// Options that do not go together; a file or model that cannot be read.
    pub(crate) fn load(&self, corpus: &CorpusArgs) -> Result<Pool, BoxError> {
        let given = [
            ("--model", self.model.is_some()),
            ("--adapter", self.adapter.is_some()),
            ("--dtype", self.dtype.is_some()),
            ("--device", self.device.is_some()),
        ];
        let of_model = given.iter().find(|(_, given)| *given);
        if let Some((option, _)) = of_model.filter(|_| self.rejected != Rejected::PersonaBlind) {
            return Err(format!("`{option}` goes with `--rejected persona-blind`").into());
        }
        match self.rejected {
            Rejected::Distractor => Ok(Pool::Persons),
            Rejected::Candidate => candidates(corpus).map(Pool::Candidates),
            Rejected::PersonaBlind => {
                let model = ModelArgs {
                    model: self.model.clone(),
                    adapter: self.adapter.clone(),
                    dtype: self.dtype.unwrap_or_default(),
                    device: self.device.unwrap_or(Device::Cpu),
                };
                Ok(Pool::Model(Box::new(model.load()?)))
            }
        }
    }
}

impl Pool {
    /// Leaves out the candidates that somebody says in a dialogue of these persons:
    /// a corpus takes its wrong candidates from its own dialogues, and what is held
    /// out is not to be learnt as a wrong reply, either. Returns how many.
    pub(crate) fn without_lines_of(&mut self, held_out: &[Person]) -> usize {
        let Pool::Candidates(all) = self else { return 0 };
        let compared = |text: &str| text.trim().to_lowercase();
        let sessions = held_out.iter().flat_map(|person| &person.sessions);
        let said: HashSet<String> =
            sessions.flat_map(|s| &s.messages).map(|m| compared(&m.content)).collect();
        let mut removed = 0;
        for candidates in all.values_mut() {
            let before = candidates.len();
            candidates.retain(|candidate| !said.contains(&compared(candidate)));
            removed += before - candidates.len();
        }
        removed
    }

    /// The model as a generator of text, where there is one.
    #[must_use]
    pub(crate) fn generator(&self) -> Option<Generator<'_>> {
        match self {
            Pool::Model(loaded) => Some(Generator { model: &loaded.0, tokenizer: &loaded.1 }),
            Pool::Persons | Pool::Candidates(_) => None,
        }
    }

    /// The source for the corpus; `generator` is [`generator`](Self::generator)'s.
    #[must_use]
    pub(crate) fn source<'a>(&'a self, generator: Option<&'a Generator<'a>>) -> RejectedSource<'a> {
        match (self, generator) {
            (Pool::Candidates(all), _) => RejectedSource::Candidates(all),
            (_, Some(generator)) => {
                let positions = generator.model.config().max_position_embeddings;
                // Greedily: the reply that the model holds for the likeliest.
                let params = GenerationParams {
                    max_new_tokens: MAX_NEW_TOKENS,
                    ..GenerationParams::default()
                };
                RejectedSource::Generator(PersonaBlind {
                    generator,
                    tokenizer: generator.tokenizer,
                    max_prompt_tokens: positions.saturating_sub(MAX_NEW_TOKENS),
                    params,
                })
            }
            _ => RejectedSource::Distractor,
        }
    }
}

/// The candidates of a ParlAI file, by the sessions that
/// [`CorpusArgs::load`] makes of it.
fn candidates(corpus: &CorpusArgs) -> Result<Candidates, BoxError> {
    let file = match &corpus.data {
        _ if corpus.corpus != CorpusKind::Parlai => {
            return Err(format!(
                "`--rejected candidate` goes with `--corpus parlai`, whose replies may have \
                 candidates; `{}` has none",
                corpus.corpus.name()
            )
            .into());
        }
        Some(file) if file != Path::new("-") => file,
        _ => {
            return Err(
                "`--rejected candidate` reads the corpus twice: name a file with `--data`".into()
            );
        }
    };
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut all = Candidates::new();
    for episode in parlai::open(file)? {
        match episode {
            Ok(episode) => add(&mut all, &name, &episode),
            Err(_) if corpus.lenient => {} // counted where the corpus is read
            Err(error) => return Err(error.into()),
        }
    }
    if all.is_empty() {
        return Err(format!("{}: no reply has candidates", file.display()).into());
    }
    Ok(all)
}

/// The candidates of an episode, at the positions of the replies in its
/// session: silence is no message.
fn add(all: &mut Candidates, corpus: &str, episode: &Episode) {
    let id = episode.session(corpus).id;
    let mut at = 0;
    for turn in &episode.turns {
        at += usize::from(turn.partner != SILENCE);
        if !turn.candidates.is_empty() {
            all.insert((id.clone(), at), turn.candidates.clone());
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tch::Kind;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        rejected: RejectedArgs,
        #[command(flatten)]
        corpus: CorpusArgs,
    }

    fn command(options: &[&str]) -> Result<Command, clap::Error> {
        let given = ["prepare", "--corpus", "embedded", "--rejected"];
        Command::try_parse_from(given.iter().chain(options))
    }

    #[test]
    fn the_model_is_loaded_as_the_options_say() {
        for (options, kind) in [
            (&["persona-blind"][..], Kind::Float),
            (&["persona-blind", "--dtype", "bf16", "--device", "cpu"], Kind::BFloat16),
        ] {
            let given = command(options).unwrap();
            let pool = given.rejected.load(&given.corpus).unwrap();
            let loaded = pool.generator().unwrap().model;
            assert_eq!((loaded.options().device, loaded.options().kind), (Device::Cpu, kind));
            assert!(loaded.parameters().iter().all(|(_, t)| t.kind() == kind), "{options:?}");
        }
        // Where there is no such GPU, it is said as by the other programs.
        for device in ["cuda:99", "tpu"] {
            let error = command(&["persona-blind", "--device", device]).unwrap_err().to_string();
            assert!(error.contains(&lm::device(device).unwrap_err()), "{error}");
        }
        for option in [["--dtype", "f32"], ["--device", "cpu"], ["--model", "m"]] {
            let given = command(&[&["distractor"][..], &option].concat()).unwrap();
            let error = given.rejected.load(&given.corpus).unwrap_err().to_string();
            assert!(error.contains(option[0]) && error.contains("persona-blind"), "{error}");
        }
    }

    #[test]
    fn candidates_stand_where_their_replies_do() {
        let text = "1 your persona: i row.\n\
                    2 __SILENCE__\thi !\t\tno .|hi !\n\
                    3 hello .\ti rowed .\t\twe won .|i rowed .\n";
        let episode = parlai::read(text.as_bytes(), "x").next().unwrap().unwrap();
        let session = episode.session("x");
        let mut all = Candidates::new();
        add(&mut all, "x", &episode);
        assert_eq!(all.len(), 2);
        for ((id, at), candidates) in &all {
            assert_eq!(id, &session.id);
            assert!(candidates.contains(&session.messages[*at].content), "{at}: {candidates:?}");
        }
    }
}
