//! The data model: who said what, in which session, and who that person is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who speaks, seen from the person whose voice is learnt.
///
/// The person is [`Role::Assistant`] and the other participant [`Role::User`]:
/// the names that chat templates know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions to the model; no participant of the dialogue.
    System,
    /// The other participant.
    User,
    /// The person whose voice is learnt.
    Assistant,
}

impl Role {
    /// The name in chat templates and JSONL: `system`, `user` or `assistant`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message of a dialogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Utterance {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Utterance {
    /// An utterance of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Utterance { role, content: content.into() }
    }

    /// An utterance of the other participant.
    pub fn user(content: impl Into<String>) -> Self {
        Utterance::new(Role::User, content)
    }

    /// An utterance of the person.
    pub fn assistant(content: impl Into<String>) -> Self {
        Utterance::new(Role::Assistant, content)
    }
}

/// One conversation of a person with somebody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Unique within its corpus; stable across reads.
    pub id: String,
    /// The messages in the order in which they were said.
    pub messages: Vec<Utterance>,
    /// When it began, in seconds since 1970, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// The person's profile sentences where the corpus has them. They serve to
    /// tell persons apart and for profile-based baselines, never as input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<String>,
}

impl Session {
    /// The contents of `role`'s messages, in order.
    pub fn said_by(&self, role: Role) -> impl DoubleEndedIterator<Item = &str> {
        self.messages.iter().filter(move |m| m.role == role).map(|m| m.content.as_str())
    }

    /// The positions in `messages` of the person's replies: messages of
    /// [`Role::Assistant`] that have a message before them.
    pub fn replies(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        (1..self.messages.len()).filter(|&i| self.messages[i].role == Role::Assistant)
    }
}

/// A person and all that is known of their conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Unique within its corpus.
    pub id: String,
    /// The person's sessions, in corpus order.
    pub sessions: Vec<Session>,
}

/// A fact about a person: `<subject, relation, object>` (PersonaExt's form).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "[String; 3]", into = "[String; 3]")]
pub struct Triple {
    /// Whom the fact is about, mostly `i`.
    pub subject: String,
    /// The relation's name in snake case, as in PersonaExt (`has_profession`).
    pub relation: String,
    /// The value, in words that occur in the utterance.
    pub object: String,
}

impl Triple {
    /// A triple from its three parts.
    pub fn new(
        subject: impl Into<String>,
        relation: impl Into<String>,
        object: impl Into<String>,
    ) -> Self {
        Triple { subject: subject.into(), relation: relation.into(), object: object.into() }
    }
}

impl From<[String; 3]> for Triple {
    fn from([subject, relation, object]: [String; 3]) -> Self {
        Triple { subject, relation, object }
    }
}

impl From<Triple> for [String; 3] {
    fn from(t: Triple) -> Self {
        [t.subject, t.relation, t.object]
    }
}

impl fmt::Display for Triple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}, {}, {}>", self.subject, self.relation, self.object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(first: Role, said: &[&str]) -> Session {
        let second = if first == Role::User { Role::Assistant } else { Role::User };
        let roles = [first, second].into_iter().cycle();
        let messages = said.iter().zip(roles).map(|(text, role)| Utterance::new(role, *text));
        Session { messages: messages.collect(), ..Session::default() }
    }

    #[test]
    fn replies_answer_something() {
        let a = session(Role::Assistant, &["hi !", "hello .", "bye ."]);
        assert_eq!(a.replies().collect::<Vec<_>>(), [2]);
        assert_eq!(a.said_by(Role::Assistant).collect::<Vec<_>>(), ["hi !", "bye ."]);
    }
}
