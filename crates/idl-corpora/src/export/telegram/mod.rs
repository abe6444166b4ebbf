//! Telegram Desktop's export in JSON: `result.json`, of one chat or of a whole
//! account.
//!
//! ```json
//! {"name": "Bo", "type": "personal_chat", "id": 7, "messages": [
//!   {"id": 1, "type": "message", "date": "2023-12-31T18:03:00", "date_unixtime": "1704045780",
//!    "from": "Bo", "from_id": "user7", "text": ["is there ", {"type": "bold", "text": "tea"}, " ?"]}
//! ]}
//! ```
//!
//! The file is one JSON document, and may have hundreds of megabytes. It is
//! read as a stream: what is held is one message of the file, and the texts.

mod entry;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::names::{Names, stem};
use crate::error::{Error, Result};
use crate::export::entry::Entry;

/// Reads the messages of an export; `name` stands for the file in messages
/// and, without folder and ending, for a chat that has no name.
///
/// The text of a message may be in parts; they are joined. What has a caption
/// is a message, other media are not; neither is what was forwarded or sent by
/// way of a bot, whose words are somebody else's. `date_unixtime` is the time,
/// `date` where there is none (exports before 2021). A sender without a name
/// (a deleted account) is called by their id.
///
/// Memory: the texts and a hundred bytes for each entry.
///
/// # Errors
/// Each item: an entry that is no object, or of which a field is missing or
/// something else. A document that is no JSON, was cut off, or is no such
/// export gives one error behind the entries that stand before the fault.
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> impl Iterator<Item = Result<Entry>> {
    let file = name.into();
    let mut entries = Vec::new();
    let read = stream(reader, &file, &mut entries);
    if let Err(error) = read {
        entries.push(Err(error));
    }
    entries.into_iter()
}

/// Reads the messages of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<impl Iterator<Item = Result<Entry>>> {
    let file = path.as_ref().display().to_string();
    match File::open(path.as_ref()) {
        Ok(opened) => Ok(read(BufReader::with_capacity(1 << 16, opened), file)),
        Err(source) => Err(Error::Open { file, source }),
    }
}

fn stream<R: BufRead>(reader: R, file: &str, entries: &mut Vec<Result<Entry>>) -> Result<()> {
    let line = Rc::new(Cell::new(1));
    let damaged = |line: usize, source: idl_dialogue::BoxError| {
        let file = file.to_owned();
        Error::Damaged { file, line, format: "JSON of Telegram", source }
    };
    let failed =
        |line: usize, source: io::Error| Error::Read { file: file.to_owned(), line, source };
    let reader = without_mark(reader).map_err(|error| failed(1, error))?;
    let counted = CountLines { reader, line: Rc::clone(&line) };
    let mut json = serde_json::Deserializer::from_reader(counted);
    let export = Export {
        file,
        line: &line,
        entries: RefCell::new(entries),
        names: RefCell::default(),
        chats: RefCell::default(),
    };
    let read =
        Chat { export: &export, root: true }.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| {
        let at = error.line();
        if error.is_io() { failed(at, error.into()) } else { damaged(at, error.into()) }
    })
}

/// The text without its byte order mark.
fn without_mark<R: BufRead>(mut reader: R) -> io::Result<impl Read> {
    let mut first = Vec::new();
    (&mut reader).take(3).read_to_end(&mut first)?;
    if first == b"\xef\xbb\xbf" {
        first.clear();
    }
    Ok(Cursor::new(first).chain(reader))
}

/// Counts the lines of what is read, which is done byte by byte.
struct CountLines<R> {
    reader: R,
    line: Rc<Cell<usize>>,
}

impl<R: Read> Read for CountLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        let ends = buffer[..n].iter().filter(|&&byte| byte == b'\n').count();
        self.line.set(self.line.get() + ends);
        Ok(n)
    }
}

/// What all parts of a document share while it is read.
struct Export<'a> {
    file: &'a str,
    line: &'a Cell<usize>,
    entries: RefCell<&'a mut Vec<Result<Entry>>>,
    names: RefCell<Names>,
    /// The names that chats have.
    chats: RefCell<HashSet<Arc<str>>>,
}

impl Export<'_> {
    /// A name for a chat that no other chat has.
    fn chat(&self, name: Option<&str>, id: Option<&str>) -> Arc<str> {
        let named = match (name, id) {
            (Some(name), _) | (None, Some(name)) => name.to_owned(),
            (None, None) => stem(self.file),
        };
        let mut chats = self.chats.borrow_mut();
        let mut unique: Arc<str> = named.as_str().into();
        if let (true, Some(id)) = (chats.contains(&unique), id) {
            unique = format!("{named}-{id}").into();
        }
        chats.insert(Arc::clone(&unique));
        unique
    }
}

/// A chat, or the document itself, which may be a chat or hold lists of them.
struct Chat<'a> {
    export: &'a Export<'a>,
    root: bool,
}

impl<'de> DeserializeSeed<'de> for Chat<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Chat<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.root { "an object with `messages` or `chats`" } else { "a chat" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let export = self.export;
        let (mut name, mut id, mut found) = (None, None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => name = map.next_value::<Value>()?.as_str().map(str::to_owned),
                "id" => {
                    id = match map.next_value::<Value>()? {
                        Value::Null => None,
                        Value::String(id) => Some(id),
                        other => Some(other.to_string()),
                    }
                }
                "messages" => {
                    found = true;
                    let chat = export.chat(name.as_deref(), id.as_deref());
                    map.next_value_seed(Messages { export, chat })?;
                }
                "chats" | "left_chats" if self.root => {
                    found = true;
                    map.next_value_seed(Chats { export })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if self.root && !found {
            return Err(serde::de::Error::missing_field("messages"));
        }
        Ok(())
    }
}

/// `{"about": "..", "list": [chat, ..]}`, or the list alone.
struct Chats<'a> {
    export: &'a Export<'a>,
}

impl<'de> DeserializeSeed<'de> for Chats<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Chats<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chats")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "list" {
                map.next_value_seed(Chats { export: self.export })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Chat { export: self.export, root: false })?.is_some() {}
        Ok(())
    }
}

/// The messages of a chat.
struct Messages<'a> {
    export: &'a Export<'a>,
    chat: Arc<str>,
}

impl<'de> DeserializeSeed<'de> for Messages<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some((line, value)) = list.next_element_seed(WithLine(self.export.line))? {
            let place = entry::Place { file: self.export.file, line, index };
            let entry = place.entry(value, &self.chat, &mut self.export.names.borrow_mut());
            self.export.entries.borrow_mut().push(entry);
            index += 1;
        }
        Ok(())
    }
}

/// A value, and the line where it begins.
struct WithLine<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for WithLine<'_> {
    type Value = (usize, Value);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let line = self.0.get();
        Ok((line, serde::Deserialize::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests;
