//! One element of `messages`.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::export::entry::{Entry, Message, NoText};
use crate::export::names::Names;
use crate::export::time::Time;
use crate::jsonl::{STRING, kind};
use crate::text::brief;

/// Where the element stands.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) index: usize,
}

/// The fields that a message without text may be made of.
const MEDIA: [&str; 9] = [
    "contact_information",
    "file",
    "game_title",
    "invoice_information",
    "location_information",
    "media_type",
    "photo",
    "poll",
    "sticker_emoji",
];

impl Place<'_> {
    fn wrong(&self, field: &str, expected: &'static str, found: impl Into<String>) -> Error {
        let dot = if field.is_empty() { "" } else { "." };
        Error::Field {
            file: self.file.to_owned(),
            line: self.line,
            field: format!("messages[{}]{dot}{field}", self.index),
            expected,
            found: found.into(),
        }
    }

    pub(super) fn entry(&self, value: Value, chat: &Arc<str>, names: &mut Names) -> Result<Entry> {
        let message = match value {
            Value::Object(message) => message,
            other => return Err(self.wrong("", "an object", kind(Some(&other)))),
        };
        match message.get("type") {
            Some(Value::String(of)) if of == "message" => {}
            Some(Value::String(_)) => return Ok(Entry::NoText(NoText::Service)),
            other => return Err(self.wrong("type", STRING, kind(other))),
        }
        let time = self.time(&message)?;
        let text = self.text(&message)?;
        if ["forwarded_from", "forwarded_from_id", "saved_from", "via_bot"]
            .iter()
            .any(|key| message.contains_key(*key))
        {
            return Ok(Entry::NoText(NoText::Forwarded));
        }
        if text.trim().is_empty() {
            let media = MEDIA.iter().any(|key| message.contains_key(*key));
            return Ok(Entry::NoText(if media { NoText::Media } else { NoText::Empty }));
        }
        let from_id = match message.get("from_id") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) => Some(id.clone()),
            // Exports before 2021.
            Some(Value::Number(id)) => Some(id.to_string()),
            other => return Err(self.wrong("from_id", STRING, kind(other))),
        };
        let from = match (message.get("from"), &from_id) {
            (Some(Value::String(name)), _) => name,
            (None | Some(Value::Null), Some(id)) => id,
            (other, _) => return Err(self.wrong("from", "a name", kind(other))),
        };
        let from = names.get(from);
        let from_id = from_id.map(|id| names.get(&id));
        Ok(Entry::Message(Message { chat: Arc::clone(chat), time, from, from_id, text }))
    }

    fn time(&self, message: &Map<String, Value>) -> Result<Time> {
        if let Some(Value::String(seconds)) = message.get("date_unixtime") {
            let time = seconds.parse().ok().and_then(Time::from_seconds);
            return time
                .ok_or_else(|| self.wrong("date_unixtime", "seconds since 1970", brief(seconds)));
        }
        match message.get("date") {
            Some(Value::String(text)) => Time::parse(text).ok_or_else(|| {
                self.wrong("date", "a time such as `2023-12-31T18:03:00`", brief(text))
            }),
            other => Err(self.wrong("date", STRING, kind(other))),
        }
    }

    /// A string, or an array of strings and of objects with a `text`.
    fn text(&self, message: &Map<String, Value>) -> Result<String> {
        let parts = match message.get("text") {
            Some(Value::String(text)) => return Ok(text.clone()),
            Some(Value::Array(parts)) => parts,
            other => return Err(self.wrong("text", "a string or an array", kind(other))),
        };
        let mut text = String::new();
        for (i, part) in parts.iter().enumerate() {
            match part {
                Value::String(part) => text.push_str(part),
                Value::Object(object) => match object.get("text") {
                    Some(Value::String(part)) => text.push_str(part),
                    other => {
                        return Err(self.wrong(&format!("text[{i}].text"), STRING, kind(other)));
                    }
                },
                other => {
                    let field = format!("text[{i}]");
                    return Err(self.wrong(&field, "a string or an object", kind(Some(other))));
                }
            }
        }
        Ok(text)
    }
}
