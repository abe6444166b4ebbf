//! Replies, one a line.

use std::path::Path;

use crate::lines::{Object, Place, objects};
use idl_dialogue::BoxError;
use serde_json::Value;

/// A reply and what it is measured by.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) hypothesis: String,
    /// At least one.
    pub(crate) references: Vec<String>,
    /// Earlier replies of the person; none is no history.
    pub(crate) history: Vec<String>,
    /// Sentences about the person.
    pub(crate) persona: Vec<String>,
    /// The partner's utterance before the reply.
    pub(crate) query: Option<String>,
    pub(crate) person: Option<String>,
}

/// The lines of a file, or of stdin if it is `-`, read as they are asked for.
pub(crate) fn lines(file: &Path) -> Result<impl Iterator<Item = Result<Line, BoxError>>, BoxError> {
    Ok(objects(file)?.map(|object| line(object?)))
}

fn line(object: Object) -> Result<Line, BoxError> {
    let Object { place, mut fields } = object;
    let hypothesis = place.string("hypothesis", fields.remove("hypothesis"))?;
    let references = strings(&place, "references", fields.remove("references"))?;
    if references.is_empty() {
        return Err(place.field("references", "at least one reference", "an empty array"));
    }
    let mut optional = |name: &str| fields.remove(name).filter(|value| *value != Value::Null);
    let mut list = |name: &str| match optional(name) {
        None => Ok(Vec::new()),
        given => strings(&place, name, given),
    };
    let (history, persona) = (list("history")?, list("persona")?);
    let mut text = |name: &str| match optional(name) {
        None => Ok(None),
        given => place.string(name, given).map(Some),
    };
    let (query, person) = (text("query")?, text("person")?);
    place.nothing_left("", &fields)?;
    Ok(Line { place, hypothesis, references, history, persona, query, person })
}

fn strings(place: &Place, field: &str, value: Option<Value>) -> Result<Vec<String>, BoxError> {
    let element = |(i, value)| place.string(&format!("{field}[{i}]"), Some(value));
    place.array(field, value)?.into_iter().enumerate().map(element).collect()
}

impl Line {
    /// Refuses a baseline's line that answers another question.
    pub(crate) fn must_match(&self, system: &Line) -> Result<(), BoxError> {
        let expected = "what the same line of --input has";
        for (field, ours, theirs) in [
            ("references", &self.references, &system.references),
            ("history", &self.history, &system.history),
            ("persona", &self.persona, &system.persona),
        ] {
            if ours != theirs {
                return Err(self.place.field(field, expected, "something else"));
            }
        }
        if self.person != system.person {
            return Err(self.place.field("person", expected, "something else"));
        }
        Ok(())
    }
}

/// Texts as the metrics take them.
pub(crate) fn as_strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
