//! What adapters and models make of persons.

use std::path::{Path, PathBuf};

use crate::corpus::{CorpusArgs, SidesArgs};
use crate::lm::Dtype;
use crate::table::{System, Table};
use crate::trained_on::{Seen, TrainedOn, sentence};
use crate::{cli, encoder, lm, progress};
use clap::{Args, ValueEnum};
use idl::choice::ChoiceParams;
use idl::cluster::SpiParams;
use idl::conved::ConvEd;
use idl::dialogue::{BoxError, Person};
use idl::evaluate::{
    EvaluationConfig, EvaluationTarget, EvaluationTargets, LeftOut, References, evaluate,
    evaluation_targets,
};
use idl::learn::QueryPoint;
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::{ConvEdDistance, Pipeline, Rule};
use tch::Device;

/// Scores systems on persons: the likelihood of true replies behind the person's
/// own sessions, another person's and none, hits@1, and how true, criterion and
/// rejected replies are ordered; texts that stand verbatim in a prompt are left
/// out of the order and counted.
///
/// All systems see the same targets, references, distractors and other persons,
/// and every draw is its own: another ablation or budget leaves the others as
/// they are. Means are over persons, with 95 % t intervals over persons, and
/// comparisons have the paired t-test over persons. Targets that are too long are
/// left out of all systems, named on stderr and counted. From the run.json of the
/// systems' folders, and of the folders on top of which they were trained, the
/// table says whether any system was trained on any of the persons.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,

    /// A row of the table: a PEFT folder for the base, or a folder with a model
    /// of the same tokenizer; may be given several times, beside `base` itself
    #[arg(long = "system", value_name = "NAME=DIR", value_parser = named)]
    systems: Vec<(String, PathBuf)>,

    /// Rows of an earlier run on the same targets, as its --json wrote them; may
    /// be given several times. With no row of its own to score, a run prints
    /// their table
    #[arg(long = "with", value_name = "FILE")]
    with: Vec<PathBuf>,

    /// The system that those after it are compared with, person by person; rows
    /// of --with come first
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,

    /// The base, a Hugging Face folder [default: the embedded one]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,

    /// Leave out the row of the base itself
    #[arg(long)]
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

    /// From which reply on a target is scored; what stands before that reply
    /// chooses the sessions: opening, second, middle, last or every
    #[arg(long, value_name = "REPLY", default_value_t = QueryPoint::default())]
    query: QueryPoint,

    #[command(flatten)]
    sides: SidesArgs,

    /// convED's scale of substitutions: the paper has 5, which with TF-IDF never
    /// substitutes
    #[arg(long, default_value_t = 1.0)]
    lambda: f64,

    /// `tfidf`, or a sentence-transformers folder
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
  idl evaluate --corpus embedded --persons 4 --system MSL=out/msl
  idl evaluate --corpus convai2 --split valid --system random=out/random --system MSL=out/msl \\
      --system DPA=out/dpoc --baseline random --json scores.json
  idl evaluate --corpus convai2 --split valid --references random --system random=out/random
  idl evaluate --corpus convai2 --split valid --no-base --with a.json --with b.json --baseline MSL";

/// [`References`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// Those that most speaks for, by what has been said, along the shortest path
    Selected,
    /// The same in random order
    Shuffled,
    /// The nearest to what has been said by their persona texts alone, along the
    /// shortest path, as the paper has it
    Nearest,
    /// As many at random, in random order
    Random,
}

impl From<Choice> for References {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Selected | Choice::Nearest => References::Selected,
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

pub(crate) fn run(arguments: Arguments) -> Result<(), BoxError> {
    let earlier = arguments.earlier()?;
    let rows = arguments.rows(earlier.as_ref())?;
    let mut table = earlier.unwrap_or_default();
    table.baseline.clone_from(&arguments.baseline);
    if rows.is_empty() {
        return arguments.print(&table);
    }
    let base = arguments.model.clone().unwrap_or_else(lm::embedded_base);
    let tokenizer = lm::tokenizer(&base)?;
    let mut bench = Bench::open(&arguments, &base, &tokenizer)?;

    let corpus = arguments.corpus.load()?;
    if corpus.records.skipped > 0 {
        eprintln!("{}", corpus.records);
    }
    let mut persons = arguments.sides.join(corpus.persons, arguments.seed)?;
    persons.truncate(arguments.persons.unwrap_or(usize::MAX));
    let EvaluationTargets { targets, left_out } =
        arguments.choose(&persons, &tokenizer, bench.positions())?;
    for LeftOut { person, dialogue, reason } in &left_out {
        eprintln!("left out of all systems: {person}, {dialogue}: {}", cli::one_line(reason));
    }
    let has_target = |person: &usize| targets.iter().any(|t| t.person == *person);
    let scored: Vec<Person> =
        (0..persons.len()).filter(has_target).map(|person| persons[person].clone()).collect();
    let mut seen = Seen::new(&scored, &arguments.corpus, corpus.group);
    // Joined persons are nobody's names.
    seen.named &= arguments.sides.sides == 1;

    let next = Table {
        persons: format!("persons of {}", arguments.corpus.corpus.name()),
        targets: targets.len(),
        left_out: left_out.len(),
        replies: targets.iter().map(EvaluationTarget::replies).sum(),
        references: mean(targets.iter().map(|t| t.references)),
        systems: Vec::new(),
        baseline: arguments.baseline.clone(),
        settings: Some(arguments.settings()),
    };
    table.continue_as(next).map_err(|e| format!("--with: {e}"))?;
    for name in rows {
        let trained_on = arguments.trained_on(name, &base, &seen).and_then(|t| seen.overlap(&t));
        if trained_on.is_some_and(|n| n > 0) {
            eprintln!("{}", sentence(&[(name, trained_on)], scored.len()));
        }
        let model = bench.activate(name)?;
        let bar = progress::bar(&format!("scoring {name}"), targets.len() as u64);
        let scores = evaluate(model, &persons, &targets, |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        table.push(System { name: name.to_owned(), trained_on, scores })?;
        if let Some(path) = &arguments.json {
            table.save(path)?;
        }
    }
    arguments.print(&table)
}

impl Arguments {
    /// The rows of earlier runs, in one table.
    fn earlier(&self) -> Result<Option<Table>, BoxError> {
        let mut joined: Option<Table> = None;
        for path in &self.with {
            let table = Table::open(path)?;
            match &mut joined {
                None => joined = Some(table),
                Some(all) => all.join(table).map_err(|e| format!("{}: {e}", path.display()))?,
            }
        }
        Ok(joined)
    }

    /// The names of the rows that are to be scored: what clap cannot see is
    /// found out before anything is loaded.
    fn rows(&self, earlier: Option<&Table>) -> Result<Vec<&str>, BoxError> {
        let base = (!self.no_base).then_some(BASE);
        let mut rows: Vec<&str> = Vec::new();
        let known = |name: &str| earlier.is_some_and(|t| t.systems.iter().any(|s| s.name == name));
        for name in base.into_iter().chain(self.systems.iter().map(|(name, _)| name.as_str())) {
            if rows.contains(&name) || known(name) {
                let hint = if name == BASE { ": `--no-base` leaves this one out" } else { "" };
                return Err(format!("`--system {name}`: there are two of this name{hint}").into());
            }
            rows.push(name);
        }
        if rows.is_empty() && earlier.is_none() {
            return Err("`--no-base` leaves nothing to score: name a `--system`".into());
        }
        match self.baseline.as_deref() {
            Some(name) if !rows.contains(&name) && !known(name) => {
                Err(format!("`--baseline {name}`: there is no system of this name").into())
            }
            _ => Ok(rows),
        }
    }

    /// How targets and what stands in front of them are chosen: rows of other
    /// settings are not to be compared.
    fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "references": self.references.to_possible_value().map(|v| v.get_name().to_owned()),
            "query": self.query,
            "choice": ChoiceParams::default(),
            "sides": self.sides.sides,
            "sessions": self.sessions,
            "targets": self.targets,
            "encoder": self.encoder.file_name().map(|name| name.to_string_lossy()),
            "lambda": self.lambda,
            "max_tokens": self.max_tokens,
            "reserve": self.reserve,
            "seed": self.seed,
        })
    }

    fn print(&self, table: &Table) -> Result<(), BoxError> {
        cli::print_text(&if self.markdown { table.markdown() } else { table.text() })
    }

    /// The folder of a row.
    fn folder<'a>(&'a self, name: &str, base: &'a Path) -> &'a Path {
        let named = self.systems.iter().find(|(n, _)| n == name);
        named.map_or(base, |(_, dir)| dir.as_path())
    }

    /// Whom a row's system was trained on, the base under an adapter included:
    /// it need not be the one on which the adapter was trained.
    fn trained_on(&self, name: &str, base: &Path, seen: &Seen<'_>) -> Option<TrainedOn> {
        let dir = self.folder(name, base);
        let mut all = TrainedOn::of_folder(dir, seen)?;
        if dir.join("adapter_config.json").is_file() {
            all.merge(TrainedOn::of_folder(base, seen)?);
        }
        Some(all)
    }

    /// The targets, the same for all systems.
    fn choose(
        &self,
        persons: &[Person],
        tokenizer: &ChatTokenizer,
        positions: usize,
    ) -> Result<EvaluationTargets, BoxError> {
        if self.max_tokens > positions {
            return Err(format!(
                "`--max-tokens` is {}, but there are {positions} positions in a model",
                self.max_tokens
            )
            .into());
        }
        let encoder = encoder::open(&self.encoder, self.cache.as_deref())?;
        let extractor = RuleExtractor::default();
        let spi = SpiParams::default().seed(self.seed);
        let conved = ConvEd::params().lambda(self.lambda).check()?;
        let distance = ConvEdDistance { conved, encoder: &*encoder };
        let pipeline = Pipeline {
            encoder: &*encoder,
            extractor: &extractor,
            rule: match self.references {
                Choice::Nearest => Rule::Clusters(&spi),
                _ => Rule::Evidence(ChoiceParams::default().check()?),
            },
            distance: &distance,
            policy: Policy::Free,
            references: self.sessions,
        };
        let config = EvaluationConfig {
            targets: self.targets,
            max_tokens: self.max_tokens,
            reserve: self.reserve,
            positions,
            point: self.query,
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

    /// The positions that all models have.
    fn positions(&self) -> usize {
        let models = std::iter::once(&self.base).chain(self.models.iter().map(|(_, model)| model));
        models.map(|m| m.config().max_position_embeddings).min().unwrap_or(usize::MAX)
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
