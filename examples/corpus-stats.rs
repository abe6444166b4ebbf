//! Counts a corpus: dialogues, utterances, words, and persons by the number of
//! their sessions.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use idl_dialogue::{BoxError, Person};
use idl_examples::cli;
use idl_examples::corpus::CorpusArgs;
use serde::{Serialize, Serializer};

/// Counts a corpus and its persons; one JSON object on stdout.
#[derive(Debug, Parser)]
#[command(
    name = "corpus-stats",
    after_help = "Examples:
  corpus-stats --corpus embedded
  corpus-stats --corpus convai2 --data ../shared/data/convai2 --split valid --view self
  corpus-stats --corpus convai2 --group exact
  corpus-stats --corpus jsonl --data - < chats.jsonl"
)]
struct Arguments {
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
    /// The sessions that the dialogues give.
    views: usize,
    utterances: usize,
    words: usize,
    /// All persons that profiles tell apart.
    persons_in_all: usize,
    /// Those of them who have a session.
    persons: usize,
    persons_with_at_least: AtLeast,
}

/// The number of persons with at least k sessions, by k.
#[derive(Debug)]
struct AtLeast([(usize, usize); 6]);

impl AtLeast {
    fn of(persons: &[Person]) -> Self {
        let with = |k| persons.iter().filter(|person| person.sessions.len() >= k).count();
        AtLeast([1, 2, 3, 5, 6, 10].map(|k| (k, with(k))))
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
        corpus: name(arguments.corpus.corpus).unwrap_or_default(),
        split: corpus.split,
        view: corpus.view.and_then(name),
        group: corpus.group.to_string(),
        dialogues: corpus.dialogues,
        views: corpus.persons.iter().map(|person| person.sessions.len()).sum(),
        utterances: corpus.utterances,
        words: corpus.words,
        persons_in_all: corpus.persons_in_all,
        persons: corpus.persons.len(),
        persons_with_at_least: AtLeast::of(&corpus.persons),
    })
}

fn main() -> ExitCode {
    cli::run(|arguments: Arguments| cli::print_json(&stats(&arguments)?))
}
