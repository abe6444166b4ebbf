//! ConvAI2 (Persona-Chat): `dialogues_both.jsonl`, whose two speakers, A and
//! B, take turns, A first.
//!
//! Each dialogue gives two [`Session`]s, one in which B is the person whose
//! voice is learnt ("self" in ParlAI) and one in which A is.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use idl_dialogue::{Person, Role, Session, Utterance};

use crate::error::{Error, Result};
use crate::grouping::Profiles;
use crate::lines::Lines;

/// What ParlAI lets the partner "say" where the person speaks first; see
/// [`Dialogue::session`].
pub const SILENCE: &str = "__SILENCE__";

/// The name of the file of dialogues in a ConvAI2 folder.
pub const DIALOGUES: &str = "dialogues_both.jsonl";

/// The name of the file of all train profiles in a ConvAI2 folder.
pub const TRAIN_PROFILES: &str = "personas_train_in_order.txt";

/// How many profile sentences two profiles of one person share at least.
///
/// A person of ConvAI2 shows 4 or 5 of their sentences at a time.
pub const SHARED_SENTENCES: usize = 3;

/// One of the two speakers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    /// The one who speaks first.
    A,
    /// The one who answers.
    B,
}

/// One line of `dialogues_both.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// Unique in the file, such as `train-0`.
    pub id: String,
    /// `train` or `valid`.
    pub split: String,
    /// The position in the split, counted from 0.
    pub index: usize,
    /// A's profile sentences.
    pub persona_a: Vec<String>,
    /// B's profile sentences.
    pub persona_b: Vec<String>,
    /// What is said, A first, in turns.
    pub utterances: Vec<String>,
    /// What the corpus says of the dialogue's end: whether nothing is cut off.
    pub complete: bool,
}

impl Dialogue {
    /// The dialogue as a session of `target`, who is its assistant. The id is
    /// the dialogue's with `:a` or `:b` behind it.
    ///
    /// A speaks first. Where ParlAI lets A's partner open with [`SILENCE`],
    /// nothing is put: the marker is no utterance, and as one it would be
    /// embedded, compared and learnt.
    #[must_use]
    pub fn session(&self, target: Speaker) -> Session {
        let (suffix, profile, turns) = match target {
            Speaker::A => ("a", &self.persona_a, [Role::Assistant, Role::User]),
            Speaker::B => ("b", &self.persona_b, [Role::User, Role::Assistant]),
        };
        let said = self.utterances.iter().map(String::as_str);
        let turns = turns.into_iter().cycle();
        Session {
            id: format!("{}:{suffix}", self.id),
            messages: said.zip(turns).map(|(text, role)| Utterance::new(role, text)).collect(),
            profile: profile.clone(),
            time: None,
        }
    }

    /// The two sessions of the dialogue: B's, then A's.
    #[must_use]
    pub fn views(&self) -> [Session; 2] {
        [self.session(Speaker::B), self.session(Speaker::A)]
    }
}

/// Dialogues, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Dialogues<R> {
    lines: Lines<R>,
    seen: HashSet<String>,
}

/// Reads dialogues from anything; `name` stands for the file in messages.
///
/// Keys that are not [`Dialogue`]'s are ignored, blank lines skipped. Memory:
/// one line and the ids seen.
///
/// # Errors
/// Each item: a line that is not a JSON object in UTF-8; a field that is
/// missing or of another type; a speaker who says nothing; an id that was there
/// before.
///
/// ```
/// let line = r#"{"id": "train-7", "split": "train", "index": 7, "complete": true,
///     "persona_a": ["i bake bread."], "persona_b": ["i row."],
///     "utterances": ["hi !", "hello . i just rowed home .", "nice , i baked ."]}"#;
/// let line = line.replace('\n', " ");
/// let dialogue = idl_corpora::convai2::read(line.as_bytes(), "line").next().unwrap()?;
/// let [b, a] = dialogue.views();
/// assert_eq!(b.id, "train-7:b");
/// assert_eq!(b.messages.len(), 3);
/// assert_eq!(a.messages[0].role, idl_dialogue::Role::Assistant);
/// assert_eq!(a.profile, ["i bake bread."]);
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Dialogues<R> {
    Dialogues::new(Lines::new(reader, name))
}

/// Reads the dialogues of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Dialogues<BufReader<File>>> {
    Ok(Dialogues::new(Lines::open(path.as_ref())?))
}

impl<R> Dialogues<R> {
    fn new(lines: Lines<R>) -> Self {
        Dialogues { lines, seen: HashSet::new() }
    }
}

impl<R: BufRead> Dialogues<R> {
    /// Sets the number of bytes that a line may have, else
    /// [`LINE_LIMIT`](crate::LINE_LIMIT).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }
}

impl<R: BufRead> Iterator for Dialogues<R> {
    type Item = Result<Dialogue>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.lines.next_record()?;
        Some(record.and_then(|mut record| {
            let dialogue = Dialogue {
                id: record.string("id")?,
                split: record.string("split")?,
                index: record.count("index")?,
                persona_a: record.strings("persona_a")?,
                persona_b: record.strings("persona_b")?,
                utterances: record.strings("utterances")?,
                complete: record.boolean("complete")?,
            };
            if dialogue.utterances.len() < 2 {
                let found = dialogue.utterances.len().to_string();
                let expected = "an utterance or more of each speaker";
                return Err(record.wrong("utterances", expected, found));
            }
            if !self.seen.insert(dialogue.id.clone()) {
                let again = format!("`{}` again", dialogue.id);
                return Err(record.wrong("id", "an id that is not in the lines before", again));
            }
            Ok(dialogue)
        }))
    }
}

/// The profiles of a file that has one on each line, sentences separated by
/// tabs (such as [`TRAIN_PROFILES`]).
///
/// # Errors
/// The file cannot be opened or read or is not UTF-8.
pub fn profiles(path: impl AsRef<Path>) -> Result<Vec<Vec<String>>> {
    let mut lines = Lines::open(path.as_ref())?;
    let mut profiles = Vec::new();
    while let Some(line) = lines.next_text() {
        profiles.push(line?.trim_end().split('\t').map(str::to_owned).collect());
    }
    Ok(profiles)
}

/// Who is who in `split` of the ConvAI2 folder `dir`: profiles that share `n`
/// sentences are one person's. [`SHARED_SENTENCES`] is the right `n`.
///
/// For `train`, where dialogues may be missing but profiles are not, the union
/// is built over all profiles of [`TRAIN_PROFILES`]; for any other split over
/// those of `sessions`.
///
/// # Errors
/// For `train`, if the file of profiles cannot be read; `n` of 0.
pub fn who_is_who(
    dir: impl AsRef<Path>,
    split: &str,
    n: usize,
    sessions: &[Session],
) -> Result<Profiles> {
    if split == "train" {
        Profiles::shared(profiles(dir.as_ref().join(TRAIN_PROFILES))?, n)
    } else {
        Profiles::shared(sessions.iter().map(|s| &s.profile), n)
    }
}

/// The persons of `split` (`train` or `valid`) of the ConvAI2 folder `dir`,
/// each with the sessions in which they are one of `targets`.
///
/// # Errors
/// A file of the folder is missing or wrong, or has nothing of the split.
pub fn persons(dir: impl AsRef<Path>, split: &str, targets: &[Speaker]) -> Result<Vec<Person>> {
    let file = dir.as_ref().join(DIALOGUES);
    let mut sessions = Vec::new();
    for dialogue in open(&file)? {
        let dialogue = dialogue?;
        if dialogue.split == split {
            sessions.extend(targets.iter().map(|&target| dialogue.session(target)));
        }
    }
    if sessions.is_empty() {
        return Err(Error::EmptySplit {
            file: file.display().to_string(),
            split: split.to_owned(),
        });
    }
    who_is_who(dir, split, SHARED_SENTENCES, &sessions)?.group(sessions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id": "train-0", "split": "train", "index": 0, "persona_a": ["i fish."],
        "persona_b": ["i sing.", "i cook."], "utterances": ["hi !", "hello .", "how are you ?"],
        "source": "ours", "complete": false}"#;

    fn line() -> String {
        LINE.replace('\n', " ")
    }

    fn error(text: &str) -> String {
        read(text.as_bytes(), "f.jsonl").find_map(Result::err).unwrap().to_string()
    }

    #[test]
    fn both_views_of_a_dialogue() {
        let dialogue = read(line().as_bytes(), "f").next().unwrap().unwrap();
        let [b, a] = dialogue.views();
        assert_eq!(b.id, "train-0:b");
        assert_eq!(b.profile, ["i sing.", "i cook."]);
        assert_eq!(
            b.messages,
            [
                Utterance::user("hi !"),
                Utterance::assistant("hello ."),
                Utterance::user("how are you ?"),
            ]
        );
        assert_eq!(a.id, "train-0:a");
        assert_eq!(a.profile, ["i fish."]);
        assert_eq!(
            a.messages,
            [
                Utterance::assistant("hi !"),
                Utterance::user("hello ."),
                Utterance::assistant("how are you ?"),
            ]
        );
    }

    #[test]
    fn wrong_lines_are_named_and_do_not_stop_the_reader() {
        let good = line();
        let missing = good.replace("\"persona_b\"", "\"persona_x\"");
        assert_eq!(
            error(&format!("{missing}\n")),
            "f.jsonl:1: field `persona_b`: expected an array of strings, found nothing"
        );
        let other = good.replace("\"hello .\"", "7");
        assert_eq!(
            error(&format!("\n{other}")),
            "f.jsonl:2: field `utterances[1]`: expected a string, found a number"
        );
        assert_eq!(
            error(&format!("{good}\n{good}")),
            "f.jsonl:2: field `id`: expected an id that is not in the lines before, \
             found `train-0` again"
        );
        let both = format!("{{\n{good}");
        let items: Vec<_> = read(both.as_bytes(), "f").collect();
        assert!(items[0].is_err() && items[1].is_ok() && items.len() == 2);
    }

    #[test]
    fn persons_of_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let missing = persons(dir.path(), "train", &[Speaker::B]).unwrap_err();
        assert!(matches!(missing, Error::Open { .. }));

        let of = |id: &str, a: &str, b: &str| {
            format!(
                r#"{{"id":"{id}","split":"{}","index":0,"persona_a":{a},"persona_b":{b},
                "utterances":["hi","hi there"],"complete":true}}"#,
                &id[..id.len() - 2]
            )
            .replace('\n', "")
        };
        // Only through a profile of the list that has no dialogue are the two
        // train profiles of A one person's.
        let text = [
            of("train-0", r#"["a.","b.","c.","d."]"#, r#"["x.","y.","z."]"#),
            of("train-1", r#"["C","d","e","f"]"#, r#"["x.","y."," Z ."]"#),
            of("valid-0", r#"["a.","b.","c.","d."]"#, r#"["b.","c.","d."]"#),
        ]
        .join("\n");
        std::fs::write(dir.path().join(DIALOGUES), text).unwrap();
        let list = "a.\tb.\tc.\td.\nx.\ty.\tz.\nc.\td.\te.\tf.\nb.\tc.\td.\te.\nq.\tr.\ts.\n";
        std::fs::write(dir.path().join(TRAIN_PROFILES), list).unwrap();

        let train = persons(dir.path(), "train", &[Speaker::A, Speaker::B]).unwrap();
        let ids = |p: &Person| p.sessions.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
        assert_eq!(train.len(), 2);
        assert_eq!(train[0].id, "person-0");
        assert_eq!(ids(&train[0]), ["train-0:a", "train-1:a"]);
        assert_eq!(ids(&train[1]), ["train-0:b", "train-1:b"]);
        assert_eq!(persons(dir.path(), "valid", &[Speaker::A, Speaker::B]).unwrap().len(), 1);
        let none = persons(dir.path(), "test", &[Speaker::A]).unwrap_err();
        assert!(matches!(none, Error::EmptySplit { .. }));
    }
}
