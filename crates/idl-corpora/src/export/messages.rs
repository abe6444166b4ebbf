//! A plain JSONL of messages, one a line, for chats of any origin.
//!
//! ```json
//! {"time": "2023-12-31T18:03:00", "from": "Bo", "text": "is there tea ?", "chat": "kitchen"}
//! ```
//!
//! `time` is ISO 8601, or seconds since 1970 as a number; all of a file are
//! taken to be of one clock, those with an offset of UTC's. `chat` and
//! `from_id` are optional. The messages of a chat stand together, in the order
//! in which they were sent.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::entry::{Entry, Message, NoText};
use super::names::Names;
use super::time::Time;
use crate::error::{Error, Result};
use crate::jsonl::{Record, kind};
use crate::lines::Lines;

/// Entries, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Messages<R> {
    lines: Lines<R>,
    names: Names,
}

/// Reads messages from anything; `name` stands for the file in messages.
///
/// Unknown keys are ignored, blank lines skipped; a message without text is
/// [`NoText::Empty`]. Memory: one line and the names.
///
/// # Errors
/// Each item: a line that is not a JSON object in UTF-8; a field that is
/// missing or of another type; a time that is none.
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Messages<R> {
    Messages { lines: Lines::new(reader, name), names: Names::default() }
}

/// Reads the messages of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Messages<BufReader<File>>> {
    Ok(Messages { lines: Lines::open(path.as_ref())?, names: Names::default() })
}

impl<R: BufRead> Messages<R> {
    /// Sets the number of bytes that a line may have
    /// ([`LINE_LIMIT`](crate::LINE_LIMIT) at first).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.lines.next_record()?;
        let names = &mut self.names;
        Some(record.and_then(|mut record| {
            let time = time(&mut record)?;
            let from = names.get(&record.string("from")?);
            let from_id = record.optional_string("from_id")?.map(|id| names.get(&id));
            let chat = names.get(&record.optional_string("chat")?.unwrap_or_default());
            let text = record.string("text")?;
            if text.trim().is_empty() {
                return Ok(Entry::NoText(NoText::Empty));
            }
            Ok(Entry::Message(Message { chat, time, from, from_id, text }))
        }))
    }
}

fn time(record: &mut Record<'_>) -> Result<Time> {
    let (time, found) = match record.take("time") {
        Some(Value::String(text)) => (Time::parse(&text), crate::text::brief(&text)),
        Some(Value::Number(number)) => {
            (number.as_i64().and_then(Time::from_seconds), number.to_string())
        }
        other => (None, kind(other.as_ref()).to_owned()),
    };
    const EXPECTED: &str = "a time such as `2023-12-31T18:03:00`, or seconds since 1970";
    time.ok_or_else(|| record.wrong("time", EXPECTED, found))
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_id: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    chat: &'a str,
    text: &'a str,
}

/// Writes a message as one line, which [`read`] reads back as it was.
///
/// # Errors
/// The writer's; a text without any letter or sign, which would be read as
/// [`NoText::Empty`].
pub fn write<W: Write>(mut writer: W, message: &Message) -> Result<()> {
    let Message { chat, time, from, from_id, text } = message;
    if text.trim().is_empty() {
        let (expected, found) = ("a text that is not blank", String::from("a blank one"));
        return Err(Error::Unwritable { field: String::from("text"), expected, found });
    }
    let line = Line { time: time.to_string(), from, from_id: from_id.as_deref(), chat, text };
    serde_json::to_writer(&mut writer, &line).map_err(|e| Error::Write { source: e.into() })?;
    writer.write_all(b"\n").map_err(|source| Error::Write { source })
}
