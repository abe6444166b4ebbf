//! A session with all that is known of it.

use idl_dialogue::{Role, Triple, Utterance};

use crate::embeddings::Embeddings;
use crate::error::{Error, Result};

/// A session of a person, as it is stored.
///
/// What was said and when makes the session; the rest is derived from it and
/// can be replaced (`OnConflict::Replace`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Unique within the person.
    pub id: String,
    /// When it began, in seconds since 1970, where that is known.
    pub time: Option<i64>,
    /// The messages in the order in which they were said. The person is
    /// [`Role::Assistant`].
    pub messages: Vec<Utterance>,
    /// What the session tells of the person.
    pub facts: Vec<Triple>,
    /// What stands for the person in this session, say the utterances that
    /// tell something; empty where there is none.
    pub persona: String,
    /// Vectors of the session and of the person's utterances.
    pub embeddings: Option<Embeddings>,
}

impl Record {
    /// A record of messages alone.
    pub fn new(id: impl Into<String>, messages: Vec<Utterance>) -> Self {
        Record { id: id.into(), messages, ..Record::default() }
    }

    /// The person's utterances, in order; `embeddings` has a vector for each.
    pub fn said(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.messages.iter().filter(|m| m.role == Role::Assistant).map(|m| m.content.as_str())
    }

    /// Refuses what could not be read back as it is.
    pub(crate) fn validate(&self) -> Result<()> {
        if self.id.is_empty() {
            return Err(Error::EmptyId { what: "session" });
        }
        let utterances = self.said().count();
        match &self.embeddings {
            Some(found) if found.len() != utterances => Err(Error::VectorCount {
                session: self.id.clone(),
                vectors: found.len(),
                utterances,
            }),
            _ => Ok(()),
        }
    }
}
