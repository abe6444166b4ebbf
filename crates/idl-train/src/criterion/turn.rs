//! A reply to which alternatives are sought.

use std::collections::HashSet;

use idl_dialogue::{Role, Session, Triple};
use ndarray::ArrayView1;

use super::compare::compared;
use super::said::PartnerUtterance;

/// A reply to which alternatives are sought.
pub(super) struct Turn<'a> {
    pub(super) person: usize,
    pub(super) session: &'a Session,
    pub(super) reply: usize,
    /// What is said in the dialogue, before and after, in the form of
    /// [`compared`].
    pub(super) dialogue: &'a HashSet<String>,
    /// Which of the person's sessions are other dialogues than this one.
    pub(super) other_sessions: &'a [bool],
    pub(super) chosen: &'a str,
    pub(super) triples: &'a [Triple],
    pub(super) embedding: ArrayView1<'a, f32>,
}

impl Turn<'_> {
    /// Whether somebody says it in this dialogue.
    pub(super) fn says(&self, text: &str) -> bool {
        self.dialogue.contains(&compared(text))
    }

    /// Whether a partner says it in another dialogue, or in this one before the
    /// reply.
    pub(super) fn has_heard(&self, utterance: &PartnerUtterance) -> bool {
        let other = |&s: &usize| self.other_sessions.get(s).copied().unwrap_or(false);
        utterance.sessions.iter().any(other)
            || self.session.messages[..self.reply]
                .iter()
                .any(|m| m.role == Role::User && m.content == utterance.text)
    }
}
