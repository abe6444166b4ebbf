//! Where `prepare` finds the replies that rank last.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use idl::lm::{CausalLm, ChatTokenizer, Generator, LoadOptions};
use idl::train::{Candidates, PersonaBlind, RejectedKind, RejectedSource};
use idl_dialogue::convai2::SILENCE;
use idl_dialogue::parlai::{self, Episode};
use idl_dialogue::{BoxError, GenerationParams};

use crate::corpus::{CorpusArgs, CorpusKind};
use crate::lm;

/// Tokens of a reply that a model writes.
const MAX_NEW_TOKENS: usize = 64;

/// The options that choose them.
#[derive(Clone, Debug, Args)]
pub struct RejectedArgs {
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
pub enum Pool {
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
    pub fn load(&self, corpus: &CorpusArgs) -> Result<Pool, BoxError> {
        let blind = self.rejected == Rejected::PersonaBlind;
        if !blind && (self.model.is_some() || self.adapter.is_some()) {
            return Err("`--model` and `--adapter` go with `--rejected persona-blind`".into());
        }
        match self.rejected {
            Rejected::Distractor => Ok(Pool::Persons),
            Rejected::Candidate => candidates(corpus).map(Pool::Candidates),
            Rejected::PersonaBlind => {
                let dir = self.model.clone().unwrap_or_else(lm::embedded_base);
                let mut model = CausalLm::from_dir(&dir, LoadOptions::default())?;
                let tokenizer = lm::tokenizer(&dir)?;
                model.check_tokenizer(&tokenizer)?;
                if let Some(adapter) = &self.adapter {
                    model.load_adapter("adapter", adapter)?;
                    model.set_active(Some("adapter"))?;
                }
                Ok(Pool::Model(Box::new((model, tokenizer))))
            }
        }
    }
}

impl Pool {
    /// The model as a generator of text, where there is one.
    #[must_use]
    pub fn generator(&self) -> Option<Generator<'_>> {
        match self {
            Pool::Model(loaded) => Some(Generator { model: &loaded.0, tokenizer: &loaded.1 }),
            Pool::Persons | Pool::Candidates(_) => None,
        }
    }

    /// The source for the corpus; `generator` is [`generator`](Self::generator)'s.
    #[must_use]
    pub fn source<'a>(&'a self, generator: Option<&'a Generator<'a>>) -> RejectedSource<'a> {
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
    use super::*;

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
