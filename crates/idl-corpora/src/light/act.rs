//! One act: what the person is shown, and what they reply.

use crate::error::{Error, Result};

use super::yaml::{Node, Value};

/// An act as the file has it.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) line: usize,
    pub(super) items: Vec<Item>,
    pub(super) label: String,
    pub(super) candidates: Vec<String>,
    pub(super) done: bool,
}

/// One `_tag value` of an act's text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) tag: String,
    pub(super) value: String,
}

const STRING: &str = "a string";

/// For the errors of one act: file, and position in the list of acts.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) act: usize,
}

impl Place<'_> {
    /// What is wrong with a field of the act.
    pub(super) fn wrong(
        &self,
        line: usize,
        field: &str,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Error {
        let dot = if field.is_empty() { "" } else { "." };
        Error::Field {
            file: self.file.to_owned(),
            line,
            field: format!("acts[{}]{dot}{field}", self.act),
            expected,
            found: found.into(),
        }
    }

    /// An item of the outer list: a list of one act, since with more each of
    /// them would be of another dialogue.
    pub(super) fn act(&self, item: Node) -> Result<Act> {
        const EXPECTED: &str = "a list of one act (a batch size of 1)";
        let found = match item.value {
            Value::List(mut acts) => match (acts.pop(), acts.len()) {
                (Some(Node { line, value: Value::Mapping(pairs) }), 0) => {
                    return self.fields(line, pairs);
                }
                (Some(Node { value, .. }), 0) => format!("a list of {}", value.kind()),
                (None, _) => String::from("an empty list"),
                (Some(_), before) => format!("a list of {}", before + 1),
            },
            other => other.kind().to_owned(),
        };
        Err(self.wrong(item.line, "", EXPECTED, found))
    }

    fn fields(&self, line: usize, pairs: Vec<(String, Node)>) -> Result<Act> {
        let (mut text, mut label, mut candidates, mut done) = (None, None, Vec::new(), None);
        for (key, node) in pairs {
            let at = node.line;
            let again = match key.as_str() {
                "text" => text.replace((at, self.string("text", node)?)).is_some(),
                "labels" | "eval_labels" => label.replace(self.label(&key, node)?).is_some(),
                "label_candidates" => {
                    candidates = self.strings(&key, node)?;
                    false
                }
                "episode_done" => done.replace(self.boolean(&key, &node)?).is_some(),
                _ => false,
            };
            if again {
                return Err(self.wrong(at, &key, "one of it", "another"));
            }
        }
        let nothing = |field, expected| self.wrong(line, field, expected, "nothing");
        let (at, text) = text.ok_or_else(|| nothing("text", STRING))?;
        Ok(Act {
            line,
            items: self.items(at, &text)?,
            label: label.ok_or_else(|| nothing("labels", "a list of one string"))?,
            candidates,
            done: done.ok_or_else(|| nothing("episode_done", "true or false"))?,
        })
    }

    fn string(&self, field: &str, node: Node) -> Result<String> {
        match node.value {
            Value::Text(text) => Ok(text),
            other => Err(self.wrong(node.line, field, STRING, other.kind())),
        }
    }

    fn strings(&self, field: &str, node: Node) -> Result<Vec<String>> {
        match node.value {
            Value::List(nodes) => {
                let numbered = nodes.into_iter().enumerate();
                numbered.map(|(i, node)| self.string(&format!("{field}[{i}]"), node)).collect()
            }
            other => Err(self.wrong(node.line, field, "a list of strings", other.kind())),
        }
    }

    fn label(&self, field: &str, node: Node) -> Result<String> {
        let line = node.line;
        let mut labels = self.strings(field, node)?;
        match (labels.pop(), labels.len()) {
            (Some(label), 0) => Ok(label.trim().to_owned()),
            (last, before) => {
                let found = before + usize::from(last.is_some());
                Err(self.wrong(line, field, "a list of one string", format!("{found} of them")))
            }
        }
    }

    fn boolean(&self, field: &str, node: &Node) -> Result<bool> {
        match &node.value {
            Value::Text(text) if text == "true" => Ok(true),
            Value::Text(text) if text == "false" => Ok(false),
            other => Err(self.wrong(node.line, field, "true or false", other.kind())),
        }
    }

    /// `_tag value`, one on each line; a line without a tag goes on with the
    /// value before.
    fn items(&self, line: usize, text: &str) -> Result<Vec<Item>> {
        let mut items: Vec<Item> = Vec::new();
        for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
            let (tag, value) = part.split_once(' ').unwrap_or((part, ""));
            if is_tag(tag) {
                items.push(Item { tag: tag.to_owned(), value: value.trim().to_owned() });
            } else if let Some(Item { value, .. }) = items.last_mut() {
                value.push('\n');
                value.push_str(part);
            } else {
                return Err(self.wrong(line, "text", "lines that begin with a `_tag`", "none"));
            }
        }
        Ok(items)
    }
}

/// Whether a word is a tag such as `_self_say`.
fn is_tag(word: &str) -> bool {
    word.strip_prefix('_').is_some_and(|rest| {
        rest.contains('_') && rest.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    })
}
