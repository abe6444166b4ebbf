//! A row as it is written.

use idl_dialogue::{Role, Utterance};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::row::{Row, RowAlternatives};
use crate::data::{CriterionKind, CriterionReply, Reference, RejectedKind};
use crate::error::Result;

/// The line as it is written.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(default)]
    sessions: Vec<Vec<Utterance>>,
    /// Of the sessions from the context; without it the first is taken for the
    /// farthest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distances: Option<Vec<f64>>,
    prompt: Vec<Utterance>,
    /// Without it the prompt is all opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opening: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completion: Option<Reply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chosen: Option<Reply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejected: Option<Reply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rejected_kind: Option<RejectedKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criterion: Option<Reply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    criterion_kind: Option<CriterionKind>,
}

/// TRL's list of one message, or the bare text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "a string, or a list of one message")]
enum Reply {
    Text(String),
    Messages(Vec<Utterance>),
}

impl Reply {
    fn new(text: String) -> Self {
        Reply::Messages(vec![Utterance::assistant(text)])
    }

    fn text(self, field: &str) -> Result<String, String> {
        match self {
            Reply::Text(text) => Ok(text),
            Reply::Messages(messages) => match <[Utterance; 1]>::try_from(messages) {
                Ok([Utterance { role: Role::Assistant, content }]) => Ok(content),
                Ok([message]) => Err(format!(
                    "field `{field}[0].role`: expected `assistant`, found `{}`",
                    message.role
                )),
                Err(messages) => {
                    Err(format!("field `{field}`: expected one message, found {}", messages.len()))
                }
            },
        }
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Line::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Line::from(self.clone()).serialize(serializer)
    }
}

impl TryFrom<Line> for Row {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let count = line.sessions.len();
        let distances = match line.distances {
            Some(distances) if distances.len() != count => {
                return Err(format!(
                    "field `distances`: expected {count}, one for each session, found {}",
                    distances.len()
                ));
            }
            Some(distances) => distances,
            // The order of reading ends with the nearest.
            None => (0..count).rev().map(|i| i as f64).collect(),
        };
        let references = line
            .sessions
            .into_iter()
            .zip(distances)
            .map(|(messages, distance)| Reference { messages, distance })
            .collect();
        if line.prompt.is_empty() {
            return Err("field `prompt`: expected a message or more, found none".to_owned());
        }
        let last = line.prompt.len();
        let opening = line.opening.unwrap_or(last);
        let is_reply = |at: usize| line.prompt.get(at).is_some_and(|m| m.role == Role::Assistant);
        if opening != last && (opening == 0 || !is_reply(opening)) {
            return Err(format!(
                "field `opening`: expected {last}, or the position of a reply in `prompt`, found \
                 {opening}"
            ));
        }
        let (chosen, alternatives) = match (line.chosen, line.completion) {
            (Some(_), Some(_)) => {
                return Err("expected one of `chosen` and `completion`, found both".to_owned());
            }
            (None, None) => {
                return Err("field `chosen`, or `completion`: found neither".to_owned());
            }
            (None, Some(completion)) => (completion.text("completion")?, None),
            (Some(chosen), None) => {
                let missing = |field: &str, with: &str| {
                    Err(format!("field `{field}`: goes with `{with}`, but is missing"))
                };
                let Some(rejected) = line.rejected else { return missing("rejected", "chosen") };
                let rejected = rejected.text("rejected")?;
                let criterion = match (line.criterion, line.criterion_kind) {
                    (None, None) => None,
                    (Some(_), None) => return missing("criterion_kind", "criterion"),
                    (None, Some(_)) => return missing("criterion", "criterion_kind"),
                    (Some(c), Some(kind)) => {
                        Some(CriterionReply { text: c.text("criterion")?, kind })
                    }
                };
                let rejected_kind = line.rejected_kind;
                let alternatives = RowAlternatives { rejected, rejected_kind, criterion };
                (chosen.text("chosen")?, Some(alternatives))
            }
        };
        Ok(Row {
            id: line.id,
            person: line.person,
            references,
            prompt: line.prompt,
            leading_context: opening,
            chosen,
            alternatives,
        })
    }
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let distances = row.references.iter().map(|r| r.distance).collect();
        let line = Line {
            id: row.id,
            person: row.person,
            sessions: row.references.into_iter().map(|r| r.messages).collect(),
            distances: Some(distances),
            opening: (row.leading_context != row.prompt.len()).then_some(row.leading_context),
            prompt: row.prompt,
            ..Line::default()
        };
        let chosen = Some(Reply::new(row.chosen));
        match row.alternatives {
            None => Line { completion: chosen, ..line },
            Some(RowAlternatives { rejected, rejected_kind, criterion }) => Line {
                chosen,
                rejected: Some(Reply::new(rejected)),
                rejected_kind,
                criterion_kind: criterion.as_ref().map(|c| c.kind),
                criterion: criterion.map(|c| Reply::new(c.text)),
                ..line
            },
        }
    }
}
