//! From a corpus to training data: targets, references and their order, and
//! for preference learning what else might have been said.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::corpus::{CorpusArgs, SidesArgs};
use crate::extractor::RowsArgs;
use crate::rejected::{Rejected, RejectedArgs};
use crate::{encoder, progress};
use clap::{Args, ValueEnum};
use idl::choice::ChoiceParams;
use idl::cluster::SpiParams;
use idl::conved::ConvEd;
use idl::corpora::{remove_dialogues_of, split_persons};
use idl::dialogue::{BoxError, Person, SentenceEncoder, SessionDistance};
use idl::draw::{key, stream};
use idl::learn::{QueryPoint, TrainingTarget, candidates, dpa_targets, msl_targets};
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::train::rows::{self, Dialogue};
use idl::train::{BuildStats, Conversation, PreferenceCorpus, Reference, RejectedSource};
use idl::{ConvEdDistance, Pipeline, Rule};
use rand::Rng;
use rand::seq::SliceRandom;

/// Writes what `train` learns from: JSONL, one reply a line, in TRL's
/// conversational formats with the person's sessions beside the prompt.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,

    /// `msl`: true replies; `dpoc`: with a rejected and a criterion reply;
    /// `extractor`: sentences and their persona triples, from `--samples`
    #[arg(long, value_enum)]
    stage: Stage,

    #[command(flatten)]
    rows: RowsArgs,

    /// Which sessions stand before a target
    #[arg(long, value_enum, default_value_t = References::Chosen)]
    references: References,

    /// From which reply on a dialogue is learnt; what stands before that reply
    /// chooses the sessions: opening, second, middle, last or every (one example
    /// a reply)
    #[arg(long, value_name = "REPLY", default_value_t = QueryPoint::default())]
    query: QueryPoint,

    #[command(flatten)]
    sides: SidesArgs,

    /// In which order: along the shortest path, or at random
    #[arg(long, value_enum, default_value_t = Order::Free)]
    order: Order,

    /// convED's scale of substitutions: the paper has 5, which with TF-IDF never
    /// substitutes
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    lambda: f64,

    /// `tfidf`, or a sentence-transformers folder
    #[arg(long, value_name = "tfidf|DIR", default_value = "tfidf")]
    encoder: PathBuf,

    /// A folder that keeps what the encoder of --encoder DIR has encoded, for
    /// other runs too
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,

    /// Leave out persons with fewer sessions
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_sessions: usize,

    /// Dialogues (extractor: rows) to write at most, drawn from all [default: all]
    #[arg(long, value_name = "N")]
    dialogues: Option<usize>,

    /// Where the dialogues of held-out persons, or held-out sentences, go
    #[arg(long, value_name = "FILE", requires = "eval_share")]
    eval: Option<PathBuf>,

    /// The share of the persons, or sentences, that is held out
    #[arg(long, value_name = "0..1", requires = "eval", allow_negative_numbers = true)]
    eval_share: Option<f64>,

    #[command(flatten)]
    rejected: RejectedArgs,

    /// Everything random follows from it
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  idl prepare --corpus embedded --stage msl > msl.jsonl
  idl prepare --corpus convai2 --split train --stage dpoc --dialogues 400 > dpoc.jsonl
  idl prepare --corpus parlai --data valid_self_original.txt --stage dpoc --rejected candidate > dpoc.jsonl
  idl prepare --corpus embedded --stage dpoc --rejected persona-blind --adapter out/msl > dpoc.jsonl
  idl prepare --corpus embedded --stage dpoc --rejected persona-blind --model llama-2-7b \
      --dtype bf16 --device cuda > dpoc.jsonl
  idl prepare --corpus embedded --stage msl --eval-share 0.2 --eval held-out.jsonl > msl.jsonl
  idl prepare --corpus jsonl --data chats.jsonl --stage msl --references random --order shuffled > random.jsonl
  idl prepare --corpus embedded --stage extractor --samples personaext.jsonl \\
      --eval-share 0.1 --eval held-out.jsonl > extractor.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    Msl,
    Dpoc,
    Extractor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum References {
    /// Those that most speaks for, by what has been said
    Chosen,
    /// Of the target's cluster those nearest to what has been said, as the paper has it
    Spi,
    /// As many at random
    Random,
    /// None
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    Free,
    Anchored,
    Greedy,
    Original,
    Shuffled,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), BoxError> {
    if arguments.references == References::Random && arguments.order != Order::Shuffled {
        return Err(
            "`--references random` goes with `--order shuffled`: drawn sessions are in no \
                    order"
                .into(),
        );
    }
    if arguments.stage != Stage::Dpoc && arguments.rejected.rejected != Rejected::Distractor {
        return Err("`--rejected` goes with `--stage dpoc`: no other stage has such replies".into());
    }
    let mut pool = arguments.rejected.load(&arguments.corpus)?;
    let corpus = arguments.corpus.load()?;
    if corpus.records.skipped > 0 {
        eprintln!("{}", corpus.records);
    }
    let mut persons = corpus.persons;
    let all = persons.len();
    persons.retain(|p| p.sessions.len() >= arguments.min_sessions);
    if persons.is_empty() && all > 0 {
        let least = arguments.min_sessions;
        return Err(format!("`--min-sessions {least}`: none of {all} persons has so many").into());
    }
    if arguments.stage == Stage::Extractor {
        let held_out = arguments.eval.as_deref().zip(arguments.eval_share);
        let (most, lenient) = (arguments.dialogues, arguments.corpus.lenient);
        return arguments.rows.write(&persons, held_out, most, arguments.seed, lenient);
    }
    let (learnt, held_out) = match arguments.eval_share {
        None => (persons, Vec::new()),
        Some(share) => {
            let mut parts = split_persons(persons, &[1.0 - share, share], arguments.seed)?;
            let held_out = parts.pop().unwrap_or_default();
            let mut learnt = parts.pop().unwrap_or_default();
            let removed = remove_dialogues_of(&mut learnt, &held_out);
            if removed > 0 {
                eprintln!(
                    "{removed} sessions of the others are left out: they are of dialogues with \
                     held-out persons"
                );
            }
            let removed = pool.without_lines_of(&held_out);
            if removed > 0 {
                eprintln!("{removed} candidates are left out: they are said in held-out dialogues");
            }
            (learnt, held_out)
        }
    };
    if let Some(share) = arguments.eval_share
        && (learnt.is_empty() || held_out.is_empty())
    {
        let (of, out) = (learnt.len() + held_out.len(), held_out.len());
        return Err(format!(
            "`--eval-share {share}`: {out} of {of} persons would be held out; persons are held out, \
             not dialogues"
        )
        .into());
    }
    // Now: persons are held out, not sides.
    let (learnt, held_out) = (
        arguments.sides.join(learnt, arguments.seed)?,
        arguments.sides.join(held_out, arguments.seed)?,
    );
    let generator = pool.generator();
    let encoder = encoder::open(&arguments.encoder, arguments.cache.as_deref())?;
    let spi = SpiParams::default().seed(arguments.seed);
    let conved = ConvEd::params().lambda(arguments.lambda).check()?;
    let distance = ConvEdDistance { conved, encoder: &*encoder };
    let maker = Maker {
        arguments: &arguments,
        encoder: &*encoder,
        spi: &spi,
        distance: &distance,
        rejected: pool.source(generator.as_ref()),
    };

    if let Some(path) = &arguments.eval {
        let file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
        maker.write("held out", &held_out, BufWriter::new(file))?;
    }
    maker.write("prepared", &learnt, io::stdout().lock())
}

struct Maker<'a> {
    arguments: &'a Arguments,
    encoder: &'a dyn SentenceEncoder,
    spi: &'a SpiParams,
    distance: &'a dyn SessionDistance,
    rejected: RejectedSource<'a>,
}

impl Maker<'_> {
    /// Writes the dialogues of `persons`, and says on stderr how many.
    fn write(&self, what: &str, persons: &[Person], mut out: impl Write) -> Result<(), BoxError> {
        let dialogues = self.dialogues(persons)?;
        if dialogues.is_empty() {
            return Err(format!("{what}: {}", nothing_to_learn(persons)).into());
        }
        for dialogue in &dialogues {
            rows::write(&mut out, dialogue)?;
        }
        out.flush()?;
        let replies: usize = dialogues.iter().map(|d| d.rows().len()).sum();
        let sessions: usize = dialogues.iter().map(|d| d.conversation.references.len()).sum();
        eprintln!(
            "{what}: {replies} replies of {} dialogues of {} persons, behind {:.1} sessions each",
            dialogues.len(),
            persons.len(),
            sessions as f64 / dialogues.len().max(1) as f64
        );
        Ok(())
    }

    fn dialogues(&self, persons: &[Person]) -> Result<Vec<Dialogue>, BoxError> {
        let policy = match self.arguments.order {
            Order::Free | Order::Shuffled => Policy::Free,
            Order::Anchored => Policy::Anchored,
            Order::Greedy => Policy::Greedy,
            Order::Original => Policy::Original,
        };
        let extractor = RuleExtractor::default();
        let pipeline = Pipeline {
            encoder: self.encoder,
            extractor: &extractor,
            rule: match self.arguments.references {
                References::Spi => Rule::Clusters(self.spi),
                _ => Rule::Evidence(ChoiceParams::default().check()?),
            },
            distance: self.distance,
            policy,
            references: 5,
        };
        let bar = progress::bar("sessions", persons.len() as u64);
        let point = self.arguments.query;
        let mut targets =
            msl_targets(persons, &pipeline, point, |done| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        let seed = self.arguments.seed;
        if let Some(most) = self.arguments.dialogues {
            let of = |t: &TrainingTarget| {
                let of = [persons[t.person].id.as_str(), t.conversation.id.as_str()];
                key(seed, "learnt dialogue", &of)
            };
            // Dialogues, not examples: of one dialogue there may be several.
            let mut keys: Vec<u64> = targets.iter().map(of).collect();
            keys.sort_unstable();
            keys.dedup();
            if let Some(&first) = keys.get(most) {
                targets.retain(|t| of(t) < first);
            }
            targets.sort_by_key(of);
        }
        for target in &mut targets {
            self.rearrange(target, &persons[target.person]);
        }
        let dialogue = |target: &TrainingTarget, alternatives| Dialogue {
            person: Some(persons[target.person].id.clone()),
            conversation: target.conversation.clone(),
            alternatives,
        };
        if self.arguments.stage != Stage::Dpoc {
            return Ok(targets.iter().map(|t| dialogue(t, Vec::new())).collect());
        }
        let corpus = PreferenceCorpus::new(persons, &extractor, self.encoder, seed)?
            .rejected_from(self.rejected);
        let mut coverage = BuildStats::default();
        let found = dpa_targets(&targets, &corpus, &mut coverage)?;
        let [inconsistency, fabrication, inversion] = coverage.built;
        eprintln!(
            "criteria: {inconsistency} inconsistency, {fabrication} fabrication, {inversion} \
             inversion; {} replies have none",
            coverage.without - coverage.without_rejected
        );
        eprintln!(
            "rejected: {}; {} replies have none",
            self.rejected.kind().as_str(),
            coverage.without_rejected
        );
        Ok(found.into_iter().map(|(t, alternatives)| dialogue(t, alternatives)).collect())
    }

    /// What an ablation does to a target's references. Each draw has a generator
    /// of its own: those of one target depend on no other.
    fn rearrange(&self, target: &mut TrainingTarget, person: &Person) {
        let Conversation { id, references, .. } = &mut target.conversation;
        let draw = |purpose| stream(self.arguments.seed, purpose, &[&person.id, id]);
        match self.arguments.references {
            References::Chosen | References::Spi => {}
            References::None => references.clear(),
            References::Random => {
                let itself = &person.sessions[target.session];
                let mut others = candidates(person, itself);
                let mut rng = draw("random references");
                others.shuffle(&mut rng);
                others.truncate(references.len());
                *references = others
                    .into_iter()
                    .map(|s| Reference {
                        messages: person.sessions[s].messages.clone(),
                        // None is nearer than another: the cut takes any.
                        distance: rng.r#gen(),
                    })
                    .collect();
            }
        }
        if self.arguments.order == Order::Shuffled {
            references.shuffle(&mut draw("order of references"));
        }
    }
}

/// Why no session of these persons is a dialogue to learn from.
fn nothing_to_learn(persons: &[Person]) -> String {
    let sessions = || persons.iter().flat_map(|p| p.sessions.iter().map(move |s| (p, s)));
    let silent = sessions().filter(|(_, s)| s.replies().next().is_none()).count();
    let alone = sessions().filter(|(p, s)| candidates(p, s).is_empty()).count();
    format!(
        "there is no dialogue to learn from: of {} sessions of {} persons {silent} have no reply to \
         a message, and {alone} no other dialogue of their person to stand behind (a copy is none)",
        sessions().count(),
        persons.len()
    )
}
