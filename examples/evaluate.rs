//! What adapters and models make of persons they were not trained on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use idl::cluster::SpiParams;
use idl::conved::ConvEd;
use idl::dialogue::{BoxError, Person, SentenceEncoder, TfIdfEncoder};
use idl::evaluate::{EvaluationConfig, EvaluationTarget, References, evaluate, evaluation_targets};
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{ConvEdDistance, Pipeline};
use idl_examples::corpus::CorpusArgs;
use idl_examples::lm::Dtype;
use idl_examples::table::{System, Table};
use idl_examples::{cli, encoder, lm, progress};
use tch::Device;

/// Scores systems on persons that they were not trained on: the likelihood of
/// true replies behind the person's own sessions, another person's and none,
/// hits@1, and how true, criterion and distractor replies are ordered.
///
/// All systems see the same targets, references, distractors and other persons.
/// Means are over persons, with 95 % bootstrap intervals over persons.
#[derive(Debug, Parser)]
#[command(name = "evaluate", after_help = EXAMPLES)]
struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,

    /// A row of the table: a PEFT folder for the base, or a folder with a model
    /// of the same tokenizer; may be given several times, beside `base` itself
    #[arg(long = "system", value_name = "NAME=DIR", value_parser = named)]
    systems: Vec<(String, PathBuf)>,

    /// The system that those after it are compared with, person by person
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,

    /// The base, a Hugging Face folder [default: the embedded one]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,

    /// Leave out the row of the base itself
    #[arg(long, requires = "systems")]
    no_base: bool,

    /// The precision of the weights
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,

    /// cpu, cuda, or cuda:N
    #[arg(long, default_value = "cpu", value_parser = lm::device)]
    device: Device,

    /// Persons to score, the first ones [default: all]
    #[arg(long, value_name = "N")]
    persons: Option<usize>,

    /// Target dialogues of each person
    #[arg(long, value_name = "N", default_value_t = 2)]
    targets: usize,

    /// Sessions in front of a target
    #[arg(long, value_name = "N", default_value_t = 5)]
    sessions: usize,

    /// Which sessions stand in front of a target, own and other alike
    #[arg(long, value_enum, default_value = "selected")]
    references: Choice,

    /// convED's scale of substitutions: the paper has 5, which with TF-IDF never
    /// substitutes
    #[arg(long, default_value_t = 1.0)]
    lambda: f64,

    /// `tfidf` (every word weighs the same), or a sentence-transformers folder
    #[arg(long, value_name = "tfidf|DIR", default_value = "tfidf")]
    encoder: PathBuf,

    /// A folder that keeps what the encoder of --encoder DIR has encoded, for
    /// other runs too
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,

    /// The most tokens of sessions and dialogue together
    #[arg(long, value_name = "N", default_value_t = 1792)]
    max_tokens: usize,

    /// Those of them kept free for what follows the opening of the dialogue
    #[arg(long, value_name = "N", default_value_t = 320)]
    reserve: usize,

    /// Which targets, distractors and other persons
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Where the scores of every person go, after each system
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Print Markdown
    #[arg(long)]
    markdown: bool,
}

const EXAMPLES: &str = "\
Examples:
  evaluate --corpus embedded --persons 4 --system MSL=out/msl
  evaluate --corpus convai2 --split valid --system random=out/random --system MSL=out/msl \\
      --system DPA=out/dpoc --baseline random --json scores.json
  evaluate --corpus convai2 --split valid --references random --system random=out/random";

/// [`References`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// The nearest to the context, along the shortest path
    Selected,
    /// The nearest to the context, in random order
    Shuffled,
    /// As many at random, in random order
    Random,
}

impl From<Choice> for References {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Selected => References::Selected,
            Choice::Shuffled => References::Shuffled,
            Choice::Random => References::Random,
        }
    }
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, dir)) if !name.is_empty() && !dir.is_empty() && name != BASE => {
            Ok((name.to_owned(), PathBuf::from(dir)))
        }
        Some((BASE, _)) => Err("`base` is the base itself: take another name".to_owned()),
        _ => Err("expected NAME=DIR".to_owned()),
    }
}

/// The row of the base without an adapter.
const BASE: &str = "base";

fn main() -> ExitCode {
    cli::run(run)
}

fn run(arguments: Arguments) -> Result<(), BoxError> {
    arguments.check()?;
    let base = arguments.model.clone().unwrap_or_else(lm::embedded_base);
    let tokenizer = lm::tokenizer(&base)?;
    let mut bench = Bench::open(&arguments, &base, &tokenizer)?;

    let corpus = arguments.corpus.load()?;
    if corpus.records.skipped > 0 {
        eprintln!("{}", corpus.records);
    }
    let mut persons = corpus.persons;
    persons.truncate(arguments.persons.unwrap_or(usize::MAX));
    let targets = arguments.choose(&persons, &tokenizer)?;

    let mut table = Table {
        persons: format!("persons of {}", arguments.corpus.corpus.name()),
        targets: targets.len(),
        replies: targets.iter().map(EvaluationTarget::replies).sum(),
        references: mean(targets.iter().map(|t| t.references)),
        systems: Vec::new(),
        baseline: arguments.baseline.clone(),
    };
    let base = (!arguments.no_base).then_some(BASE);
    for name in base.into_iter().chain(arguments.systems.iter().map(|(n, _)| n.as_str())) {
        let model = bench.activate(name)?;
        let bar = progress::bar(&format!("scoring {name}"), targets.len() as u64);
        let scores = evaluate(model, &persons, &targets, |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        table.systems.push(System { name: name.to_owned(), scores });
        if let Some(path) = &arguments.json {
            table.save(path)?;
        }
    }
    let text = if arguments.markdown { table.markdown() } else { table.text() };
    cli::print_text(&text)
}

impl Arguments {
    /// What clap cannot see, before anything is loaded.
    fn check(&self) -> Result<(), BoxError> {
        for (i, (name, _)) in self.systems.iter().enumerate() {
            if self.systems[..i].iter().any(|(other, _)| other == name) {
                return Err(format!("`--system {name}`: there are two of this name").into());
            }
        }
        if let Some(baseline) = &self.baseline
            && (baseline != BASE || self.no_base)
            && !self.systems.iter().any(|(name, _)| name == baseline)
        {
            return Err(format!("`--baseline {baseline}`: there is no system of this name").into());
        }
        Ok(())
    }

    /// The targets, the same for all systems.
    fn choose(
        &self,
        persons: &[Person],
        tokenizer: &ChatTokenizer,
    ) -> Result<Vec<EvaluationTarget>, BoxError> {
        // Not fitted: the words of replies to be predicted are not counted.
        let encoder: Box<dyn SentenceEncoder> = if self.encoder == Path::new("tfidf") {
            Box::new(TfIdfEncoder::default())
        } else {
            encoder::open(&self.encoder, self.cache.as_deref())?
        };
        let extractor = RuleExtractor::default();
        let spi = SpiParams::default().seed(self.seed);
        let conved = ConvEd::params().lambda(self.lambda).check()?;
        let distance = ConvEdDistance { conved, encoder: &*encoder };
        let pipeline = Pipeline {
            encoder: &*encoder,
            extractor: &extractor,
            spi: &spi,
            distance: &distance,
            policy: Policy::Free,
            references: self.sessions,
        };
        let config = EvaluationConfig {
            targets: self.targets,
            max_tokens: self.max_tokens,
            reserve: self.reserve,
            references: self.references.into(),
            seed: self.seed,
            ..EvaluationConfig::default()
        };
        eprintln!("choosing sessions for {} persons", persons.len());
        Ok(evaluation_targets(persons, &pipeline, tokenizer, &config)?)
    }
}

/// The base with all adapters, and the models beside it.
struct Bench {
    base: CausalLm,
    models: Vec<(String, CausalLm)>,
}

impl Bench {
    /// Loads everything first: a folder that is wrong is seen before hours of
    /// scoring.
    fn open(
        arguments: &Arguments,
        base: &Path,
        tokenizer: &ChatTokenizer,
    ) -> Result<Self, BoxError> {
        let options = LoadOptions { device: arguments.device, kind: arguments.dtype.kind() };
        let load = |dir: &Path| -> Result<CausalLm, BoxError> {
            let model = CausalLm::from_dir(dir, options)?;
            model.check_tokenizer(tokenizer)?;
            Ok(model)
        };
        let mut bench = Bench { base: load(base)?, models: Vec::new() };
        for (name, dir) in &arguments.systems {
            if dir.join("adapter_config.json").is_file() {
                bench.base.load_adapter(name, dir)?;
                continue;
            }
            if !dir.join("config.json").is_file() {
                return Err(format!(
                    "{}: neither an adapter_config.json nor a config.json is in it",
                    dir.display()
                )
                .into());
            }
            let vocabulary = |dir: &Path| {
                let path = dir.join("tokenizer.json");
                std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))
            };
            if vocabulary(dir)? != vocabulary(base)? {
                return Err(format!(
                    "{}: its tokenizer.json is not the base's: NLL a token cannot be compared",
                    dir.display()
                )
                .into());
            }
            bench.models.push((name.clone(), load(dir)?));
        }
        Ok(bench)
    }

    /// The model of a row, with its adapter active.
    fn activate(&mut self, name: &str) -> Result<&CausalLm, BoxError> {
        if let Some((_, model)) = self.models.iter().find(|(n, _)| n == name) {
            return Ok(model);
        }
        self.base.set_active((name != BASE).then_some(name))?;
        Ok(&self.base)
    }
}

fn mean(counts: impl ExactSizeIterator<Item = usize>) -> f64 {
    let n = counts.len().max(1) as f64;
    counts.sum::<usize>() as f64 / n
}
