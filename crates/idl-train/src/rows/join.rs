//! Rows back to dialogues, in whatever order they come.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use idl_dialogue::{Role, Utterance};

use super::row::{Dialogue, Row, RowAlternatives};
use crate::data::{Alternatives, Conversation};

/// The dialogues of the rows so far, in the order of their first rows.
#[derive(Default)]
pub(super) struct Joined {
    dialogues: Vec<Open>,
    /// Those that a row may belong to, by what its dialogue's rows have alike.
    alike: HashMap<u64, Vec<usize>>,
}

/// A dialogue that may still get rows.
struct Open {
    dialogue: Dialogue,
    /// The opening, once a row has named it.
    opening: Option<usize>,
}

impl Joined {
    /// Adds the row of this line: to the dialogue that it is of, or as a new
    /// one. Whichever it is, the row's own reply is learnt, and no other.
    pub(super) fn add(&mut self, row: Row, line: usize) {
        let Some(id) = row.id.clone() else {
            self.dialogues.push(Open::new(row, format!("line-{line}")));
            return;
        };
        let alike = self.alike.entry(signature(&row)).or_default();
        match alike.iter().find(|&&at| self.dialogues[at].takes(&row)) {
            Some(&at) => self.dialogues[at].insert(row),
            None => {
                alike.push(self.dialogues.len());
                self.dialogues.push(Open::new(row, id));
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Dialogue> {
        self.dialogues.into_iter().map(Open::close).collect()
    }
}

/// Equal for rows of one dialogue: what [`Open::takes`] compares first.
fn signature(row: &Row) -> u64 {
    let mut hash = DefaultHasher::new();
    row.id.hash(&mut hash);
    row.person.hash(&mut hash);
    kind(row).hash(&mut hash);
    let said = row.references.iter().flat_map(|r| &r.messages).chain(row.prompt.first());
    for message in said {
        message.role.as_str().hash(&mut hash);
        message.content.hash(&mut hash);
    }
    hash.finish()
}

/// Whether a row has alternatives, and a criterion among them: one pass serves
/// replies of one kind.
fn kind(row: &Row) -> Option<bool> {
    row.alternatives.as_ref().map(|a| a.criterion.is_some())
}

/// The opening where the row names it: without, its whole prompt is taken for
/// one.
fn named_opening(row: &Row) -> Option<usize> {
    (row.leading_context < row.prompt.len()).then_some(row.leading_context)
}

impl Open {
    fn new(row: Row, id: String) -> Self {
        let (reply, opening) = (row.prompt.len(), named_opening(&row));
        let mut target = row.prompt;
        target.push(Utterance::assistant(row.chosen));
        let alternatives = row.alternatives.map(|a| of_reply(a, reply)).into_iter().collect();
        let references = row.references;
        let conversation =
            Conversation { id, references, target, replies: vec![reply], leading_context: None };
        Open { dialogue: Dialogue { person: row.person, conversation, alternatives }, opening }
    }

    /// Whether the row is another reply of this dialogue, an earlier or a later
    /// one, cut as the others are.
    fn takes(&self, row: &Row) -> bool {
        let Dialogue { person, conversation: known, alternatives } = &self.dialogue;
        let reply = row.prompt.len();
        row.id.as_ref() == Some(&known.id)
            && row.person == *person
            && kind(row) == alternatives.first().map(|a| a.criterion.is_some())
            && !known.replies.contains(&reply)
            && (row.prompt.starts_with(&known.target) || self.says(row))
            && self.opens_as(row)
            && row.references == known.references
    }

    /// Whether prompt and reply of the row are how the dialogue begins.
    fn says(&self, row: &Row) -> bool {
        let target = &self.dialogue.conversation.target;
        let here = target.get(row.prompt.len());
        target.starts_with(&row.prompt)
            && here.is_some_and(|m| m.role == Role::Assistant && m.content == row.chosen)
    }

    /// Whether the row's opening may be this dialogue's: one for all, and no
    /// reply within it.
    fn opens_as(&self, row: &Row) -> bool {
        let first = self.dialogue.conversation.replies.first().copied();
        match (self.opening, named_opening(row)) {
            (Some(known), Some(named)) => known == named,
            (Some(known), None) => known <= row.prompt.len(),
            (None, Some(named)) => first.is_none_or(|first| named <= first),
            (None, None) => true,
        }
    }

    fn insert(&mut self, row: Row) {
        self.opening = self.opening.or(named_opening(&row));
        let Dialogue { conversation, alternatives, .. } = &mut self.dialogue;
        let reply = row.prompt.len();
        if reply >= conversation.target.len() {
            conversation.target = row.prompt;
            conversation.target.push(Utterance::assistant(row.chosen));
        }
        let at = conversation.replies.partition_point(|&r| r < reply);
        conversation.replies.insert(at, reply);
        if let Some(a) = row.alternatives {
            // Every reply has some, or none has.
            alternatives.insert(at.min(alternatives.len()), of_reply(a, reply));
        }
    }

    fn close(self) -> Dialogue {
        let Open { mut dialogue, opening } = self;
        let first = dialogue.conversation.replies.first().copied();
        dialogue.conversation.leading_context = opening.filter(|_| opening != first);
        dialogue
    }
}

fn of_reply(alternatives: RowAlternatives, reply: usize) -> Alternatives {
    let RowAlternatives { rejected, rejected_kind, criterion } = alternatives;
    Alternatives { reply, rejected, rejected_kind, criterion }
}
