//! Training data as JSONL: one reply a line, in TRL's conversational formats
//! with additions.
//!
//! ```json
//! {"id": "s7", "person": "ada", "sessions": [[{"role": "user", "content": "any pets ?"}, {"role": "assistant", "content": "two owls ."}]], "distances": [0.4], "prompt": [{"role": "user", "content": "hi !"}], "completion": [{"role": "assistant", "content": "hi , just back from the aviary ."}]}
//! {"prompt": [{"role": "user", "content": "hi !"}], "chosen": [{"role": "assistant", "content": "hi , just back from the aviary ."}], "rejected": [{"role": "assistant", "content": "i drive a bus ."}], "criterion": [{"role": "assistant", "content": "hi , just back from the stables ."}], "criterion_kind": "inconsistency"}
//! ```
//!
//! Required are `prompt` and either `completion` (TRL's prompt-completion form)
//! or `chosen` and `rejected` (its preference form). For losses that rank a
//! third reply `criterion` and `criterion_kind` go with these;
//! `rejected_kind` may say where the rejected one is from. A reply may also be a
//! bare string. Other keys are left alone.
//!
//! Rows that go on with one dialogue become one [`Conversation`] again: a row
//! with the same `id`, `person` and `sessions` as the one before it, whose
//! prompt begins with that one's prompt and reply, and which has a criterion if
//! that one has. So one pass serves all of them, and they share one cut.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use idl_dialogue::{Role, Utterance};
use serde::{Deserialize, Serialize};

use crate::data::{Alternatives, Conversation, CriterionKind, CriterionReply, Reference};
use crate::error::{Error, Result};
use crate::rejected::RejectedKind;

/// One line: a reply to be learnt, and what might have been said instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Row {
    /// The dialogue's id.
    pub id: Option<String>,
    /// Whose reply it is.
    pub person: Option<String>,
    /// The reference sessions in the order in which they are read.
    pub references: Vec<Reference>,
    /// The dialogue up to the reply.
    pub prompt: Vec<Utterance>,
    /// How many messages stand before the dialogue's first reply: references
    /// are chosen and cut by these alone, whichever reply is learnt.
    pub opening: usize,
    /// The true reply.
    pub chosen: String,
    /// The alternatives, where there are some.
    pub alternatives: Option<RowAlternatives>,
}

/// What might have been said instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowAlternatives {
    /// The reply that ranks last.
    pub rejected: String,
    /// Where it is from, if that is known.
    pub rejected_kind: Option<RejectedKind>,
    /// The reply that ranks between, where there is one.
    pub criterion: Option<CriterionReply>,
}

/// A conversation of one or more rows, with the alternatives to its replies.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialogue {
    /// Whose replies are learnt.
    pub person: Option<String>,
    /// The dialogue behind its references.
    pub conversation: Conversation,
    /// What else might have been said, for the replies that have it.
    pub alternatives: Vec<Alternatives>,
}

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
            opening,
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
            opening: (row.opening != row.prompt.len()).then_some(row.opening),
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

impl Dialogue {
    /// One row for each reply: all for supervised learning, or, where there are
    /// alternatives, those that have them.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let Conversation { id, references, target, replies } = &self.conversation;
        let row = |reply: usize, alternatives: Option<RowAlternatives>| {
            Some(Row {
                id: Some(id.clone()),
                person: self.person.clone(),
                references: references.clone(),
                prompt: target.get(..reply)?.to_vec(),
                opening: replies.first().map_or(reply, |&first| first.min(reply)),
                chosen: target.get(reply)?.content.clone(),
                alternatives,
            })
        };
        if self.alternatives.is_empty() {
            return replies.iter().filter_map(|&reply| row(reply, None)).collect();
        }
        let alternatives = |a: &Alternatives| RowAlternatives {
            rejected: a.rejected.clone(),
            rejected_kind: a.rejected_kind,
            criterion: a.criterion.clone(),
        };
        self.alternatives.iter().filter_map(|a| row(a.reply, Some(alternatives(a)))).collect()
    }

    fn new(row: Row, id: String) -> Self {
        let reply = row.prompt.len();
        let mut target = row.prompt;
        target.push(Utterance::assistant(row.chosen));
        let alternatives = row.alternatives.map(|a| a.of(reply)).into_iter().collect();
        // The first reply bounds the opening, though it may not be learnt.
        let replies = if row.opening < reply { vec![row.opening, reply] } else { vec![reply] };
        let conversation = Conversation { id, references: row.references, target, replies };
        Dialogue { person: row.person, conversation, alternatives }
    }

    /// Whether `row` is a later reply of this dialogue.
    fn goes_on(&self, row: &Row) -> bool {
        let known = &self.conversation;
        row.id.as_ref() == Some(&known.id)
            && row.person == self.person
            && row.alternatives.as_ref().map(|a| a.criterion.is_some())
                == self.alternatives.first().map(|a| a.criterion.is_some())
            && row.prompt.starts_with(&known.target)
            && row.references == known.references
    }

    fn push(&mut self, row: Row) {
        let reply = row.prompt.len();
        self.conversation.target = row.prompt;
        self.conversation.target.push(Utterance::assistant(row.chosen));
        self.conversation.replies.push(reply);
        self.alternatives.extend(row.alternatives.map(|a| a.of(reply)));
    }
}

impl RowAlternatives {
    fn of(self, reply: usize) -> Alternatives {
        let RowAlternatives { rejected, rejected_kind, criterion } = self;
        Alternatives { reply, rejected, rejected_kind, criterion }
    }
}

/// Reads rows and joins those of one dialogue; `name` stands for the file in
/// messages. A row without an id is called `line-N` and stands alone.
///
/// # Errors
/// [`Error::Row`] with line and field for the first line that is no row;
/// [`Error::Io`].
pub fn read<R: BufRead>(reader: R, name: impl AsRef<Path>) -> Result<Vec<Dialogue>> {
    let path = name.as_ref();
    let mut dialogues: Vec<Dialogue> = Vec::new();
    for (index, line) in reader.split(b'\n').enumerate() {
        let line = line.map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let row: Row = row(line).map_err(|problem| Error::Row {
            path: path.to_owned(),
            line: index + 1,
            problem,
        })?;
        match dialogues.last_mut() {
            Some(last) if last.goes_on(&row) => last.push(row),
            _ => {
                let id = row.id.clone().unwrap_or_else(|| format!("line-{}", index + 1));
                dialogues.push(Dialogue::new(row, id));
            }
        }
    }
    Ok(dialogues)
}

/// Reads the rows of a file; see [`read`].
///
/// # Errors
/// As [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Vec<Dialogue>> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    read(BufReader::new(file), path)
}

/// Writes the rows of a dialogue, which [`read`] makes the same dialogue of
/// (without what follows its last reply and, where some replies have
/// alternatives, without the others but for the first).
///
/// # Errors
/// The writer's.
pub fn write<W: Write>(mut writer: W, dialogue: &Dialogue) -> std::io::Result<()> {
    for row in dialogue.rows() {
        serde_json::to_writer(&mut writer, &row)?;
        writer.write_all(b"\n")?;
    }
    Ok(())
}

fn row(line: &[u8]) -> Result<Row, String> {
    str::from_utf8(line).map_err(|error| format!("expected UTF-8: {error}"))?;
    let mut json = serde_json::Deserializer::from_slice(line);
    let row: Row = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let problem = error.into_inner().to_string();
        // Each line is a text of its own to serde: its position in it says
        // nothing.
        let problem = match problem.rsplit_once(" at line 1 column ") {
            Some((problem, _)) => problem.to_owned(),
            None => problem,
        };
        // The row's own complaints name their field.
        if field == "." { problem } else { format!("field `{field}`: {problem}") }
    })?;
    json.end().map_err(|error| error.to_string())?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complaint(text: &str) -> String {
        read(text.as_bytes(), "f.jsonl").unwrap_err().to_string()
    }

    fn dialogue(alternatives: bool) -> Dialogue {
        let said = ["hi", "hello", "pets ?", "two owls", "nice"];
        let target: Vec<_> = said
            .iter()
            .enumerate()
            .map(|(i, text)| {
                let role = if i % 2 == 0 { Role::User } else { Role::Assistant };
                Utterance::new(role, *text)
            })
            .collect();
        let alternative = |reply, kind| Alternatives {
            reply,
            rejected: format!("no {reply}"),
            rejected_kind: (reply > 1).then_some(RejectedKind::PersonaBlind),
            criterion: Some(CriterionReply { text: format!("maybe {reply}"), kind }),
        };
        let kinds = [CriterionKind::Fabrication, CriterionKind::Inversion];
        Dialogue {
            person: Some("ada".to_owned()),
            conversation: Conversation {
                id: "s1".to_owned(),
                references: vec![Reference { messages: target[..2].to_vec(), distance: 0.1 + 0.2 }],
                target: target[..4].to_vec(),
                replies: vec![1, 3],
            },
            alternatives: if alternatives {
                vec![alternative(1, kinds[0]), alternative(3, kinds[1])]
            } else {
                Vec::new()
            },
        }
    }

    #[test]
    fn rows_of_one_dialogue_become_one_again() {
        for with in [false, true] {
            let (one, mut other) = (dialogue(with), dialogue(with));
            other.conversation.id = "s2".to_owned();
            let mut file = Vec::new();
            write(&mut file, &one).unwrap();
            write(&mut file, &other).unwrap();
            assert_eq!(file.iter().filter(|&&b| b == b'\n').count(), 4);
            assert_eq!(read(&file[..], "f").unwrap(), [one, other]);
        }
    }

    #[test]
    fn the_opening_is_that_of_the_dialogue_whichever_reply_has_alternatives() {
        let mut late = dialogue(true);
        late.alternatives.remove(0);
        let mut file = Vec::new();
        write(&mut file, &late).unwrap();
        assert_eq!(file.iter().filter(|&&b| b == b'\n').count(), 1);
        assert_eq!(read(&file[..], "f").unwrap(), [late]);
    }

    #[test]
    fn what_trl_reads_is_read() {
        let text = r#"
            {"prompt": [{"role": "user", "content": "hi"}], "completion": [{"role": "assistant", "content": "hello"}], "source": 3}
            {"prompt": [{"role": "user", "content": "hi"}], "completion": "hello",
        "#;
        let text = text.trim_end().trim_end_matches(',').to_owned() + "}";
        let dialogues = read(text.as_bytes(), "f").unwrap();
        assert_eq!(dialogues.len(), 2);
        assert_eq!(dialogues[0].conversation.id, "line-2");
        assert_eq!(dialogues[0].conversation.target[1], Utterance::assistant("hello"));
        assert_eq!(dialogues[0].conversation.target, dialogues[1].conversation.target);
        assert_eq!(dialogues[0].conversation.replies, [1]);
    }

    #[test]
    fn a_preference_needs_no_criterion() {
        let row = |more: &str| {
            format!(
                r#"{{"id": "s", "prompt": [{{"role": "user", "content": "hi"}}{more}], "chosen": "yes", "rejected": "no"}}"#
            )
        };
        let later =
            r#", {"role": "assistant", "content": "yes"}, {"role": "user", "content": "so ?"}"#;
        let both = format!("{}\n{}\n", row(""), row(later));
        let dialogues = read(both.as_bytes(), "f").unwrap();
        assert_eq!(dialogues.len(), 1);
        let of = |reply| Alternatives {
            reply,
            rejected: "no".to_owned(),
            rejected_kind: None,
            criterion: None,
        };
        assert_eq!(dialogues[0].alternatives, [of(1), of(3)]);
        // One pass serves replies of one kind.
        let criterion = row(later).replace(
            r#""rejected": "no""#,
            r#""rejected": "no", "criterion": "perhaps", "criterion_kind": "fabrication""#,
        );
        let both = format!("{}\n{criterion}\n", row(""));
        assert_eq!(read(both.as_bytes(), "f").unwrap().len(), 2);
    }

    #[test]
    fn without_distances_the_first_session_is_the_farthest() {
        let text = r#"{"sessions": [[], []], "prompt": [{"role":"user","content":"a"}], "completion": "b"}"#;
        let dialogues = read(text.as_bytes(), "f").unwrap();
        let references = &dialogues[0].conversation.references;
        assert!(references[0].distance > references[1].distance);
    }

    #[test]
    fn errors_name_line_and_field() {
        let prompt = r#""prompt": [{"role": "user", "content": "a"}]"#;
        for (text, named) in [
            ("[]".to_owned(), "f.jsonl:1: "),
            (format!("\n{{{prompt}}}"), "f.jsonl:2: field `chosen`, or `completion`"),
            (
                r#"{"prompt": [{"role": "bot", "content": "a"}], "completion": "b"}"#.to_owned(),
                "bot",
            ),
            (format!("{{{prompt}, \"completion\": 3}}"), "a string, or a list of one message"),
            (format!("{{{prompt}, \"chosen\": \"b\"}}"), "field `rejected`: goes with `chosen`"),
            (
                format!(
                    "{{{prompt}, \"chosen\": \"b\", \"rejected\": \"c\", \"criterion\": \"d\"}}"
                ),
                "field `criterion_kind`: goes with `criterion`",
            ),
            (
                format!(
                    "{{{prompt}, \"completion\": [{{\"role\": \"user\", \"content\": \"b\"}}]}}"
                ),
                "field `completion[0].role`: expected `assistant`, found `user`",
            ),
            (format!("{{{prompt}, \"completion\": []}}"), "expected one message, found 0"),
            (
                format!("{{{prompt}, \"distances\": [1], \"completion\": \"b\"}}"),
                "field `distances`: expected 0",
            ),
            (r#"{"prompt": [], "completion": "b"}"#.to_owned(), "field `prompt`"),
            (format!("{{{prompt}, \"opening\": 0, \"completion\": \"b\"}}"), "field `opening`"),
            (format!("{{{prompt}, \"completion\": \"b\"}} x"), "trailing characters"),
        ] {
            let complaint = complaint(&text);
            assert!(complaint.contains(named), "{text}: {complaint}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            texts in prop::collection::vec(any::<String>(), 6),
            distance in 0.0..2.0,
            person in any::<Option<String>>(),
            with in any::<bool>(),
            with_criterion in any::<bool>(),
        ) {
            let mut dialogue = dialogue(with);
            dialogue.person = person;
            dialogue.conversation.references[0].distance = distance;
            for (message, text) in dialogue.conversation.target.iter_mut().zip(&texts) {
                message.content.clone_from(text);
            }
            for (a, text) in dialogue.alternatives.iter_mut().zip(&texts[4..]) {
                a.rejected.clone_from(text);
                a.criterion = with_criterion.then(|| CriterionReply {
                    text: text.clone(),
                    kind: CriterionKind::Inconsistency,
                });
            }
            let mut file = Vec::new();
            write(&mut file, &dialogue).unwrap();
            prop_assert_eq!(read(&file[..], "f").unwrap(), [dialogue]);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes[..], "f");
        }
    }
}
