//! PersonaExt's file: a sentence and one of its triples on each line.
//!
//! ```json
//! {"sentence": "i have two owls .", "subject": "i", "relation": "have_pet", "object": "owls"}
//! ```
//!
//! Other keys (tokens and the places of subject and object among them) are
//! ignored.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use idl_corpora::{Error, LINE_LIMIT, Result};
use idl_dialogue::Triple;
use serde_json::{Map, Value};

use crate::Sample;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Samples of one triple each, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line, so that
/// [`idl_corpora::Records::lenient`] can leave bad ones out and count them.
#[derive(Debug)]
pub struct Samples<R> {
    reader: R,
    file: String,
    line: usize,
    limit: usize,
    buffer: Vec<u8>,
    stopped: bool,
}

/// Reads samples from anything; `name` stands for the file in messages. Blank
/// lines are skipped. Memory: one line.
///
/// # Errors
/// Each item: a line that cannot be read, is too long, or is no JSON object; a
/// field that is missing, no string, or blank.
///
/// ```
/// use idl_corpora::Records;
/// use idl_persona_ext::personaext;
///
/// let file = r#"
/// {"sentence": "i have two owls .", "subject": "i", "relation": "have_pet", "object": "owls"}
/// {"sentence": "i row .", "subject": "i", "relation": "like_activity"}
/// "#;
/// let mut samples = personaext::read(file.as_bytes(), "f.jsonl").lenient();
/// let good = samples.by_ref().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(good[0].triples[0].to_string(), "<i, have_pet, owls>");
/// assert_eq!(
///     samples.tally().to_string(),
///     "2 records read, 1 kept, 1 skipped: f.jsonl:3: field `object`: expected a string that is \
///      not blank, found nothing"
/// );
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Samples<R> {
    let (file, buffer) = (name.into(), Vec::new());
    Samples { reader, file, line: 0, limit: LINE_LIMIT, buffer, stopped: false }
}

/// Reads the samples of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Samples<BufReader<File>>> {
    let file = path.as_ref().display().to_string();
    match File::open(path.as_ref()) {
        Ok(opened) => Ok(read(BufReader::with_capacity(1 << 16, opened), file)),
        Err(source) => Err(Error::Open { file, source }),
    }
}

impl<R: BufRead> Samples<R> {
    /// Sets the number of bytes that a line may have, else [`LINE_LIMIT`].
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Brings the next line into the buffer; of one that is too long no more
    /// than shows that it is. False at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        // With the line feed, a carriage return, and a mark in front.
        let most = self.limit.saturating_add(2 + BYTE_ORDER_MARK.len());
        let mut taken = (&mut self.reader).take(u64::try_from(most).unwrap_or(u64::MAX));
        if taken.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(false);
        }
        if !self.buffer.ends_with(b"\n") && self.buffer.len() == most {
            self.reader.skip_until(b'\n')?;
        }
        Ok(true)
    }

    /// The current line without its end and the mark in front of the first.
    fn bytes(&self) -> &[u8] {
        let bytes = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if self.line == 1 => rest,
            _ => bytes,
        }
    }
}

impl<R: BufRead> Iterator for Samples<R> {
    type Item = Result<Sample>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.stopped {
            self.line += 1;
            let (file, line) = (self.file.clone(), self.line);
            match self.fill() {
                Ok(true) => {}
                Ok(false) => self.stopped = true,
                Err(source) => {
                    self.stopped = true;
                    return Some(Err(Error::Read { file, line, source }));
                }
            }
            let bytes = self.bytes();
            if bytes.len() > self.limit {
                return Some(Err(Error::LongLine { file, line, limit: self.limit }));
            }
            let bytes = bytes.trim_ascii();
            if !bytes.is_empty() {
                return Some(sample(bytes, file, line));
            }
        }
        None
    }
}

fn sample(bytes: &[u8], file: String, line: usize) -> Result<Sample> {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(source) => return Err(Error::Encoding { file, line, source }),
    };
    let mut fields: Map<String, Value> = match serde_json::from_str(text) {
        Ok(fields) => fields,
        Err(source) => return Err(Error::Json { file, line, source }),
    };
    let mut take = |field: &str| {
        let found = match fields.remove(field) {
            Some(Value::String(text)) if !text.trim().is_empty() => return Ok(text),
            Some(Value::String(_)) => "a blank one",
            None | Some(Value::Null) => "nothing",
            Some(_) => "something else",
        };
        Err(Error::Field {
            file: file.clone(),
            line,
            field: field.to_owned(),
            expected: "a string that is not blank",
            found: found.to_owned(),
        })
    };
    let (sentence, subject) = (take("sentence")?, take("subject")?);
    let (relation, object) = (take("relation")?, take("object")?);
    Ok(Sample { sentence, triples: vec![Triple { subject, relation, object }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        r#"{"sentence": "i row .", "subject": "i", "relation": "like_activity", "object": "row"}"#;

    fn complaints(text: &[u8], limit: usize) -> Vec<String> {
        let samples = read(text, "f").line_limit(limit);
        samples.map(|s| s.map_or_else(|e| e.to_string(), |s| s.sentence)).collect()
    }

    #[test]
    fn reading_goes_on_behind_bad_lines() {
        let text = format!(
            "\u{feff}{GOOD}\r\n\n[1]\n{{\"sentence\": 3}}\n{}\n{GOOD}",
            GOOD.replace("\"i\"", "\" \"")
        );
        let expected = [
            "i row .",
            "f:3: expected a JSON object",
            "f:4: field `sentence`: expected a string that is not blank, found something else",
            "f:5: field `subject`: expected a string that is not blank, found a blank one",
            "i row .",
        ];
        assert_eq!(complaints(text.as_bytes(), 999), expected);
        assert_eq!(complaints(b"\xff\n", 999), ["f:1: expected UTF-8"]);
        assert!(complaints(b"\n \n", 999).is_empty());
    }

    #[test]
    fn long_lines_are_left_behind() {
        let text = format!("{GOOD}{}\n{GOOD}\n", " ".repeat(9_000) + "x");
        let found = complaints(text.as_bytes(), GOOD.len());
        let long = format!("f:1: expected at most {} bytes in the line, found more", GOOD.len());
        assert_eq!(found, [long.as_str(), "i row ."]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = open("no/such/file.jsonl").unwrap_err();
        assert_eq!(error.to_string(), "no/such/file.jsonl: cannot be opened");
    }
}
