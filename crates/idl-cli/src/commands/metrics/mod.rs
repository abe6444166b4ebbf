//! Measures replies: BLEU, ROUGE-L, F1, Distinct, closeness to the person's
//! history and, with models, consistency with a persona, each with its signature
//! and with what one gets for nothing.

mod chance;
mod encoder;
mod input;
mod measures;
mod models;
mod nli;
mod panel;
mod report;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::cli;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use idl::metrics::intervals::{Intervals, Method};
use idl::metrics::text::{Lengths, Tokenizer};
use idl_dialogue::BoxError;
use idl_encoder::{EncoderOptions, SentenceTransformer};
use idl_rust_bert::NliClassifier;

use chance::Chance;
use encoder::Encoder;
use input::{Line, as_strs, lines};
use measures::{Compat, Measure, Reply, Settings, measures};
use models::Models;
use nli::Judge;
use panel::Panel;
use report::Counted;

/// How many lines are read before the models see them.
const BATCH: usize = 256;

/// Measures replies against references, and against what the person said.
///
/// Each input line is `{"hypothesis": text, "references": [text, ..]}`, and may
/// have `"history": [text, ..]` (earlier replies of the person), `"persona":
/// [text, ..]`, `"query": text` (the partner's utterance before the reply) and
/// `"person": text` (in every line or in none). The output is one object: name
/// -> `{"value", "signature", "replies", "interval", "chance", "baseline"}`. A
/// value is null, with the reason under "n/a", where something is missing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl metrics --input replies.jsonl --compat released,clv
  idl metrics --input ours.jsonl --baseline theirs.jsonl | python3 -m json.tool
  idl metrics --encoder models/all-MiniLM-L6-v2 --no-chance < replies.jsonl
  idl metrics --nli models/nli-roberta-base < replies.jsonl
  echo '{\"hypothesis\": \"i bake\", \"references\": [\"i bake bread\"]}' | idl metrics

Scale: BLEU 0 to 100, lengths in tokens, p-cover in nats, c-score-sum between
minus and plus the number of persona sentences, c-score-max -1 to 1, the others 0
to 1.

--nli asks of each `persona` sentence (the premise) whether it entails the reply,
+1, or contradicts it, -1: c-score-sum and c-score-max are the mean over replies of
the sum and of the largest, coh is the share of pairs that are not contradicted,
con of those that are entailed. A reply that says nothing contradicts nothing: its
coh is near 1, as the row `constant` shows.

Chance rows stand beside every value: the true reply of a random other line, the
same of the same `person`, the `query` said back, and one constant sentence.
What a row scores is not worth claiming.

Intervals are over persons, and there are none without `person`, for one, or for
persons who do not differ: Student's t with the standard error that leaving out
each person once gives, or a studentised bootstrap, which has none over very few
persons or very few different values, either. A comparison with --baseline is
over persons, or lines where there is no `person`; its p_value is of the same t,
its t_test takes the mean of each person or line.

Memory: what is averaged takes none. Chance rows keep all lines; `length` a number
for each, for the quantiles; --baseline without `person` counts for each; distinct-1
and distinct-2 every different word and pair of words; --encoder with chance rows an
embedding of each text, --nli each pair. --no-chance leaves little but that of
Distinct.")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    /// The replies of another system to the same lines, to compare with
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Published evaluations to reproduce as well, bugs and all
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    compat: Vec<Compat>,

    /// A sentence-transformers folder, for p-co
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,

    /// A BERT or RoBERTa classifier's folder whose labels are
    /// entailment, neutral and contradiction, for c-score-*, coh and con
    #[arg(long, value_name = "DIR")]
    nli: Option<PathBuf>,

    /// How text becomes words for BLEU, Distinct, lengths and p-*; ROUGE-L and
    /// word F1 have their own ways
    #[arg(long, value_enum, default_value = "13a")]
    tokenizer: TokenizerName,

    /// Make text lower case for BLEU; the others do anyway
    #[arg(long)]
    lowercase: bool,

    /// Leave out function words for p-f1 and p-cover
    #[arg(long)]
    remove_stop_words: bool,

    /// The reply of the row `constant`
    #[arg(long, default_value = "i am doing well , how are you ?", value_name = "TEXT")]
    constant: String,

    /// Leave out the chance rows and keep no line
    #[arg(long)]
    no_chance: bool,

    /// How intervals are found
    #[arg(long, value_enum, default_value = "t")]
    interval: IntervalName,

    /// How often `--interval studentised` draws persons; each time it leaves out
    /// each of them once
    #[arg(long, default_value_t = 1_000, value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    resamples: usize,

    /// The level of intervals
    #[arg(long, default_value_t = 0.95, value_name = "X", value_parser = level)]
    level: f64,

    /// The seed of chance rows and of `--interval studentised`
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// [`Method`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum IntervalName {
    /// Student's t
    T,
    /// The studentised bootstrap, for skewed numbers; slow with many persons
    Studentised,
}

/// [`Tokenizer`] on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TokenizerName {
    /// mteval-v13a's, as in sacreBLEU
    #[value(name = "13a")]
    V13a,
    /// At spaces only, for text that is tokenised
    None,
    /// Every character
    Char,
}

impl From<TokenizerName> for Tokenizer {
    fn from(name: TokenizerName) -> Self {
        match name {
            TokenizerName::V13a => Tokenizer::V13a,
            TokenizerName::None => Tokenizer::None,
            TokenizerName::Char => Tokenizer::Char,
        }
    }
}

fn level(text: &str) -> Result<f64, String> {
    let level = text.parse().ok().filter(|level| (0.0..1.0).contains(level) && *level > 0.0);
    level.ok_or_else(|| String::from("expected a number between 0 and 1"))
}

/// The numbers of persons in the order of their first reply, or of replies.
#[derive(Default)]
struct Units {
    numbers: HashMap<String, usize>,
    lines: usize,
    /// Whether lines name their person; the first decides.
    named: Option<bool>,
}

impl Units {
    fn of(&mut self, line: &Line) -> Result<usize, BoxError> {
        let named = *self.named.get_or_insert(line.person.is_some());
        let number = self.lines;
        self.lines += 1;
        match &line.person {
            Some(person) if named => {
                let next = self.numbers.len();
                Ok(*self.numbers.entry(person.clone()).or_insert(next))
            }
            None if !named => Ok(number),
            given => {
                let found = if given.is_some() { "it here only" } else { "nothing here" };
                Err(line.place.field("person", "a string in every line or in none", found))
            }
        }
    }

    fn name(&self) -> &'static str {
        if self.named == Some(true) { "person" } else { "reply" }
    }
}

/// The next lines of the system and, where there is one, of the baseline.
fn batch(
    input: &mut dyn Iterator<Item = Result<Line, BoxError>>,
    baseline: &mut Option<impl Iterator<Item = Result<Line, BoxError>>>,
) -> Result<(Vec<Line>, Vec<Line>), BoxError> {
    let (mut ours, mut theirs) = (Vec::with_capacity(BATCH), Vec::new());
    while ours.len() < BATCH {
        let line = input.next().transpose()?;
        let other = baseline.as_mut().and_then(Iterator::next).transpose()?;
        match (line, other) {
            (None, None) => break,
            (None, Some(other)) => return Err(other.place.error("--input has no such line")),
            (Some(line), None) if baseline.is_some() => {
                return Err(line.place.error("--baseline has no such line"));
            }
            (Some(line), other) => {
                if let Some(other) = other {
                    other.must_match(&line)?;
                    theirs.push(other);
                }
                ours.push(line);
            }
        }
    }
    Ok((ours, theirs))
}

/// Adds lines to a panel; `units` has a number for each, or is empty.
fn count(
    panel: &mut Panel,
    measures: &[Measure],
    lines: &[Line],
    units: &[usize],
    models: &mut Models,
) -> Result<(), BoxError> {
    let replies: Vec<_> = lines.iter().map(|line| (line, line.hypothesis.as_str())).collect();
    let opinions = models.opinions(&replies)?;
    for (i, (line, opinion)) in lines.iter().zip(&opinions).enumerate() {
        let (references, history) = (as_strs(&line.references), as_strs(&line.history));
        let (references, history) = (&references[..], &history[..]);
        let reply = Reply { hypothesis: &line.hypothesis, references, history, opinion };
        let added = panel.add(measures, &reply, units.get(i).copied());
        added.map_err(|error| line.place.error(error))?;
    }
    Ok(())
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let stdin = Path::new("-");
    if arguments.input == stdin && arguments.baseline.as_deref() == Some(stdin) {
        return Err("`--input -` and `--baseline -`: there is one stdin".into());
    }
    let mut models = Models::default();
    if let Some(dir) = &arguments.encoder {
        let model = SentenceTransformer::from_dir(dir, EncoderOptions::default())?;
        models.encoder = Some(Encoder::new(Box::new(model)));
    }
    if let Some(dir) = &arguments.nli {
        let model = NliClassifier::from_dir(dir, EncoderOptions::default())?;
        models.judge = Some(Judge::new(Box::new(model)));
    }
    let settings = Settings {
        tokenizer: arguments.tokenizer.into(),
        lowercase: arguments.lowercase,
        remove_stop_words: arguments.remove_stop_words,
        compat: arguments.compat.clone(),
        encoder: models.encoder.as_ref().map(|encoder| encoder.name().to_owned()),
    };
    let measures = measures(&settings)?;
    let mut system = Panel::new(&measures, settings.bleu())?;
    let mut other = match arguments.baseline {
        None => None,
        Some(_) => Some(Panel::new(&measures, settings.bleu())?),
    };
    let (mut chance, mut units, mut lengths) =
        (Chance::default(), Units::default(), Lengths::default());

    let mut input = lines(&arguments.input)?;
    let mut baseline = arguments.baseline.as_deref().map(lines).transpose()?;
    loop {
        let (ours, theirs) = batch(&mut input, &mut baseline)?;
        if ours.is_empty() {
            break;
        }
        let mut numbers = ours.iter().map(|line| units.of(line)).collect::<Result<Vec<_>, _>>()?;
        if other.is_none() && units.named == Some(false) {
            numbers.clear(); // nothing is compared reply by reply
        }
        count(&mut system, &measures, &ours, &numbers, &mut models)?;
        if let Some(other) = &mut other {
            count(other, &measures, &theirs, &numbers, &mut models)?;
        }
        for line in ours {
            lengths.add(settings.tokenizer.tokens(&line.references[0]).len());
            if !arguments.no_chance {
                chance.keep(line);
            }
        }
        if arguments.no_chance {
            models.forget();
        }
    }

    let (bleu, constant, seed) = (settings.bleu(), &arguments.constant, arguments.seed);
    let rows = chance.rows(&measures, bleu, constant, seed, &mut models)?;
    let Arguments { resamples, level, .. } = *arguments;
    let method = match arguments.interval {
        IntervalName::T => Method::T,
        IntervalName::Studentised => Method::StudentisedBootstrap { resamples, seed },
    };
    let counted = Counted {
        measures: &measures,
        system: &system,
        baseline: other.as_ref(),
        chance: &rows,
        references: lengths.stats(),
        unit: units.name(),
        nli: models.judge.as_ref().map(Judge::name),
        intervals: Intervals { method, level },
    };
    cli::print_json(&counted.report()?)
}
