//! Which corpus, and what is read of it.

use std::env;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use idl_corpora::Tally;
use idl_corpora::cornell::Encoding;
use idl_dialogue::Person;

use super::group::Group;

/// A corpus that the programs can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CorpusKind {
    /// A folder with ConvAI2's dialogues_both.jsonl
    Convai2,
    /// A file of ParlAI's text, such as valid_self_original.txt
    Parlai,
    /// A folder with the Cornell Movie-Dialogs Corpus
    Cornell,
    /// LIGHT in ParlAI's YAML: a file, or a folder of them
    Light,
    /// Preference data in the form of the method's authors
    Dpoc,
    /// Chat JSONL: {"messages", "id"?, "person"?, "profile"?} on each line
    Jsonl,
    /// The invented people inside the program
    Embedded,
}

impl CorpusKind {
    /// The name on the command line.
    #[must_use]
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Which speakers of a dialogue are persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// The one whom ParlAI calls "self", in ConvAI2 the second speaker
    #[value(name = "self")]
    SelfOnly,
    /// Each speaker in turn
    Both,
}

/// How bytes stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextEncoding {
    /// UTF-8
    #[value(name = "utf-8")]
    Utf8,
    /// ISO 8859-1, in which the corpus was published
    #[value(name = "latin-1")]
    Latin1,
}

impl From<TextEncoding> for Encoding {
    fn from(encoding: TextEncoding) -> Self {
        match encoding {
            TextEncoding::Utf8 => Encoding::Utf8,
            TextEncoding::Latin1 => Encoding::Latin1,
        }
    }
}

/// The options that choose a corpus.
#[derive(Clone, Debug, Args)]
pub(crate) struct CorpusArgs {
    /// What to read
    #[arg(long, value_enum)]
    pub corpus: CorpusKind,

    /// Where it is: convai2, cornell and light a folder (convai2 and light also
    /// a file), by default the one of this name in $IDL_DATA or ../shared/data;
    /// parlai, dpoc and jsonl a file, or - for stdin
    #[arg(long, value_name = "DIR|FILE")]
    pub data: Option<PathBuf>,

    /// convai2: train or valid; cornell: train, test (the films to keep out of
    /// training) or all [default: train]
    #[arg(long)]
    pub split: Option<String>,

    /// Whose sessions a dialogue gives [default: both for convai2, self for
    /// light, whose files have each dialogue once for each speaker]
    #[arg(long, value_enum)]
    pub view: Option<View>,

    /// Who is who: exact, shared:N, character or id [default: shared:3 for
    /// convai2, parlai and dpoc, character for cornell and light, else id]
    #[arg(long)]
    pub group: Option<Group>,

    /// Leave out dialogues of fewer utterances
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub min_utterances: usize,

    /// cornell: the encoding of movie_lines.txt [default: utf-8]
    #[arg(long, value_enum)]
    pub encoding: Option<TextEncoding>,

    /// Skip records that are wrong, and count them, instead of stopping at the
    /// first
    #[arg(long)]
    pub lenient: bool,
}

/// A corpus in memory.
#[derive(Clone, Debug)]
pub(crate) struct Corpus {
    /// The split it was taken from, where it has some.
    pub split: Option<String>,
    /// The view, where dialogues have several.
    pub view: Option<View>,
    /// How the persons were told apart.
    pub group: Group,
    /// The number of conversations; each may give several sessions.
    pub dialogues: usize,
    /// Those that were left out because they are too short.
    pub short: usize,
    /// Those that were left out because lines of theirs are missing; `None`
    /// where that cannot be.
    pub incomplete: Option<usize>,
    /// The number of utterances of these conversations, each counted once.
    pub utterances: usize,
    /// The number of words, separated by spaces, of these utterances.
    pub words: usize,
    /// The number of persons that the corpus knows of, those without a session
    /// too.
    pub persons_in_all: usize,
    /// The persons who have sessions.
    pub persons: Vec<Person>,
    /// The records that were read and skipped.
    pub records: Tally,
}

/// The folder of data for experiments: `$IDL_DATA`, else `../shared/data`.
#[must_use]
pub(crate) fn data_dir() -> PathBuf {
    env::var_os("IDL_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
}
