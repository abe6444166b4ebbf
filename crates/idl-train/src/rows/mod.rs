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
//! The reply of every line is learnt once, and no other: what stands in a
//! prompt is context. Rows of one dialogue become one [`Conversation`] again,
//! wherever in the file they stand and whichever of them are missing: rows with
//! the same `id`, `person` and `sessions`, of which one's prompt begins with the
//! other's prompt and reply, and which both have a criterion, or neither. So one
//! pass serves all of them, and they share one cut: `opening`, the number of
//! messages before the dialogue's first reply, says where, for a row whose
//! prompt has replies of its own. Without it the prompt of the earliest row is
//! the opening.

mod join;
mod line;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use idl_dialogue::Utterance;
use serde::{Deserialize, Serialize};

use crate::data::{Alternatives, Conversation, CriterionReply, Reference};
use crate::error::{Error, Result};
use crate::rejected::RejectedKind;
use join::Joined;
use line::Line;

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

impl Dialogue {
    /// One row for each reply: all for supervised learning, or, where there are
    /// alternatives, those that have them.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let Conversation { id, references, target, replies, .. } = &self.conversation;
        // Alternatives may begin before what is learnt.
        let earliest = self.alternatives.iter().map(|a| a.reply).min();
        let opening = self.conversation.opening().into_iter().chain(earliest).min();
        let row = |reply: usize, alternatives: Option<RowAlternatives>| {
            Some(Row {
                id: Some(id.clone()),
                person: self.person.clone(),
                references: references.clone(),
                prompt: target.get(..reply)?.to_vec(),
                opening: opening.map_or(reply, |opening| opening.min(reply)),
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
}

/// Reads rows and joins those of one dialogue; `name` stands for the file in
/// messages. Dialogues come in the order of their first rows. A row without an
/// id is called `line-N` and stands alone, and so does a row that comes twice.
///
/// Time and memory: O(bytes), as long as rows that share id, sessions and first
/// message are of one dialogue.
///
/// # Errors
/// [`Error::Row`] with line and field for the first line that is no row;
/// [`Error::Io`].
pub fn read<R: BufRead>(reader: R, name: impl AsRef<Path>) -> Result<Vec<Dialogue>> {
    let path = name.as_ref();
    let mut joined = Joined::default();
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
        joined.add(row, index + 1);
    }
    Ok(joined.finish())
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

/// Writes the rows of a dialogue, which [`read`] makes the same dialogue of:
/// but for what follows its last reply and, where some replies have
/// alternatives, with the others as context only.
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
mod tests;
