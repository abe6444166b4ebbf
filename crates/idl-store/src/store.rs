//! What a store of sessions does, wherever it keeps them.

use crate::error::Result;
use crate::record::Record;

/// What to do with a session whose id the person has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// What is stored stays. Other messages or another time are an
    /// [`Error::Conflict`](crate::Error::Conflict).
    #[default]
    Refuse,
    /// What is given takes its place, wherever they differ: in messages, time,
    /// facts, persona or vectors.
    Replace,
}

/// What became of a session that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is stored.
    Added,
    /// It was stored already.
    Unchanged,
    /// It is stored in place of what had this id.
    Replaced,
    /// Nothing is stored: the person has the same messages at the same time
    /// under this other id.
    SameAs(String),
}

/// Sessions of persons, kept beyond the process. Object safe.
///
/// Each method sees one consistent state; each that writes is one transaction:
/// after an error nothing of it is stored, and what has returned is kept
/// through a crash.
pub trait SessionStore: Send {
    /// Adds sessions behind those that the person has. `O(sessions log n)`.
    ///
    /// # Errors
    /// [`Error::EmptyId`](crate::Error::EmptyId),
    /// [`Error::VectorCount`](crate::Error::VectorCount),
    /// [`Error::Conflict`](crate::Error::Conflict) and
    /// [`Error::Double`](crate::Error::Double) for what is given,
    /// [`Error::Full`](crate::Error::Full) and
    /// [`Error::Busy`](crate::Error::Busy) for the place. After
    /// [`Error::Traces`](crate::Error::Traces) alone everything is stored:
    /// what was replaced may remain in the files.
    fn add(
        &mut self,
        person: &str,
        sessions: &[Record],
        on_conflict: OnConflict,
    ) -> Result<Vec<Outcome>>;

    /// Forgets sessions, without a trace, and says how many there were;
    /// unknown ids count for nothing. A person without sessions is forgotten,
    /// too. `O(size of the store)`: pass several at once.
    ///
    /// # Errors
    /// [`Error::Traces`](crate::Error::Traces) where they are gone but their
    /// bytes may remain: to remove them again does nothing, the next removal or
    /// opening of the store does. Others where they are not gone.
    fn remove(&mut self, person: &str, sessions: &[&str]) -> Result<usize>;

    /// The ids of all persons, in the order in which they came.
    ///
    /// # Errors
    /// Those of the place.
    fn persons(&self) -> Result<Vec<String>>;

    /// The ids of a person's sessions in the order in which they were added;
    /// none for a person who is not known. Contents are not read.
    ///
    /// # Errors
    /// Those of the place.
    fn sessions(&self, person: &str) -> Result<Vec<String>>;

    /// The number of a person's sessions.
    ///
    /// # Errors
    /// Those of the place.
    fn len(&self, person: &str) -> Result<usize>;

    /// One session, if the person has it. `O(log n)` and its size.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged) where it is not what was
    /// stored.
    fn load(&self, person: &str, session: &str) -> Result<Option<Record>>;

    /// All sessions of a person, one after the other, in the order of
    /// [`sessions`](Self::sessions).
    ///
    /// # Errors
    /// As [`load`](Self::load); `visit` has seen those before it by then.
    fn visit(&self, person: &str, visit: &mut dyn FnMut(Record)) -> Result<()>;

    /// Reads and verifies everything. `O(size of the store)`.
    ///
    /// # Errors
    /// The first damage: [`Error::Damaged`](crate::Error::Damaged) for that of
    /// a session, [`Error::Corrupt`](crate::Error::Corrupt) for any other.
    fn check(&self) -> Result<()>;
}
