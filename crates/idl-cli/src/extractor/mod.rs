//! What the programs that extract persona triples share: which extractor, and
//! the rows that a language model learns to be one from ([`RowsArgs`]).

mod rows;

use std::path::{Path, PathBuf};

use clap::Args;
use idl::lm::{CausalLm, ChatTokenizer, Generator};
use idl::persona_ext::{LmExtractor, LmTally, RuleExtractor, Sample};
use idl_corpora::Records;
use idl_corpora::personaext::{self, Statement};
use idl_dialogue::{BoxError, PersonaExtractor, Triple, Utterance};
use tch::Device;

pub(crate) use rows::RowsArgs;

use crate::lm::{Dtype, ModelArgs, device};

/// The longest prompt in bytes, where the model has room for it.
const PROMPT_BYTES: usize = 1_200;

/// The options that choose an extractor.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExtractorArgs {
    /// What finds triples: rules, or the folder of a language model that was
    /// trained to
    #[arg(long, default_value = "rules", value_name = "rules|DIR")]
    pub extractor: PathBuf,

    /// A PEFT folder with a LoRA adapter for that model
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,

    /// The precision of its weights
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: Dtype,

    /// cpu, cuda, or cuda:N
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: Device,
}

impl ExtractorArgs {
    /// Loads the extractor; says so on stderr where it is a model.
    ///
    /// # Errors
    /// What is wrong with the folders.
    pub(crate) fn load(&self) -> Result<Extractor, BoxError> {
        let dir = &self.extractor;
        if dir.as_os_str() == "rules" {
            if self.adapter.is_some() {
                return Err("`--adapter` goes with `--extractor DIR`".into());
            }
            return Ok(Extractor::Rules(RuleExtractor::default()));
        }
        if !dir.is_dir() {
            let dir = dir.display();
            return Err(format!("--extractor {dir}: neither `rules` nor a folder").into());
        }
        let model = ModelArgs {
            model: Some(dir.clone()),
            adapter: self.adapter.clone(),
            dtype: self.dtype,
            device: self.device,
        };
        let (model, tokenizer) = model.load()?;
        Ok(Extractor::Model(Box::new((model, tokenizer))))
    }
}

/// An extractor in memory.
#[derive(Debug)]
pub(crate) enum Extractor {
    /// Patterns.
    Rules(RuleExtractor),
    /// A language model and its tokenizer.
    Model(Box<(CausalLm, ChatTokenizer)>),
}

impl Extractor {
    /// The extractor in the form in which it is asked: a model gets its prompts
    /// in its chat template.
    #[must_use]
    pub(crate) fn ready(&self) -> Ready<'_> {
        let (model, tokenizer) = match self {
            Extractor::Rules(rules) => return Ready::Rules(rules),
            Extractor::Model(loaded) => (&loaded.0, &loaded.1),
        };
        let room = model.config().max_position_embeddings / 2;
        let extractor = LmExtractor::new(Generator { model, tokenizer })
            .template(|prompt| Ok(tokenizer.render(&[Utterance::user(prompt)], true)?))
            .max_bytes(PROMPT_BYTES.min(room));
        Ready::Model(extractor)
    }
}

/// An [`Extractor`] ready for use.
#[derive(Debug)]
pub(crate) enum Ready<'a> {
    /// Patterns.
    Rules(&'a RuleExtractor),
    /// A language model.
    Model(LmExtractor<'a, Generator<'a>>),
}

impl PersonaExtractor for Ready<'_> {
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError> {
        match self {
            Ready::Rules(rules) => rules.extract(utterances),
            Ready::Model(model) => model.extract(utterances),
        }
    }
}

impl Ready<'_> {
    /// The triples of each stack of sentences; a model is asked about a stack
    /// at once.
    ///
    /// # Errors
    /// The extractor's.
    pub(crate) fn extract_stacks(&self, stacks: &[&[&str]]) -> Result<Vec<Vec<Triple>>, BoxError> {
        match self {
            Ready::Rules(rules) => {
                let of_stack = |stack: &&[&str]| rules.extract(stack).map(|all| all.concat());
                stacks.iter().map(of_stack).collect()
            }
            Ready::Model(model) => {
                Ok(model.extract_stacks(stacks)?.into_iter().map(|p| p.triples).collect())
            }
        }
    }

    /// How much of a model's answers could be read; `None` for rules.
    #[must_use]
    pub(crate) fn tally(&self) -> Option<LmTally> {
        match self {
            Ready::Rules(_) => None,
            Ready::Model(model) => Some(model.tally()),
        }
    }
}

/// Reads the labelled sentences of a file in PersonaExt's form.
///
/// # Errors
/// A line that is none, unless `lenient`: then it is skipped and counted on
/// stderr.
pub(crate) fn samples(path: &Path, lenient: bool) -> Result<Vec<Sample>, BoxError> {
    let mut records = personaext::open(path)?.skipping(lenient);
    let sample = |found: Result<Statement, _>| {
        found.map(|Statement { sentence, triple }| Sample { sentence, triples: vec![triple] })
    };
    let samples = records.by_ref().map(sample).collect::<Result<Vec<_>, _>>()?;
    if records.tally().skipped > 0 {
        eprintln!("{}", records.tally());
    }
    if samples.is_empty() {
        return Err(format!("{}: there is no sample", path.display()).into());
    }
    Ok(samples)
}
