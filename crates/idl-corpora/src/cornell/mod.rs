//! The Cornell Movie-Dialogs Corpus: lines of film scripts and the
//! conversations that they make.
//!
//! ```text
//! movie_lines.txt          L7 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Is there tea?
//! movie_conversations.txt  u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L7', 'L8']
//! ```
//!
//! The [`Script`] holds the lines; [`Dialogues`] looks up in it what the
//! conversations list. Who speaks is read from the lines: the order in which a
//! conversation names its two characters says nothing about who begins.

mod encoding;
mod fields;
mod script;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub use encoding::Encoding;
pub use script::{Line, LineId, Script, ScriptLines, open_script, read_script};

use idl_dialogue::{Role, Session, Utterance};

use crate::error::{Error, Result};
use crate::lines::Lines;
use crate::text::brief;
use encoding::latin1;
use fields::fields;

/// The name of the file of lines in a folder of the corpus.
pub const LINES: &str = "movie_lines.txt";

/// The name of the file of conversations in a folder of the corpus.
pub const CONVERSATIONS: &str = "movie_conversations.txt";

/// The name of the file of characters in a folder of the corpus.
pub const CHARACTERS: &str = "movie_characters_metadata.txt";

/// A conversation of two characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// The id of its first line: no line is in two conversations.
    pub id: String,
    /// The film, such as `m0`.
    pub movie: String,
    /// The two characters, in the order of the corpus.
    pub characters: [String; 2],
    /// What is said: the position of the speaker in `characters`, and the
    /// text. Lines that one character says one after the other are one
    /// utterance, joined by a space.
    pub utterances: Vec<(usize, String)>,
}

impl Dialogue {
    /// The dialogue as a session of one of its `characters`, who is its
    /// assistant. The id is the dialogue's with the character's behind it:
    /// `L7:u1`. `None` for a third character.
    #[must_use]
    pub fn session(&self, target: usize) -> Option<Session> {
        let character = self.characters.get(target)?;
        let role = |speaker| if speaker == target { Role::Assistant } else { Role::User };
        let said = self.utterances.iter();
        Some(Session {
            id: format!("{}:{character}", self.id),
            messages: said.map(|(who, text)| Utterance::new(role(*who), text.as_str())).collect(),
            ..Session::default()
        })
    }

    /// The sessions of the characters who say something, each with the
    /// character's id, as [`by_id`](crate::grouping::by_id) asks for them.
    pub fn views(&self) -> impl Iterator<Item = (String, Session)> + '_ {
        let speaks = |&target: &usize| self.utterances.iter().any(|(who, _)| *who == target);
        (0..2)
            .filter(speaks)
            .filter_map(|target| Some((self.characters[target].clone(), self.session(target)?)))
    }
}

/// Conversations, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Dialogues<'a, R> {
    lines: Lines<R>,
    script: &'a Script,
    seen: HashSet<LineId>,
}

/// Reads the conversations of `movie_conversations.txt` (ISO 8859-1), whose
/// lines are in `script`; `name` stands for the file in messages.
///
/// Memory: one line and the ids seen.
///
/// # Errors
/// Each item: a line that has not four fields; a list of lines that is none,
/// is empty or names a line twice; [`Error::Incomplete`] where the script
/// lacks lines (in an incomplete script: leave these out and count them); a
/// line of somebody who is not one of the two characters; a conversation of a
/// character with themself; a line that was in a conversation before.
///
/// ```
/// use idl_corpora::cornell;
/// use idl_dialogue::Role;
///
/// let lines = "L7 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Is there tea?\n\
///              L8 +++$+++ u2 +++$+++ m0 +++$+++ BO +++$+++ In the pot.";
/// let script: cornell::Script = cornell::read_script(lines.as_bytes(), "lines").collect::<Result<_, _>>()?;
/// let conversations = "u2 +++$+++ u1 +++$+++ m0 +++$+++ ['L7', 'L8']";
/// let dialogue = cornell::read(conversations.as_bytes(), "conversations", &script).next().unwrap()?;
/// let views: Vec<_> = dialogue.views().collect();
/// assert_eq!((views[0].0.as_str(), views[0].1.id.as_str()), ("u2", "L7:u2"));
/// assert_eq!(views[0].1.messages[0].role, Role::User);
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>, script: &Script) -> Dialogues<'_, R> {
    Dialogues { lines: Lines::new(reader, name), script, seen: HashSet::new() }
}

/// Reads the conversations of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>, script: &Script) -> Result<Dialogues<'_, BufReader<File>>> {
    Ok(Dialogues { lines: Lines::open(path.as_ref())?, script, seen: HashSet::new() })
}

impl<R: BufRead> Dialogues<'_, R> {
    /// Sets the number of bytes that a line may have
    /// ([`LINE_LIMIT`](crate::LINE_LIMIT) at first).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }

    fn dialogue(&mut self) -> Result<Dialogue> {
        let text = latin1(self.lines.bytes());
        let [one, other, movie, list] =
            fields(&self.lines, &text, ["characterID1", "characterID2", "movieID", "lines"])?;
        if one == other {
            return Err(self.lines.wrong("characterID2", "another character", format!("`{one}`")));
        }
        let ids = self.ids(list)?;
        let mut missing = ids.iter().filter(|id| self.script.line(**id).is_none());
        if let Some(first) = missing.next() {
            return Err(Error::Incomplete {
                file: self.lines.file().to_owned(),
                line: self.lines.line(),
                missing: 1 + missing.count(),
                first: first.to_string(),
            });
        }
        let mut utterances: Vec<(usize, String)> = Vec::new();
        for (i, (id, (speaker, text))) in
            ids.iter().filter_map(|id| Some((id, self.script.line(*id)?))).enumerate()
        {
            let Some(who) = [one, other].iter().position(|character| *character == speaker) else {
                let found = format!("`{id}` of `{speaker}`");
                return Err(self.wrong_id(i, "a line of one of the two characters", found));
            };
            match utterances.last_mut() {
                Some((last, said)) if *last == who => {
                    if !said.is_empty() && !text.is_empty() {
                        said.push(' ');
                    }
                    said.push_str(text);
                }
                _ => utterances.push((who, text.to_owned())),
            }
        }
        if let Some(i) = ids.iter().position(|id| self.seen.contains(id)) {
            let found = format!("`{}` again", ids[i]);
            return Err(self.wrong_id(i, "a line that is in no conversation before", found));
        }
        self.seen.extend(&ids);
        let id = ids.first().map(ToString::to_string).unwrap_or_default();
        let characters = [one.to_owned(), other.to_owned()];
        Ok(Dialogue { id, movie: movie.to_owned(), characters, utterances })
    }

    /// `['L7', 'L8']`.
    fn ids(&self, list: &str) -> Result<Vec<LineId>> {
        const EXPECTED: &str = "a list such as `['L7', 'L8']`";
        let inside = list.trim_end().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
        let inside = inside.ok_or_else(|| self.lines.wrong("lines", EXPECTED, "something else"))?;
        let mut ids: Vec<LineId> = Vec::new();
        let mut named = HashSet::new();
        for (i, quoted) in inside.split(", ").enumerate() {
            let id = quoted.strip_prefix('\'').and_then(|quoted| quoted.strip_suffix('\''));
            let Some(id) = id.and_then(LineId::parse) else {
                return Err(self.wrong_id(i, "a line's id such as `'L7'`", brief(quoted)));
            };
            if !named.insert(id) {
                return Err(self.wrong_id(i, "a line that is not listed before", id.to_string()));
            }
            ids.push(id);
        }
        Ok(ids)
    }

    fn wrong_id(&self, i: usize, expected: &'static str, found: impl Into<String>) -> Error {
        self.lines.wrong(format!("lines[{i}]"), expected, found)
    }
}

impl<R: BufRead> Iterator for Dialogues<'_, R> {
    type Item = Result<Dialogue>;

    fn next(&mut self) -> Option<Self::Item> {
        let advanced = self.lines.advance()?;
        Some(advanced.and_then(|()| self.dialogue()))
    }
}

/// A character of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Character {
    /// Such as `u0`; unique in the corpus.
    pub id: String,
    /// The name, in capitals; empty for a few.
    pub name: String,
    /// The film, such as `m0`.
    pub movie: String,
}

/// The characters of `movie_characters_metadata.txt` (ISO 8859-1).
///
/// # Errors
/// The file cannot be opened or read; a line that has not six fields; a
/// character who was there before.
pub fn characters(path: impl AsRef<Path>) -> Result<Vec<Character>> {
    let mut lines = Lines::open(path.as_ref())?;
    let (mut characters, mut seen) = (Vec::new(), HashSet::new());
    while let Some(advanced) = lines.advance() {
        advanced?;
        let text = latin1(lines.bytes());
        let [id, name, movie, ..] = fields(
            &lines,
            &text,
            ["characterID", "name", "movieID", "title", "gender", "credits"],
        )?;
        if !seen.insert(id.to_owned()) {
            let again = format!("`{id}` again");
            return Err(lines.wrong("characterID", "one that is not there before", again));
        }
        let [id, name, movie] = [id, name, movie].map(str::to_owned);
        characters.push(Character { id, name, movie });
    }
    Ok(characters)
}

/// The films to keep out of training: a JSON array of their ids.
///
/// # Errors
/// The file cannot be opened or is not such an array.
pub fn test_movies(path: impl AsRef<Path>) -> Result<HashSet<String>> {
    let file = path.as_ref().display().to_string();
    let opened = match File::open(path.as_ref()) {
        Ok(opened) => opened,
        Err(source) => return Err(Error::Open { file, source }),
    };
    serde_json::from_reader(BufReader::new(opened)).map_err(|source| Error::Damaged {
        line: source.line(),
        file,
        format: "a JSON array of strings",
        source: source.into(),
    })
}

#[cfg(test)]
mod tests;
