//! From lines to episodes.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::episode::{CANDIDATE_SEPARATOR, Episode, PARTNER_PERSONA, PERSONA, Turn};
use crate::error::{Error, Result};
use crate::lines::Lines;
use crate::text::{brief, brief_bytes};

/// Episodes, one at a time; made by [`read`] and [`open`].
///
/// A bad line makes the episode bad that it belongs to, once, and no other:
/// the number of the line behind it tells which one that is.
#[derive(Debug)]
pub struct Episodes<R> {
    lines: Lines<R>,
    /// The number of the next episode.
    index: usize,
    draft: Option<Draft>,
    /// What was wrong with a line whose number nobody knows. Whose it is turns
    /// out with the next number.
    stray: Option<Error>,
    unterminated: bool,
}

/// Reads episodes from anything; `name` stands for the file in messages.
///
/// Blank lines are skipped. Memory: one episode.
///
/// # Errors
/// Each item: a line without a number, or with another one than that of the
/// line before and 1; a line that is neither a persona nor a turn; a persona
/// behind a turn; no turn; a line that is not UTF-8; a last line without line
/// feed.
///
/// ```
/// let file = "1 your persona: i row.\n2 any pets ?\ttwo owls .\n1 hi !\thello .\n";
/// let episodes = idl_corpora::parlai::read(file.as_bytes(), "file")
///     .collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(episodes[0].persona, ["i row."]);
/// assert_eq!(episodes[1].session("valid").id, "valid-1");
/// assert_eq!(episodes[1].session("valid").messages[1].content, "hello .");
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Episodes<R> {
    Episodes::new(Lines::new(reader, name))
}

/// Reads the episodes of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Episodes<BufReader<File>>> {
    Ok(Episodes::new(Lines::open(path.as_ref())?))
}

impl<R> Episodes<R> {
    fn new(lines: Lines<R>) -> Self {
        Episodes { lines, index: 0, draft: None, stray: None, unterminated: false }
    }
}

impl<R: BufRead> Episodes<R> {
    /// Sets the number of bytes that a line may have, else
    /// [`LINE_LIMIT`](crate::LINE_LIMIT).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }

    /// Accepts a last line that does not end in a line feed. Without this it
    /// is taken for cut off, since a reply that is broken off in the middle
    /// looks like any other.
    #[must_use]
    pub fn allow_unterminated(mut self) -> Self {
        self.unterminated = true;
        self
    }

    /// Takes the current line in; returns the episode that ended before it.
    fn take(&mut self) -> Option<Result<Episode>> {
        let bytes = self.lines.bytes();
        let Some((number, start)) = number(bytes) else {
            let found = || brief_bytes(bytes);
            let lines = &self.lines;
            self.stray.get_or_insert_with(|| lines.wrong("number", NUMBER, found()));
            return None;
        };
        let mut done = None;
        if self.draft.as_ref().is_none_or(|draft| number <= draft.number) {
            // A new episode. If it has lost its beginning, the stray line was
            // that; else it was the end of the one before.
            let lost = (number != 1).then(|| {
                let first =
                    || self.lines.wrong("number", "1 in the first line", format!("{number}"));
                self.stray.take().unwrap_or_else(first)
            });
            done = self.close();
            self.draft = Some(Draft::new(self.index, self.lines.line(), lost));
            self.index += 1;
        } else if let (Some(draft), Some(stray)) = (&mut self.draft, self.stray.take()) {
            draft.spoil(stray);
        }
        if let Some(draft) = &mut self.draft {
            if number - draft.number > 1 && draft.error.is_none() {
                let found = format!("{number} behind {}", draft.number);
                draft.spoil(self.lines.wrong("number", "that of the line before and 1", found));
            }
            draft.number = number;
            if draft.error.is_none()
                && let Err(error) = draft.take(&self.lines, start, self.unterminated)
            {
                draft.spoil(error);
            }
        }
        done
    }

    /// The episode that has ended; a stray line is its last.
    fn close(&mut self) -> Option<Result<Episode>> {
        match (self.draft.take(), self.stray.take()) {
            (Some(mut draft), stray) => {
                stray.into_iter().for_each(|error| draft.spoil(error));
                Some(draft.finish(&self.lines))
            }
            (None, Some(error)) => {
                self.index += 1;
                Some(Err(error))
            }
            (None, None) => None,
        }
    }
}

impl<R: BufRead> Iterator for Episodes<R> {
    type Item = Result<Episode>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.advance() {
                None => return self.close(),
                Some(Err(error)) if error.is_fatal() => {
                    (self.draft, self.stray) = (None, None);
                    return Some(Err(error));
                }
                Some(Err(error)) => {
                    self.stray.get_or_insert(error);
                }
                Some(Ok(())) => {
                    if let Some(done) = self.take() {
                        return Some(done);
                    }
                }
            }
        }
    }
}

const NUMBER: &str = "a number and a space at the beginning of the line";
const TURN: &str = "a reply behind the partner's text and a tab";

/// An episode whose end has not been seen.
#[derive(Debug)]
struct Draft {
    /// The number of its last line.
    number: usize,
    episode: Episode,
    error: Option<Error>,
}

impl Draft {
    fn new(index: usize, line: usize, error: Option<Error>) -> Self {
        Draft { number: 0, episode: Episode { index, line, ..Episode::default() }, error }
    }

    /// Gives the episode up; the first complaint counts.
    fn spoil(&mut self, error: Error) {
        if self.error.is_none() {
            self.error = Some(error);
            self.episode.turns = Vec::new();
        }
    }

    fn finish<R: BufRead>(self, lines: &Lines<R>) -> Result<Episode> {
        let Draft { episode, error, .. } = self;
        match error {
            Some(error) => Err(error),
            None if episode.turns.is_empty() => Err(Error::Field {
                file: lines.file().to_owned(),
                line: episode.line,
                field: String::from("turns"),
                expected: "a turn or more",
                found: String::from("none"),
            }),
            None => Ok(episode),
        }
    }

    /// Takes a line in, whose text begins at byte `start`.
    fn take<R: BufRead>(
        &mut self,
        lines: &Lines<R>,
        start: usize,
        unterminated: bool,
    ) -> Result<()> {
        let text = &lines.text()?[start..];
        let Episode { persona, partner_persona, turns, .. } = &mut self.episode;
        let sentences = [
            (PERSONA, "your persona", persona),
            (PARTNER_PERSONA, "partner's persona", partner_persona),
        ];
        let known = sentences.into_iter().find_map(|(prefix, field, sentences)| {
            Some((field, text.strip_prefix(prefix)?, sentences))
        });
        if let Some((field, sentence, sentences)) = known {
            if !turns.is_empty() {
                return Err(lines.wrong(
                    field,
                    "all personas before the first turn",
                    "one behind it",
                ));
            }
            if sentence.contains('\t') {
                return Err(lines.wrong(field, "a sentence without a tab", "a tab"));
            }
            sentences.push(sentence.to_owned());
        } else {
            turns.push(turn(lines, turns.len(), text)?);
        }
        if !(lines.is_terminated() || unterminated) {
            return Err(lines.wrong("line", "a line feed at its end", "the end of the file"));
        }
        Ok(())
    }
}

/// The turn of a line's text; `i` is its position.
fn turn<R: BufRead>(lines: &Lines<R>, i: usize, text: &str) -> Result<Turn> {
    let wrong = |field, expected, found: String| {
        Err(lines.wrong(format!("turns[{i}].{field}"), expected, found))
    };
    let mut fields = text.split('\t');
    let partner = fields.next().unwrap_or_default();
    let Some(reply) = fields.next() else {
        return wrong("reply", TURN, brief(text));
    };
    if let Some(reward) = fields.next().filter(|reward| !reward.is_empty()) {
        return wrong("reward", "an empty field", brief(reward));
    }
    let candidates = match fields.next() {
        Some(candidates) => candidates.split(CANDIDATE_SEPARATOR).map(str::to_owned).collect(),
        None => Vec::new(),
    };
    if fields.next().is_some() {
        let found = format!("{} fields", 5 + fields.count());
        return wrong("candidates", "at most 4 fields in the line", found);
    }
    Ok(Turn { partner: partner.to_owned(), reply: reply.to_owned(), candidates })
}

/// The number at the beginning of a line, and where the text behind it and a
/// space begins; a line that was cut off behind the number has none.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = str::from_utf8(&bytes[..digits]).ok()?.parse().ok()?;
    match bytes.get(digits) {
        None => Some((number, digits)),
        Some(b' ') => Some((number, digits + 1)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
