//! Counts a corpus: dialogues, utterances, words, and persons by the number of
//! their sessions.

use crate::cli;
use crate::corpus::CorpusArgs;
use clap::{Args, ValueEnum};
use idl_corpora::Tally;
use idl_dialogue::{BoxError, Person};
use serde::{Serialize, Serializer};

/// Counts a corpus and its persons; one JSON object on stdout.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl corpus-stats --corpus embedded
  idl corpus-stats --corpus convai2 --data ../shared/data/convai2 --split valid --view self
  idl corpus-stats --corpus convai2 --group exact
  idl corpus-stats --corpus parlai --data valid_self_original.txt
  idl corpus-stats --corpus cornell --data ../shared/data/cornell --min-utterances 4
  idl corpus-stats --corpus light --view both
  idl corpus-stats --corpus jsonl --lenient --data - < chats.jsonl")]
pub(crate) struct Arguments {
    #[command(flatten)]
    corpus: CorpusArgs,
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Stats {
    corpus: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    view: Option<String>,
    group: String,
    dialogues: usize,
    /// Those that were left out for having fewer utterances than asked for.
    #[serde(skip_serializing_if = "is_zero")]
    short: usize,
    /// Those that were left out because lines of theirs are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<usize>,
    /// The sessions that the dialogues give.
    views: usize,
    utterances: usize,
    words: usize,
    /// All persons that the corpus knows of.
    persons_in_all: usize,
    /// Those of them who have a session.
    persons: usize,
    persons_with_at_least: AtLeast,
    /// With `--lenient`: what was read and what was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Tally>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// The number of persons with at least k sessions, by k.
#[derive(Debug)]
struct AtLeast([(usize, usize); 7]);

impl AtLeast {
    fn of(persons: &[Person]) -> Self {
        let with = |k| persons.iter().filter(|person| person.sessions.len() >= k).count();
        AtLeast([1, 2, 3, 5, 6, 10, 20].map(|k| (k, with(k))))
    }
}

impl Serialize for AtLeast {
    /// An object whose keys ascend as numbers do.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

/// The name that stands for a value on the command line.
fn name(value: impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

fn stats(arguments: &Arguments) -> Result<Stats, BoxError> {
    let corpus = arguments.corpus.load()?;
    Ok(Stats {
        corpus: arguments.corpus.corpus.name(),
        split: corpus.split,
        view: corpus.view.and_then(name),
        group: corpus.group.to_string(),
        dialogues: corpus.dialogues,
        short: corpus.short,
        incomplete: corpus.incomplete,
        views: corpus.persons.iter().map(|person| person.sessions.len()).sum(),
        utterances: corpus.utterances,
        words: corpus.words,
        persons_in_all: corpus.persons_in_all,
        persons: corpus.persons.len(),
        persons_with_at_least: AtLeast::of(&corpus.persons),
        records: arguments.corpus.lenient.then_some(corpus.records),
    })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    cli::print_json(&stats(arguments)?)
}
