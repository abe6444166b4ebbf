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
//! prompt is context. Rows of one dialogue become one [`Conversation`](crate::Conversation) again,
//! wherever in the file they stand and whichever of them are missing: rows with
//! the same `id`, `person` and `sessions`, of which one's prompt begins with the
//! other's prompt and reply, and which both have a criterion, or neither. So one
//! pass serves all of them, and they share one cut: `opening`, the number of
//! messages before the dialogue's first reply, says where, for a row whose
//! prompt has replies of its own. Without it the prompt of the earliest row is
//! the opening.

mod join;
mod line;
mod row;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::error::{Error, Result};
use join::Joined;
pub use row::{Dialogue, Row, RowAlternatives};

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
