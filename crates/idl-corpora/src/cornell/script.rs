//! The lines of all films: who says what.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::encoding::{Encoding, latin1};
use super::fields::fields;
use crate::error::Result;
use crate::lines::Lines;
use crate::text::brief;

/// The id of a line: `L` and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId(u32);

impl LineId {
    /// `None` unless `text` is what the id would be printed as.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('L')?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        let canonical = plain && (digits.len() == 1 || !digits.starts_with('0'));
        digits.parse().ok().filter(|_| canonical).map(LineId)
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.0)
    }
}

/// A line of a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Unique in the corpus.
    pub id: LineId,
    /// Who says it, such as `u0`.
    pub character: String,
    /// The film, such as `m0`.
    pub movie: String,
    /// The character's name, in capitals.
    pub name: String,
    /// What is said; may be empty.
    pub text: String,
}

/// The lines of a file, one at a time; made by [`read_script`] and
/// [`open_script`]. [`Script`] collects them.
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct ScriptLines<R> {
    lines: Lines<R>,
    encoding: Encoding,
    seen: HashSet<LineId>,
}

/// Reads the lines of `movie_lines.txt`; `name` stands for the file in
/// messages. Memory: one line and the ids seen.
///
/// # Errors
/// Each item: a line that has not five fields, or whose bytes are not of the
/// encoding; an id that is none, or was there before.
pub fn read_script<R: BufRead>(reader: R, name: impl Into<String>) -> ScriptLines<R> {
    ScriptLines::new(Lines::new(reader, name))
}

/// Reads the lines of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read_script`].
pub fn open_script(path: impl AsRef<Path>) -> Result<ScriptLines<BufReader<File>>> {
    Ok(ScriptLines::new(Lines::open(path.as_ref())?))
}

impl<R: BufRead> ScriptLines<R> {
    fn new(lines: Lines<R>) -> Self {
        ScriptLines { lines, encoding: Encoding::Utf8, seen: HashSet::new() }
    }

    /// Sets the encoding, which is UTF-8 at first.
    ///
    /// The corpus was published in ISO 8859-1; copies of it are often UTF-8.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets the number of bytes that a line may have
    /// ([`LINE_LIMIT`](crate::LINE_LIMIT) at first).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }

    fn line(&mut self) -> Result<Line> {
        let text = match self.encoding {
            Encoding::Utf8 => self.lines.text()?.into(),
            Encoding::Latin1 => latin1(self.lines.bytes()),
        };
        let names = ["lineID", "characterID", "movieID", "name", "text"];
        let [id, character, movie, name, text] = fields(&self.lines, &text, names)?;
        let Some(id) = LineId::parse(id) else {
            return Err(self.lines.wrong("lineID", "`L` and a number", brief(id)));
        };
        if !self.seen.insert(id) {
            let again = format!("`{id}` again");
            return Err(self.lines.wrong("lineID", "an id that is not in the lines before", again));
        }
        let [character, movie, name, text] = [character, movie, name, text].map(str::to_owned);
        Ok(Line { id, character, movie, name, text })
    }
}

impl<R: BufRead> Iterator for ScriptLines<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let advanced = self.lines.advance()?;
        Some(advanced.and_then(|()| self.line()))
    }
}

/// Lines by their ids, packed: the texts stand in one string, and characters
/// are numbers. About the size of the file, a third more for the index.
#[derive(Clone, Debug, Default)]
pub struct Script {
    texts: String,
    characters: Vec<String>,
    number_of: HashMap<String, u32>,
    lines: HashMap<LineId, Place>,
}

/// Where a line's text stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    character: u32,
    start: usize,
    end: usize,
}

impl Script {
    /// Adds a line. A line with an id that is there already takes its place.
    pub fn insert(&mut self, line: &Line) {
        let character = match self.number_of.get(&line.character) {
            Some(&number) => number,
            None => {
                // Each has a string of its own: there are fewer than 2^32.
                let number = u32::try_from(self.characters.len()).unwrap_or(u32::MAX);
                self.characters.push(line.character.clone());
                self.number_of.insert(line.character.clone(), number);
                number
            }
        };
        let start = self.texts.len();
        self.texts.push_str(&line.text);
        self.lines.insert(line.id, Place { character, start, end: self.texts.len() });
    }

    /// Who says a line, and what; `None` if the script lacks it.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<(&str, &str)> {
        let place = self.lines.get(&id)?;
        let character = self.characters.get(usize::try_from(place.character).ok()?)?;
        Some((character, self.texts.get(place.start..place.end)?))
    }

    /// The number of lines.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number of characters who say something.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.characters.len()
    }
}

impl Extend<Line> for Script {
    fn extend<T: IntoIterator<Item = Line>>(&mut self, lines: T) {
        lines.into_iter().for_each(|line| self.insert(&line));
    }
}

impl FromIterator<Line> for Script {
    fn from_iter<T: IntoIterator<Item = Line>>(lines: T) -> Self {
        let mut script = Script::default();
        script.extend(lines);
        script
    }
}
