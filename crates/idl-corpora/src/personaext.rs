//! PersonaExt's file: a sentence and one of its triples on each line.
//!
//! ```json
//! {"sentence": "i have two owls .", "subject": "i", "relation": "have_pet", "object": "owls"}
//! ```
//!
//! Other keys (tokens and the places of subject and object among them) are
//! ignored.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use idl_dialogue::Triple;
use serde_json::Value;

use crate::error::Result;
use crate::jsonl::{Record, kind};
use crate::lines::Lines;

/// A sentence, and a fact that it states about the speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is said.
    pub sentence: String,
    /// The fact.
    pub triple: Triple,
}

/// Statements, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Statements<R> {
    lines: Lines<R>,
}

/// Reads statements from anything; `name` stands for the file in messages.
///
/// Blank lines are skipped. Memory: one line.
///
/// # Errors
/// Each item: a line that is not a JSON object in UTF-8; a field that is
/// missing, no string, or blank.
///
/// ```
/// use idl_corpora::{Records, personaext};
///
/// let file = r#"
/// {"sentence": "i have two owls .", "subject": "i", "relation": "have_pet", "object": "owls"}
/// {"sentence": "i row .", "subject": "i", "relation": "like_activity"}
/// "#;
/// let mut statements = personaext::read(file.as_bytes(), "f.jsonl").lenient();
/// let good = statements.by_ref().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(good[0].triple.to_string(), "<i, have_pet, owls>");
/// assert_eq!(
///     statements.tally().to_string(),
///     "2 records read, 1 kept, 1 skipped: f.jsonl:3: field `object`: expected a string that is \
///      not blank, found nothing"
/// );
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Statements<R> {
    Statements { lines: Lines::new(reader, name) }
}

/// Reads the statements of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Statements<BufReader<File>>> {
    Ok(Statements { lines: Lines::open(path.as_ref())? })
}

impl<R: BufRead> Statements<R> {
    /// Sets the number of bytes that a line may have, else
    /// [`LINE_LIMIT`](crate::LINE_LIMIT).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }
}

impl<R: BufRead> Iterator for Statements<R> {
    type Item = Result<Statement>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.lines.next_record()?.and_then(statement))
    }
}

fn statement(mut record: Record<'_>) -> Result<Statement> {
    let mut take = |field| words(&mut record, field);
    let (sentence, subject) = (take("sentence")?, take("subject")?);
    let (relation, object) = (take("relation")?, take("object")?);
    Ok(Statement { sentence, triple: Triple { subject, relation, object } })
}

/// Takes the string of `field` out, which must not be blank.
fn words(record: &mut Record<'_>, field: &str) -> Result<String> {
    let found = match record.take(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => return Ok(text),
        Some(Value::String(_)) => "a blank one",
        other => kind(other.as_ref()),
    };
    Err(record.wrong(field, "a string that is not blank", found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"sentence": "i row .", "subject": "i", "relation": "like_activity", "object": "row"}"#;

    #[test]
    fn reading_goes_on_behind_bad_lines() {
        let blank = GOOD.replace("\"i\"", "\" \"");
        let text = format!("\u{feff}{GOOD}\r\n\n[1]\n{{\"sentence\": 3}}\n{blank}\n{GOOD}");
        let statements = read(text.as_bytes(), "f");
        let found: Vec<String> =
            statements.map(|s| s.map_or_else(|e| e.to_string(), |s| s.sentence)).collect();
        let expected = [
            "i row .",
            "f:3: expected a JSON object",
            "f:4: field `sentence`: expected a string that is not blank, found a number",
            "f:5: field `subject`: expected a string that is not blank, found a blank one",
            "i row .",
        ];
        assert_eq!(found, expected);
    }
}
