//! Persons of several sides: which sessions are of the right one.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use idl::choice::{Reader, SessionBank};
use idl::draw::{key, stream};
use idl::learn::QueryPoint;
use idl::persona_ext::RuleExtractor;
use idl::store::Record;
use idl_dialogue::{BoxError, Person, Session};
use rand::seq::SliceRandom;

use super::probe::{ChoiceArgs, Probe};
use super::report;
use crate::corpus::CorpusArgs;
use crate::{encoder, progress};

/// The share of the right side among the chosen, on persons of several sides.
///
/// --sides persons of the corpus are joined into one; each person is the side that
/// asks once, in --targets dialogues: with what is said before a reply (--query),
/// of the first of those that one choice serves. Records of the dialogue itself are
/// no candidates. Persons stand in a ring, each joined with those behind: neighbours
/// share candidates, which the interval over persons does not know.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,

    #[command(flatten)]
    choice: ChoiceArgs,

    /// Persons who are joined into one
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = RangedU64ValueParser::<usize>::new().range(2..))]
    sides: usize,

    /// What is said before which reply asks: opening, second, middle or last
    #[arg(long, value_name = "REPLY", default_value_t = QueryPoint::default())]
    query: QueryPoint,

    /// Dialogues of each person that ask
    #[arg(long, value_name = "N", default_value_t = 2)]
    targets: usize,

    /// Leave out persons with fewer sessions
    #[arg(long, value_name = "N", default_value_t = 2)]
    min_sessions: usize,

    /// Persons who ask, drawn by --seed [default: all]
    #[arg(long, value_name = "N")]
    persons: Option<usize>,

    /// Who is joined with whom, and which dialogues ask
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// A joined person, and who of them asks.
struct Joined {
    bank: SessionBank,
    /// The side and its session at each place of the bank.
    places: Vec<(usize, usize)>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    if arguments.query == QueryPoint::Every {
        return Err("`--query every` asks at every reply: name one point".into());
    }
    let corpus = arguments.corpus.load()?;
    if corpus.records.skipped > 0 {
        eprintln!("{}", corpus.records);
    }
    let mut persons = corpus.persons;
    persons.retain(|person| person.sessions.len() >= arguments.min_sessions);
    persons.shuffle(&mut stream(arguments.seed, "who is joined with whom", &[]));
    persons.truncate(arguments.persons.unwrap_or(usize::MAX));
    if persons.len() < arguments.sides {
        let (sides, found) = (arguments.sides, persons.len());
        return Err(format!("`--sides {sides}`: there are {found} persons").into());
    }
    let encoder = encoder::open(&arguments.choice.encoder, arguments.choice.cache.as_deref())?;
    let extractor = RuleExtractor::default();
    let ask = arguments.choice.params()?.ask;
    let reader = Reader { encoder: &*encoder, extractor: &extractor, ask };
    let bar = progress::bar("reading persons", persons.len() as u64);
    let mut records = Vec::new();
    for person in &persons {
        let sessions: Vec<&Session> = person.sessions.iter().collect();
        records.push(reader.records(&sessions)?);
        bar.set_position(records.len() as u64);
    }
    bar.finish_and_clear();
    let joined = (0..persons.len())
        .map(|first| join(&records, first, arguments.sides))
        .collect::<Result<Vec<Joined>, _>>()?;
    let mut probes = Vec::new();
    for (asking, joined) in joined.iter().enumerate() {
        for target in targets(&persons[asking], arguments) {
            let context = arguments
                .query
                .parts(target)
                .first()
                .and_then(|part| target.messages.get(..*part.first()?));
            let Some(query) = reader.query(context.unwrap_or_default())? else { continue };
            let session = |&(side, session): &(usize, usize)| &persons[side].sessions[session];
            let is_free = |s: &Session| s.id != target.id && !s.same_dialogue(target);
            probes.push(Probe {
                bank: &joined.bank,
                candidates: (0..joined.places.len())
                    .filter(|&place| is_free(session(&joined.places[place])))
                    .collect(),
                query,
                right: joined.places.iter().map(|&(side, _)| side == asking).collect(),
                unit: asking,
                recall: false,
            });
        }
    }
    let settings = serde_json::json!({
        "query": arguments.query, "ask": arguments.choice.ask, "sides": arguments.sides,
        "sessions": arguments.choice.sessions, "seed": arguments.seed,
    });
    report::print("sides", settings, encoder.name(), &arguments.choice, &probes)
}

/// The person at `first` and those behind, in a ring.
fn join(records: &[Vec<Record>], first: usize, sides: usize) -> Result<Joined, BoxError> {
    let (mut bank, mut places) = (SessionBank::new(), Vec::new());
    for step in 0..sides {
        let side = (first + step) % records.len();
        for (session, record) in records[side].iter().enumerate() {
            let id = format!("{side}/{session}");
            bank.add(Record { id, ..record.clone() })?;
            places.push((side, session));
        }
    }
    Ok(Joined { bank, places })
}

/// The dialogues of a person that ask.
fn targets<'p>(person: &'p Person, arguments: &Arguments) -> Vec<&'p Session> {
    let mut sessions: Vec<&Session> =
        person.sessions.iter().filter(|s| s.replies().count() > 1).collect();
    sessions.sort_by_key(|s| key(arguments.seed, "asking dialogue", &[&person.id, &s.id]));
    sessions.truncate(arguments.targets);
    sessions
}
