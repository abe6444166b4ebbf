//! JSON objects, one a line, whose errors name file, line and field.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use idl_corpora::Error;
use idl_dialogue::BoxError;
use serde_json::{Map, Value};

/// The objects of a file, or of stdin if `input` is `-`. Blank lines are
/// skipped.
///
/// # Errors
/// A file that cannot be opened. The iterator's items: lines that cannot be
/// read or are no JSON object.
pub(crate) fn objects(
    input: &Path,
) -> Result<impl Iterator<Item = Result<Object, BoxError>>, BoxError> {
    let file = input.display().to_string();
    let reader: Box<dyn BufRead> = if file == "-" {
        Box::new(io::stdin().lock())
    } else {
        match File::open(input) {
            Ok(opened) => Box::new(BufReader::new(opened)),
            Err(source) => return Err(Error::Open { file, source }.into()),
        }
    };
    let file = if file == "-" { String::from("stdin") } else { file };
    Ok(reader.lines().enumerate().filter_map(move |(index, text)| {
        let (file, line) = (file.clone(), index + 1);
        match text {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(match serde_json::from_str(&text) {
                Ok(fields) => Ok(Object { place: Place { file, line }, fields }),
                Err(source) => Err(Error::Json { file, line, source }.into()),
            }),
            Err(source) => Some(Err(Error::Read { file, line, source }.into())),
        }
    }))
}

/// Where an object stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    file: String,
    line: usize,
}

impl Place {
    /// An error about a field of the object.
    pub(crate) fn field(
        &self,
        field: &str,
        expected: &'static str,
        found: impl Into<String>,
    ) -> BoxError {
        let (file, line) = (self.file.clone(), self.line);
        Error::Field { file, line, field: field.to_owned(), expected, found: found.into() }.into()
    }

    /// An error about the object as a whole or about what was made of it.
    pub(crate) fn error(&self, error: impl Into<BoxError>) -> BoxError {
        let Place { file, line } = self;
        format!("{file}:{line}: {}", crate::cli::one_line(error.into().as_ref())).into()
    }

    /// What is wrong with `value`, which should have been something else.
    fn wrong(&self, field: &str, expected: &'static str, value: Option<&Value>) -> BoxError {
        let found = match value {
            None | Some(Value::Null) => "nothing",
            Some(Value::Bool(_)) => "a truth value",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "a string",
            Some(Value::Array(_)) => "an array",
            Some(Value::Object(_)) => "an object",
        };
        self.field(field, expected, found)
    }

    /// The elements of an array.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn array(&self, field: &str, value: Option<Value>) -> Result<Vec<Value>, BoxError> {
        match value {
            Some(Value::Array(elements)) => Ok(elements),
            other => Err(self.wrong(field, "an array", other.as_ref())),
        }
    }

    /// An array of numbers.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn numbers(&self, field: &str, value: Option<Value>) -> Result<Vec<f64>, BoxError> {
        let number = |(i, value): (usize, Value)| {
            let wrong = || self.wrong(&format!("{field}[{i}]"), "a number", Some(&value));
            value.as_f64().ok_or_else(wrong)
        };
        self.array(field, value)?.into_iter().enumerate().map(number).collect()
    }

    /// A string.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn string(&self, field: &str, value: Option<Value>) -> Result<String, BoxError> {
        match value {
            Some(Value::String(text)) => Ok(text),
            other => Err(self.wrong(field, "a string", other.as_ref())),
        }
    }

    /// An object.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn object(&self, field: &str, value: Value) -> Result<Map<String, Value>, BoxError> {
        match value {
            Value::Object(fields) => Ok(fields),
            other => Err(self.wrong(field, "an object", Some(&other))),
        }
    }

    /// Refuses what nobody has taken out of `fields`: most likely a typing
    /// error. `prefix` is the path of the object with a dot, or empty.
    ///
    /// # Errors
    /// A field that is left.
    pub(crate) fn nothing_left(
        &self,
        prefix: &str,
        fields: &Map<String, Value>,
    ) -> Result<(), BoxError> {
        match fields.iter().next() {
            None => Ok(()),
            Some((name, value)) => {
                let field = format!("{prefix}{name}");
                Err(self.wrong(&field, "no field of this name", Some(value)))
            }
        }
    }
}

/// A line.
#[derive(Debug)]
pub(crate) struct Object {
    /// Where it stands.
    pub place: Place,
    /// What it holds.
    pub fields: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_file_line_and_field() {
        let folder = std::env::temp_dir().join(format!("idl-lines-{}", std::process::id()));
        std::fs::write(&folder, "\n{\"x\": [1, \"2\"], \"y\": 3}\n[1]\n").unwrap();
        let mut lines = objects(&folder).unwrap();
        let Object { place, mut fields } = lines.next().unwrap().unwrap();
        let file = folder.display();
        assert_eq!(
            place.numbers("x", fields.remove("x")).unwrap_err().to_string(),
            format!("{file}:2: field `x[1]`: expected a number, found a string")
        );
        assert_eq!(
            place.nothing_left("", &fields).unwrap_err().to_string(),
            format!("{file}:2: field `y`: expected no field of this name, found a number")
        );
        let error = lines.next().unwrap().unwrap_err();
        assert_eq!(error.to_string(), format!("{file}:3: expected a JSON object"));
        assert!(lines.next().is_none());
        std::fs::remove_file(&folder).unwrap();
        let error = objects(&folder).err().unwrap();
        assert_eq!(error.to_string(), format!("{file}: cannot be opened"));
    }
}
