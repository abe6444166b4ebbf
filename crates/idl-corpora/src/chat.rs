//! Chat JSONL: one session a line, in the form that chat models are trained
//! on.
//!
//! ```json
//! {"id": "s1", "person": "ada", "messages": [{"role": "user", "content": "hi !"}]}
//! ```
//!
//! Only `messages` is required. `profile`, an array of sentences, may be there
//! too, and `time`, when the session began: a number of seconds since 1970, or
//! `2023-12-31` or `2023-12-31T18:03`, on whatever clock; of any other form it
//! counts as unknown.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use idl_dialogue::{Role, Session, Utterance};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result, SPEAKS};
use crate::export::Time;
use crate::jsonl::{Record, STRING, kind};
use crate::lines::Lines;

/// One line of chat JSONL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    /// Whose session it is, where the line says so.
    pub person: Option<String>,
    /// The session; `line-N` is the id of one that has none on line N.
    pub session: Session,
}

/// Chats, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Chats<R> {
    lines: Lines<R>,
    seen: HashSet<String>,
    silent: bool,
}

/// Reads chats from anything; `name` stands for the file in messages.
///
/// Unknown keys are ignored, blank lines skipped. Memory: one line and the ids
/// seen.
///
/// # Errors
/// Each item: a line that is not a JSON object in UTF-8; a field that is
/// missing or of another type; a role that is no [`Role`]; a session in which
/// the person says nothing; an id that was there before.
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Chats<R> {
    Chats::new(Lines::new(reader, name))
}

/// Reads the chats of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Chats<BufReader<File>>> {
    Ok(Chats::new(Lines::open(path.as_ref())?))
}

impl<R> Chats<R> {
    fn new(lines: Lines<R>) -> Self {
        Chats { lines, seen: HashSet::new(), silent: false }
    }
}

impl<R: BufRead> Chats<R> {
    /// Sets the number of bytes that a line may have, else
    /// [`LINE_LIMIT`](crate::LINE_LIMIT).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }

    /// Accepts sessions in which the person says nothing. Without this they
    /// are errors: nothing is to be learnt from them, and most likely the
    /// roles were mixed up.
    #[must_use]
    pub fn allow_silent(mut self) -> Self {
        self.silent = true;
        self
    }

    /// Each session with its person's id, as
    /// [`by_id`](crate::grouping::by_id) asks for them: here `person` is
    /// required too.
    ///
    /// # Errors
    /// Each item: as for [`read`], and a line that names no person.
    pub fn named(mut self) -> impl Iterator<Item = Result<(String, Session)>> {
        std::iter::from_fn(move || {
            let chat = self.next()?;
            Some(chat.and_then(|chat| match chat.person {
                Some(person) => Ok((person, chat.session)),
                None => Err(self.lines.lacks("person", STRING)),
            }))
        })
    }
}

impl<R: BufRead> Iterator for Chats<R> {
    type Item = Result<Chat>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.lines.next_record()?;
        Some(record.and_then(|mut record| {
            let id = record.optional_string("id")?;
            let person = record.optional_string("person")?;
            let profile = record.optional_strings("profile")?;
            let time = record.take("time").as_ref().and_then(seconds);
            let messages = messages(&mut record)?;
            if !self.silent && messages.iter().all(|said| said.role != Role::Assistant) {
                return Err(record.wrong("messages", SPEAKS, "none"));
            }
            let id = id.unwrap_or_else(|| format!("line-{}", record.line()));
            if !self.seen.insert(id.clone()) {
                let again = format!("`{id}` again");
                return Err(record.wrong("id", "an id that is not in the lines before", again));
            }
            Ok(Chat { person, session: Session { id, messages, time, profile } })
        }))
    }
}

/// When a session began; `None` where that cannot be read.
fn seconds(time: &Value) -> Option<i64> {
    match time {
        Value::String(text) => {
            let midnight = format!("{text}T00:00");
            Time::parse(text).or_else(|| Time::parse(&midnight)).map(Time::seconds)
        }
        number => number.as_i64(),
    }
}

fn messages(record: &mut Record<'_>) -> Result<Vec<Utterance>> {
    let values = match record.take("messages") {
        Some(Value::Array(values)) => values,
        other => {
            return Err(record.wrong("messages", "an array of messages", kind(other.as_ref())));
        }
    };
    values.into_iter().enumerate().map(|(i, value)| message(record, i, value)).collect()
}

fn message(record: &Record<'_>, i: usize, value: Value) -> Result<Utterance> {
    const EXPECTED_ROLE: &str = "`system`, `user` or `assistant`";
    let mut object = match value {
        Value::Object(object) => object,
        other => {
            let field = format!("messages[{i}]");
            return Err(record.wrong(field, "an object", kind(Some(&other))));
        }
    };
    let role = match object.get("role") {
        Some(Value::String(name)) => [Role::System, Role::User, Role::Assistant]
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| format!("`{name}`")),
        other => Err(kind(other).to_owned()),
    };
    let role =
        role.map_err(|found| record.wrong(format!("messages[{i}].role"), EXPECTED_ROLE, found))?;
    match object.remove("content") {
        Some(Value::String(content)) => Ok(Utterance { role, content }),
        other => {
            let field = format!("messages[{i}].content");
            Err(record.wrong(field, STRING, kind(other.as_ref())))
        }
    }
}

/// A line in the order in which people read it.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    messages: &'a [Utterance],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    profile: &'a [String],
}

/// Writes a chat as one line, which [`read`] reads back as it was (if the
/// person says nothing, with [`allow_silent`](Chats::allow_silent)).
///
/// # Errors
/// The writer's.
///
/// ```
/// use idl_corpora::chat;
/// use idl_dialogue::{Session, Utterance};
///
/// let session = Session {
///     id: "s1".into(),
///     messages: vec![Utterance::user("hi !"), Utterance::assistant("hello .")],
///     ..Session::default()
/// };
/// let chat = chat::Chat { person: Some("ada".into()), session };
/// let mut file = Vec::new();
/// chat::write(&mut file, &chat)?;
/// assert_eq!(chat::read(&file[..], "file").next().unwrap()?, chat);
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn write<W: Write>(mut writer: W, chat: &Chat) -> Result<()> {
    let Session { id, messages, time, profile } = &chat.session;
    let line = Line { id, person: chat.person.as_deref(), time: *time, messages, profile };
    serde_json::to_writer(&mut writer, &line).map_err(|e| Error::Write { source: e.into() })?;
    writer.write_all(b"\n").map_err(|source| Error::Write { source })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        read(text.as_bytes(), "f.jsonl").find_map(Result::err).unwrap().to_string()
    }

    #[test]
    fn only_messages_are_required() {
        let text = r#"
            {"messages": [], "score": {"deep": [1]}, "id": null}
            {"messages": [{"role": "system", "content": "", "name": "x"}], "profile": ["i row."]}
        "#;
        let chats = read(text.as_bytes(), "f").allow_silent();
        let chats: Vec<_> = chats.map(Result::unwrap).collect();
        assert_eq!(chats[0].session.id, "line-2");
        assert_eq!(chats[1].session.id, "line-3");
        assert_eq!(chats[1].session.messages, [Utterance::new(Role::System, "")]);
        assert_eq!(chats[1].session.profile, ["i row."]);
    }

    #[test]
    fn sessions_with_the_names_of_their_persons() {
        let text = "{\"messages\":[],\"person\":\"ada\"}\n\n{\"messages\":[]}";
        let items: Vec<_> = read(text.as_bytes(), "f").allow_silent().named().collect();
        assert_eq!(items[0].as_ref().unwrap().0, "ada");
        assert_eq!(
            items[1].as_ref().unwrap_err().to_string(),
            "f:3: field `person`: expected a string, found nothing"
        );
    }

    #[test]
    fn errors_name_the_field() {
        let good = r#"{"id":"x","messages":[{"role":"assistant","content":""}]}"#;
        for (text, expected) in [
            (r#"{"id":"x"}"#, "`messages`: expected an array of messages, found nothing"),
            (r#"{"messages":["hi"]}"#, "`messages[0]`: expected an object, found a string"),
            (
                r#"{"messages":[{"role":"bot","content":""}]}"#,
                "`messages[0].role`: expected `system`, `user` or `assistant`, found `bot`",
            ),
            (
                r#"{"messages":[{"content":""}]}"#,
                "`messages[0].role`: expected `system`, `user` or `assistant`, found nothing",
            ),
            (
                r#"{"messages":[{"role":"user","content":["hi"]}]}"#,
                "`messages[0].content`: expected a string, found an array",
            ),
            (
                r#"{"messages":[{"role":"user","content":"hi"}]}"#,
                "`messages`: expected a message of the person (`assistant`), found none",
            ),
            (r#"{"messages":[],"person":1}"#, "`person`: expected a string, found a number"),
            (good, "`id`: expected an id that is not in the lines before, found `x` again"),
        ] {
            assert_eq!(
                error(&format!("{good}\n{text}")),
                format!("f.jsonl:2: field {expected}"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_session_began_at_a_time_that_can_be_read() {
        let time = |time: &str| {
            let line =
                format!(r#"{{"messages":[{{"role":"assistant","content":"hi"}}],"time":{time}}}"#);
            read(line.as_bytes(), "f").next().unwrap().unwrap().session.time
        };
        assert_eq!(time("86401"), Some(86_401));
        assert_eq!(time(r#""1970-01-02""#), Some(86_400));
        assert_eq!(time(r#""1970-01-02T00:01:00Z""#), Some(86_460));
        for unknown in [r#""1:56 pm on 8 May, 2023""#, "null", "[]", "1.5"] {
            assert_eq!(time(unknown), None, "{unknown}");
        }
    }

    fn utterance() -> impl Strategy<Value = Utterance> {
        let role = prop::sample::select(vec![Role::System, Role::User, Role::Assistant]);
        (role, any::<String>()).prop_map(|(role, content)| Utterance { role, content })
    }

    fn chats() -> impl Strategy<Value = Vec<Chat>> {
        let chat = (
            any::<String>(),
            any::<Option<String>>(),
            prop::collection::vec(utterance(), 0..4),
            any::<Option<i64>>(),
            prop::collection::vec(any::<String>(), 0..3),
        )
            .prop_map(|(id, person, messages, time, profile)| Chat {
                person,
                session: Session { id, messages, time, profile },
            });
        prop::collection::vec(chat, 0..6).prop_map(|mut chats| {
            let mut seen = HashSet::new();
            chats.retain(|chat| seen.insert(chat.session.id.clone()));
            chats
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(chats in chats()) {
            let mut file = Vec::new();
            for chat in &chats {
                write(&mut file, chat).unwrap();
            }
            let back: Result<Vec<_>> = read(&file[..], "file").allow_silent().collect();
            prop_assert_eq!(back.unwrap(), chats);
        }

        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes[..], "f").count();
            let _ = crate::convai2::read(&bytes[..], "f").count();
        }

        /// Bytes at random seldom are JSON: damage a good line instead.
        #[test]
        fn no_damaged_line_makes_a_reader_panic(
            chats in chats(), at in any::<prop::sample::Index>(), byte in any::<u8>()
        ) {
            let mut file = Vec::new();
            for chat in &chats {
                write(&mut file, chat).unwrap();
            }
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
            let _ = read(&file[..], "f").count();
            let _ = crate::convai2::read(&file[..], "f").count();
        }
    }
}
