//! Lines of JSON, with errors that name file, line and field.
//!
//! Fields are taken out of a [`serde_json::Map`] by hand rather than by derived
//! code, since only so can an error name the field's whole path. Keys that
//! nobody asks for are left alone: corpora carry more than we need.

use std::io::BufRead;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::lines::Lines;

impl<R: BufRead> Lines<R> {
    /// The next line that is not blank, as a JSON object.
    pub(crate) fn next_record(&mut self) -> Option<Result<Record<'_>>> {
        Some(self.advance()?.and_then(|()| {
            let (file, line) = (self.file(), self.line());
            match serde_json::from_slice(self.bytes()) {
                Ok(object) => Ok(Record { file, line, path: "", object }),
                Err(source) => Err(Error::Json { file: file.to_owned(), line, source }),
            }
        }))
    }

    /// The error that says that the current line lacks `field`.
    pub(crate) fn lacks(&self, field: &str, expected: &'static str) -> Error {
        self.wrong(field, expected, "nothing")
    }
}

/// One line's object and where it stands.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    file: &'a str,
    line: usize,
    /// Of the object in the line, with a dot behind it; empty for the whole.
    path: &'static str,
    object: Map<String, Value>,
}

/// What most fields hold.
pub(crate) const STRING: &str = "a string";
const STRINGS: &str = "an array of strings";

impl Record<'_> {
    /// The line's number, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// The error that says what is wrong with `field`.
    pub(crate) fn wrong(
        &self,
        field: impl Into<String>,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Error {
        Error::Field {
            file: self.file.to_owned(),
            line: self.line,
            field: format!("{}{}", self.path, field.into()),
            expected,
            found: found.into(),
        }
    }

    /// The object that `field` holds in place of the whole one; `path` is the
    /// field with a dot behind it.
    pub(crate) fn inside(mut self, field: &str, path: &'static str) -> Result<Self> {
        match self.take(field) {
            Some(Value::Object(object)) => Ok(Record { path, object, ..self }),
            other => Err(self.wrong(field, "an object", kind(other.as_ref()))),
        }
    }

    /// Takes `field` out; `None` if it is absent or null.
    pub(crate) fn take(&mut self, field: &str) -> Option<Value> {
        self.object.remove(field).filter(|value| !value.is_null())
    }

    /// Takes the string of `field` out.
    pub(crate) fn string(&mut self, field: &str) -> Result<String> {
        let value = self.take(field);
        self.as_string(value, field)
    }

    /// Takes the string of `field` out, if the field is there.
    pub(crate) fn optional_string(&mut self, field: &str) -> Result<Option<String>> {
        self.take(field).map(|value| self.as_string(Some(value), field)).transpose()
    }

    /// Takes the strings of `field` out.
    pub(crate) fn strings(&mut self, field: &str) -> Result<Vec<String>> {
        match self.take(field) {
            Some(Value::Array(values)) => values
                .into_iter()
                .enumerate()
                .map(|(i, value)| match value {
                    Value::String(string) => Ok(string),
                    other => Err(self.wrong(format!("{field}[{i}]"), STRING, kind(Some(&other)))),
                })
                .collect(),
            other => Err(self.wrong(field, STRINGS, kind(other.as_ref()))),
        }
    }

    /// Takes the strings of `field` out; none if the field is not there.
    pub(crate) fn optional_strings(&mut self, field: &str) -> Result<Vec<String>> {
        if self.object.get(field).is_none_or(Value::is_null) {
            return Ok(Vec::new());
        }
        self.strings(field)
    }

    /// Takes the truth value of `field` out.
    pub(crate) fn boolean(&mut self, field: &str) -> Result<bool> {
        match self.take(field) {
            Some(Value::Bool(value)) => Ok(value),
            other => Err(self.wrong(field, "true or false", kind(other.as_ref()))),
        }
    }

    /// Takes the count of `field` out.
    pub(crate) fn count(&mut self, field: &str) -> Result<usize> {
        let value = self.take(field);
        let count = value.as_ref().and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        count.ok_or_else(|| {
            let found = match &value {
                Some(Value::Number(number)) => number.to_string(),
                other => kind(other.as_ref()).to_owned(),
            };
            self.wrong(field, "a whole number, 0 or more", found)
        })
    }

    fn as_string(&self, value: Option<Value>, field: &str) -> Result<String> {
        match value {
            Some(Value::String(string)) => Ok(string),
            other => Err(self.wrong(field, STRING, kind(other.as_ref()))),
        }
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "nothing",
        Some(Value::Bool(_)) => "a truth value",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "an array",
        Some(Value::Object(_)) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_error(text: &str, read: impl Fn(&mut Record<'_>) -> Result<()>) -> String {
        let mut lines = Lines::new(text.as_bytes(), "f.jsonl");
        while let Some(record) = lines.next_record() {
            if let Err(error) = record.and_then(|mut record| read(&mut record)) {
                return error.to_string();
            }
        }
        String::from("no error")
    }

    #[test]
    fn errors_name_file_line_field_and_what_was_expected() {
        let text = "\u{feff}{\"a\": \"x\"}\r\n\n{\"a\": [1]}\n";
        assert_eq!(
            first_error(text, |r| r.string("a").map(|_| ())),
            "f.jsonl:3: field `a`: expected a string, found an array"
        );
        assert_eq!(
            first_error("{\"a\": [\"x\", 1]}", |r| r.strings("a").map(|_| ())),
            "f.jsonl:1: field `a[1]`: expected a string, found a number"
        );
        assert_eq!(
            first_error("{}", |r| r.boolean("a").map(|_| ())),
            "f.jsonl:1: field `a`: expected true or false, found nothing"
        );
        assert_eq!(
            first_error("{\"a\": -1}", |r| r.count("a").map(|_| ())),
            "f.jsonl:1: field `a`: expected a whole number, 0 or more, found -1"
        );
        assert_eq!(
            first_error("{\"a\": 3}", |r| r.optional_strings("a").map(|_| ())),
            "f.jsonl:1: field `a`: expected an array of strings, found a number"
        );
        assert_eq!(first_error("{}\n[]", |_| Ok(())), "f.jsonl:2: expected a JSON object");
    }
}
