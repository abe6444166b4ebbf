//! Which corpus, and its persons: the options that several programs share.

use std::env;
use std::fmt;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use idl_dialogue::chat::{self, Chats};
use idl_dialogue::convai2::{self, Speaker};
use idl_dialogue::grouping::{self, Profiles};
use idl_dialogue::{BoxError, Error, Person, Session, embedded};

/// A corpus that the programs can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CorpusKind {
    /// A folder with ConvAI2's dialogues_both.jsonl
    Convai2,
    /// Chat JSONL: {"messages", "id"?, "person"?, "profile"?} on each line
    Jsonl,
    /// The invented people inside the program
    Embedded,
}

/// Which speakers of a dialogue are persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum View {
    /// The second speaker only, whom ParlAI calls "self"
    #[value(name = "self")]
    SelfOnly,
    /// Each speaker in turn
    Both,
}

/// How sessions become persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Equal profiles are one person's.
    Exact,
    /// Profiles that share so many sentences are one person's.
    Shared(usize),
    /// The corpus names its persons.
    Id,
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |n: &str| n.parse().ok().filter(|&n| n > 0);
        match text {
            "exact" => Ok(Group::Exact),
            "id" => Ok(Group::Id),
            _ => {
                text.strip_prefix("shared:").and_then(count).map(Group::Shared).ok_or_else(|| {
                    String::from("expected `exact`, `shared:N` with N >= 1, or `id`")
                })
            }
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Group::Exact => f.write_str("exact"),
            Group::Shared(n) => write!(f, "shared:{n}"),
            Group::Id => f.write_str("id"),
        }
    }
}

/// The options that choose a corpus.
#[derive(Clone, Debug, Args)]
pub struct CorpusArgs {
    /// What to read
    #[arg(long, value_enum)]
    pub corpus: CorpusKind,

    /// Where it is: convai2 a folder or the file of dialogues, by default
    /// convai2 in $IDL_DATA or ../shared/data; jsonl a file, or - for stdin
    #[arg(long, value_name = "DIR|FILE")]
    pub data: Option<PathBuf>,

    /// convai2: train or valid [default: train]
    #[arg(long)]
    pub split: Option<String>,

    /// convai2: whose sessions a dialogue gives [default: both]
    #[arg(long, value_enum)]
    pub view: Option<View>,

    /// Who is who: exact, shared:N or id [default: shared:3 for convai2, else
    /// id]
    #[arg(long)]
    pub group: Option<Group>,
}

/// A corpus in memory.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The split it was taken from, where it has some.
    pub split: Option<String>,
    /// The view, where dialogues have several.
    pub view: Option<View>,
    /// How the persons were told apart.
    pub group: Group,
    /// The number of conversations; each may give several sessions.
    pub dialogues: usize,
    /// The number of utterances of these conversations, each counted once.
    pub utterances: usize,
    /// The number of words, separated by spaces, of these utterances.
    pub words: usize,
    /// The number of persons among all profiles, those without a session too.
    pub persons_in_all: usize,
    /// The persons who have sessions.
    pub persons: Vec<Person>,
}

/// The folder of data for experiments: `$IDL_DATA`, else `../shared/data`.
#[must_use]
pub fn data_dir() -> PathBuf {
    env::var_os("IDL_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from)
}

impl CorpusArgs {
    /// Reads the corpus into memory.
    ///
    /// # Errors
    /// An option that the corpus does not have; files that are missing or
    /// wrong.
    pub fn load(&self) -> Result<Corpus, BoxError> {
        match self.corpus {
            CorpusKind::Convai2 => self.convai2(),
            CorpusKind::Jsonl => {
                self.refuse_convai2_options()?;
                self.jsonl()
            }
            CorpusKind::Embedded => {
                self.refuse_convai2_options()?;
                self.embedded()
            }
        }
    }

    fn refuse_convai2_options(&self) -> Result<(), BoxError> {
        let given = [("--split", self.split.is_some()), ("--view", self.view.is_some())];
        match given.iter().find(|(_, given)| *given) {
            Some((option, _)) => {
                Err(format!("`{option}` goes with `--corpus convai2` only").into())
            }
            None => Ok(()),
        }
    }

    fn convai2(&self) -> Result<Corpus, BoxError> {
        let data = self.data.clone().unwrap_or_else(|| data_dir().join("convai2"));
        let file = if data.is_dir() { data.join(convai2::DIALOGUES) } else { data };
        let split = self.split.as_deref().unwrap_or("train");
        let view = self.view.unwrap_or(View::Both);
        let shared = match self.group {
            None => Some(convai2::SHARED_SENTENCES),
            Some(Group::Shared(n)) => Some(n),
            Some(Group::Exact) => None,
            Some(Group::Id) => return Err("`--group id`: convai2 does not name its persons".into()),
        };

        let (mut dialogues, mut sessions) = (Counts::default(), Vec::new());
        for dialogue in convai2::open(&file)? {
            let dialogue = dialogue?;
            if dialogue.split == split {
                dialogues.add(dialogue.utterances.iter().map(String::as_str));
                sessions.push(dialogue.session(Speaker::B));
                if view == View::Both {
                    sessions.push(dialogue.session(Speaker::A));
                }
            }
        }
        if sessions.is_empty() {
            let (file, split) = (file.display().to_string(), split.to_owned());
            return Err(Error::EmptySplit { file, split }.into());
        }
        let dir = file.parent().unwrap_or(Path::new(""));
        let profiles = match shared {
            Some(n) => convai2::who_is_who(dir, split, n, &sessions)?,
            None => Profiles::exact(sessions.iter().map(|s| &s.profile)),
        };
        let group = shared.map_or(Group::Exact, Group::Shared);
        let persons = profiles.group(sessions)?;
        let (split, view) = (Some(split.to_owned()), Some(view));
        Ok(dialogues.corpus(split, view, group, profiles.len(), persons))
    }

    fn jsonl(&self) -> Result<Corpus, BoxError> {
        let Some(data) = &self.data else {
            return Err("`--corpus jsonl`: expected `--data FILE`, or `--data -` for stdin".into());
        };
        let group = self.group.unwrap_or(Group::Id);
        let persons = if data.as_os_str() == "-" {
            persons_of_chats(chat::read(io::stdin().lock(), "stdin"), group)?
        } else {
            persons_of_chats(chat::open(data)?, group)?
        };
        Ok(of_persons(group, persons))
    }

    fn embedded(&self) -> Result<Corpus, BoxError> {
        if self.data.is_some() {
            return Err("`--data` does not go with `--corpus embedded`".into());
        }
        match self.group {
            None | Some(Group::Id) => {
                let persons = embedded()?.iter().map(|e| e.person.clone()).collect();
                Ok(of_persons(Group::Id, persons))
            }
            Some(group) => Err(format!("`--group {group}`: embedded has no profiles").into()),
        }
    }
}

fn persons_of_chats<R: BufRead>(chats: Chats<R>, group: Group) -> Result<Vec<Person>, Error> {
    let sessions = |chats: Chats<R>| -> Result<Vec<Session>, Error> {
        chats.map(|chat| Ok(chat?.session)).collect()
    };
    match group {
        Group::Id => Ok(grouping::by_id(chats.named().collect::<Result<Vec<_>, _>>()?)),
        Group::Exact => grouping::exact_profile(sessions(chats)?),
        Group::Shared(n) => grouping::shared_profile(sessions(chats)?, n),
    }
}

/// Conversations counted as they go by.
#[derive(Default)]
struct Counts {
    dialogues: usize,
    utterances: usize,
    words: usize,
}

impl Counts {
    fn add<'a>(&mut self, utterances: impl Iterator<Item = &'a str>) {
        self.dialogues += 1;
        for utterance in utterances {
            self.utterances += 1;
            self.words += utterance.split_whitespace().count();
        }
    }

    fn corpus(
        self,
        split: Option<String>,
        view: Option<View>,
        group: Group,
        persons_in_all: usize,
        persons: Vec<Person>,
    ) -> Corpus {
        let Counts { dialogues, utterances, words } = self;
        Corpus { split, view, group, dialogues, utterances, words, persons_in_all, persons }
    }
}

/// The corpus of persons each of whose sessions is a dialogue.
fn of_persons(group: Group, persons: Vec<Person>) -> Corpus {
    let mut counts = Counts::default();
    for session in persons.iter().flat_map(|p| &p.sessions) {
        counts.add(session.messages.iter().map(|m| m.content.as_str()));
    }
    counts.corpus(None, None, group, persons.len(), persons)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::one_line;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        corpus: CorpusArgs,
    }

    fn load(arguments: &str) -> Result<Corpus, BoxError> {
        let arguments = std::iter::once("program").chain(arguments.split_whitespace());
        Program::try_parse_from(arguments)?.corpus.load()
    }

    fn complaint(arguments: &str) -> String {
        one_line(load(arguments).unwrap_err().as_ref())
    }

    #[test]
    fn the_embedded_people() {
        let corpus = load("--corpus embedded").unwrap();
        assert_eq!(corpus.persons.len(), 24);
        assert_eq!(corpus.persons_in_all, 24);
        let sessions: usize = corpus.persons.iter().map(|p| p.sessions.len()).sum();
        assert_eq!(corpus.dialogues, sessions);
        assert!(corpus.words > 5 * corpus.utterances);
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        assert_eq!(
            complaint("--corpus embedded --split train"),
            "`--split` goes with `--corpus convai2` only"
        );
        assert_eq!(
            complaint("--corpus jsonl"),
            "`--corpus jsonl`: expected `--data FILE`, or `--data -` for stdin"
        );
        assert_eq!(
            complaint("--corpus convai2 --data no/where --group id"),
            "`--group id`: convai2 does not name its persons"
        );
        assert_eq!(
            complaint("--corpus embedded --group shared:2"),
            "`--group shared:2`: embedded has no profiles"
        );
        for group in ["shared:0", "shared:", "shared", "Exact"] {
            assert!(group.parse::<Group>().is_err(), "{group}");
        }
        for group in [Group::Exact, Group::Shared(3), Group::Id] {
            assert_eq!(group.to_string().parse(), Ok(group));
        }
    }

    #[test]
    fn missing_files_are_named() {
        for corpus in ["convai2", "jsonl"] {
            let complaint = complaint(&format!("--corpus {corpus} --data no/where"));
            assert!(complaint.starts_with("no/where: cannot be opened: "), "{complaint}");
        }
    }
}
