//! A row, and the dialogue that rows are of.

use idl_dialogue::Utterance;

use crate::data::{Alternatives, Conversation, CriterionReply, Reference, RejectedKind};

/// One line: a reply to be learnt, and what might have been said instead.
#[derive(Clone, Debug, PartialEq)]
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
    pub leading_context: usize,
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
        let leading = self.conversation.leading_context().into_iter().chain(earliest).min();
        let row = |reply: usize, alternatives: Option<RowAlternatives>| {
            Some(Row {
                id: Some(id.clone()),
                person: self.person.clone(),
                references: references.clone(),
                prompt: target.get(..reply)?.to_vec(),
                leading_context: leading.map_or(reply, |leading| leading.min(reply)),
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
