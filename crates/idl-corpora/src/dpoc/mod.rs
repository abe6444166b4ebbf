//! The preference data of the method's authors: JSONL of a history, the true
//! reply, replies of others and three that are wrong about the person.
//!
//! ```json
//! {"conversations": {"profile": "i row.\ni sing.", "history": [{"from": "user", "value": "any pets ?"}], "pos": "two owls .", "negs": ["no idea ."], "wrong_info": "two cats .", "fictitous_info": "two owls and a pony .", "identity_confusion": "do you have pets ?", "criterion": "two cats ."}}
//! ```
//!
//! The keys are the authors', misspelling included.

mod example;
mod sessions;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use idl_dialogue::{Role, Utterance};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::jsonl::{Record, STRING, kind};
use crate::lines::Lines;
pub use example::Example;
pub use sessions::sessions;

/// Examples, one at a time; made by [`read`] and [`open`].
///
/// After an error in a line the iterator goes on with the next line.
#[derive(Debug)]
pub struct Examples<R> {
    lines: Lines<R>,
}

/// Reads examples from anything; `name` stands for the file in messages.
///
/// All keys are required, others ignored, blank lines skipped. Memory: one
/// line.
///
/// # Errors
/// Each item: a line that is not a JSON object in UTF-8; a field that is
/// missing or of another type; a speaker who is neither `user` nor `bot`.
///
/// ```
/// let line = r#"{"conversations": {"profile": "i row.\ni sing.",
///     "history": [{"from": "user", "value": "any pets ?"}], "pos": "two owls .",
///     "negs": ["no idea ."], "wrong_info": "", "fictitous_info": "an owl and a pony .",
///     "identity_confusion": "do you have pets ?", "criterion": ""}}"#.replace('\n', " ");
/// let example = idl_corpora::dpoc::read(line.as_bytes(), "line").next().unwrap()?;
/// assert_eq!(example.profile, ["i row.", "i sing."]);
/// assert_eq!(example.criterion, None);
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn read<R: BufRead>(reader: R, name: impl Into<String>) -> Examples<R> {
    Examples { lines: Lines::new(reader, name) }
}

/// Reads the examples of a file.
///
/// # Errors
/// The file cannot be opened. The items' errors: [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Examples<BufReader<File>>> {
    Ok(Examples { lines: Lines::open(path.as_ref())? })
}

impl<R: BufRead> Examples<R> {
    /// Sets the number of bytes that a line may have, else
    /// [`LINE_LIMIT`](crate::LINE_LIMIT).
    #[must_use]
    pub fn line_limit(mut self, bytes: usize) -> Self {
        self.lines.set_limit(bytes);
        self
    }
}

impl<R: BufRead> Iterator for Examples<R> {
    type Item = Result<Example>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.lines.next_record()?.and_then(example))
    }
}

fn example(record: Record<'_>) -> Result<Example> {
    let mut record = record.inside("conversations", "conversations.")?;
    let profile = record.string("profile")?;
    Ok(Example {
        profile: match profile.as_str() {
            "" => Vec::new(),
            sentences => sentences.split('\n').map(str::to_owned).collect(),
        },
        history: history(&mut record)?,
        pos: record.string("pos")?,
        negs: record.strings("negs")?,
        wrong_info: record.string("wrong_info")?,
        fictitous_info: record.string("fictitous_info")?,
        identity_confusion: record.string("identity_confusion")?,
        criterion: Some(record.string("criterion")?).filter(|text| !text.is_empty()),
    })
}

fn history(record: &mut Record<'_>) -> Result<Vec<Utterance>> {
    let values = match record.take("history") {
        Some(Value::Array(values)) => values,
        other => {
            return Err(record.wrong("history", "an array of messages", kind(other.as_ref())));
        }
    };
    values.into_iter().enumerate().map(|(i, value)| message(record, i, value)).collect()
}

fn message(record: &Record<'_>, i: usize, value: Value) -> Result<Utterance> {
    let wrong = |key: &str, expected, found: &str| {
        Err(record.wrong(format!("history[{i}]{key}"), expected, found))
    };
    let mut object: Map<_, _> = match value {
        Value::Object(object) => object,
        other => return wrong("", "an object", kind(Some(&other))),
    };
    let role = match object.get("from") {
        Some(Value::String(name)) if name == USER => Role::User,
        Some(Value::String(name)) if name == BOT => Role::Assistant,
        Some(Value::String(name)) => {
            return wrong(".from", EXPECTED_SPEAKER, &format!("`{name}`"));
        }
        other => return wrong(".from", EXPECTED_SPEAKER, kind(other)),
    };
    match object.remove("value") {
        Some(Value::String(content)) => Ok(Utterance { role, content }),
        other => wrong(".value", STRING, kind(other.as_ref())),
    }
}

const USER: &str = "user";
const BOT: &str = "bot";
const EXPECTED_SPEAKER: &str = "`user` or `bot`";

/// A line, its keys in the authors' order.
#[derive(Serialize)]
struct Line<'a> {
    conversations: Conversations<'a>,
}

#[derive(Serialize)]
struct Conversations<'a> {
    profile: String,
    history: Vec<Message<'a>>,
    pos: &'a str,
    negs: &'a [String],
    wrong_info: &'a str,
    fictitous_info: &'a str,
    identity_confusion: &'a str,
    criterion: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    from: &'static str,
    value: &'a str,
}

/// Writes an example as one line, which [`read`] reads back as it was.
///
/// # Errors
/// [`Error::Unwritable`] for what the format cannot hold: a line feed in a
/// profile sentence, a profile of one empty sentence, an empty criterion (it
/// has none then), a system message; nothing has been written then. The
/// writer's errors.
pub fn write<W: Write>(mut writer: W, example: &Example) -> Result<()> {
    let Example { profile, history, pos, negs, wrong_info, fictitous_info, .. } = example;
    let line = Line {
        conversations: Conversations {
            profile: joined(profile)?,
            history: history.iter().enumerate().map(line_of_history).collect::<Result<_>>()?,
            pos,
            negs,
            wrong_info,
            fictitous_info,
            identity_confusion: &example.identity_confusion,
            criterion: match example.criterion.as_deref() {
                Some("") => return Err(unwritable("criterion", "a text or nothing", "``")),
                criterion => criterion.unwrap_or_default(),
            },
        },
    };
    serde_json::to_writer(&mut writer, &line).map_err(|e| Error::Write { source: e.into() })?;
    writer.write_all(b"\n").map_err(|source| Error::Write { source })
}

fn joined(profile: &[String]) -> Result<String> {
    if let Some(i) = profile.iter().position(|sentence| sentence.contains('\n')) {
        let field = format!("profile[{i}]");
        return Err(unwritable(field, "a sentence without a line feed", "a line feed"));
    }
    if let [sentence] = profile
        && sentence.is_empty()
    {
        return Err(unwritable("profile[0]", "a sentence, as it is the only one", "``"));
    }
    Ok(profile.join("\n"))
}

fn line_of_history((i, said): (usize, &Utterance)) -> Result<Message<'_>> {
    let from = match said.role {
        Role::User => USER,
        Role::Assistant => BOT,
        Role::System => {
            let field = format!("history[{i}].role");
            return Err(unwritable(field, "`user` or `assistant`", "`system`"));
        }
    };
    Ok(Message { from, value: &said.content })
}

fn unwritable(field: impl Into<String>, expected: &'static str, found: &str) -> Error {
    Error::Unwritable { field: field.into(), expected, found: found.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = r#"{"conversations":{"profile":"i row.\ni sing.","history":[{"from":"user","value":"any pets ?"},{"from":"bot","value":"two owls ."}],"pos":"hi","negs":["a","b"],"wrong_info":"w","fictitous_info":"f","identity_confusion":"i","criterion":"f"},"more":1}"#;

    #[test]
    fn a_line_of_the_authors() {
        let example = read(LINE.as_bytes(), "f").next().unwrap().unwrap();
        assert_eq!(example.profile, ["i row.", "i sing."]);
        let said = [Utterance::user("any pets ?"), Utterance::assistant("two owls .")];
        assert_eq!(example.history, said);
        assert_eq!(
            (example.pos.as_str(), &example.negs[..]),
            ("hi", &["a", "b"].map(String::from)[..])
        );
        let Example { wrong_info, fictitous_info, identity_confusion, .. } = &example;
        assert_eq!([wrong_info, fictitous_info, identity_confusion], ["w", "f", "i"]);
        assert_eq!(example.criterion.as_deref(), Some("f"));
        let mut written = Vec::new();
        write(&mut written, &example).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), LINE.replace(",\"more\":1", "") + "\n");
    }

    #[test]
    fn errors_name_the_whole_path() {
        for (from, to, expected) in [
            ("conversations", "conversation", "`conversations`: expected an object, found nothing"),
            (
                r#"{"from":"bot","value":"two owls ."}"#,
                "7",
                "`conversations.history[1]`: expected an object, found a number",
            ),
            (
                r#""bot""#,
                r#""robot""#,
                "`conversations.history[1].from`: expected `user` or `bot`, found `robot`",
            ),
            (
                r#""from":"bot","#,
                "",
                "`conversations.history[1].from`: expected `user` or `bot`, found nothing",
            ),
            (
                r#""two owls .""#,
                "[]",
                "`conversations.history[1].value`: expected a string, found an array",
            ),
            (r#""b"]"#, "2]", "`conversations.negs[1]`: expected a string, found a number"),
            ("criterion", "x", "`conversations.criterion`: expected a string, found nothing"),
            (r#""pos""#, r#""x""#, "`conversations.pos`: expected a string, found nothing"),
        ] {
            let text = format!("{LINE}\n{}", LINE.replace(from, to));
            let error = read(text.as_bytes(), "f").find_map(Result::err).unwrap();
            assert_eq!(error.to_string(), format!("f:2: field {expected}"));
        }
    }

    fn example() -> impl Strategy<Value = Example> {
        let texts = || prop::collection::vec(any::<String>(), 0..3);
        let said = (any::<bool>(), any::<String>()).prop_map(|(user, said)| {
            if user { Utterance::user(said) } else { Utterance::assistant(said) }
        });
        let text = any::<String>;
        let history = prop::collection::vec(said, 0..4);
        (texts(), history, texts(), [text(), text(), text(), text()], any::<Option<String>>())
            .prop_map(|(profile, history, negs, texts, criterion)| {
                let [pos, wrong_info, fictitous_info, identity_confusion] = texts;
                Example {
                    profile,
                    history,
                    pos,
                    negs,
                    wrong_info,
                    fictitous_info,
                    identity_confusion,
                    criterion,
                }
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(examples in prop::collection::vec(example(), 0..6)) {
            let (mut file, mut written) = (Vec::new(), Vec::new());
            for example in examples {
                let before = file.len();
                match write(&mut file, &example) {
                    Ok(()) => written.push(example),
                    Err(error) => {
                        let unwritable = matches!(error, Error::Unwritable { .. });
                        prop_assert!(unwritable);
                        prop_assert_eq!(file.len(), before, "half an example");
                    }
                }
            }
            let back: Result<Vec<_>> = read(&file[..], "file").collect();
            prop_assert_eq!(back.unwrap(), written);
        }
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let one = |sentence: &str| vec![sentence.to_owned()];
        for (example, expected) in [
            (Example { profile: one("a\nb"), ..Example::default() }, "profile[0]"),
            (Example { profile: one(""), ..Example::default() }, "profile[0]"),
            (Example { criterion: Some(String::new()), ..Example::default() }, "criterion"),
            (
                Example { history: vec![Utterance::new(Role::System, "x")], ..Example::default() },
                "history[0].role",
            ),
        ] {
            match write(Vec::new(), &example) {
                Err(Error::Unwritable { field, .. }) => assert_eq!(field, expected),
                other => panic!("{other:?}"),
            }
        }
    }
}
