//! What can go wrong, and where.

use std::io;
use std::str::Utf8Error;

use thiserror::Error as ThisError;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate. Messages name the operands; the cause below, where
/// there is one, is [`source`](std::error::Error::source).
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be opened.
    #[error("{file}: cannot be opened")]
    Open {
        /// The file.
        file: String,
        /// The operating system's reason.
        source: io::Error,
    },

    /// Reading stopped in the middle.
    #[error("{file}:{line}: cannot be read")]
    Read {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The operating system's reason.
        source: io::Error,
    },

    /// A line is not text.
    #[error("{file}:{line}: expected UTF-8")]
    Encoding {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The first wrong byte.
        source: Utf8Error,
    },

    /// A line is not JSON, or not of the form asked for.
    #[error("{file}:{line}: expected a JSON object")]
    Json {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The parser's complaint.
        source: serde_json::Error,
    },

    /// A field is missing or holds something else than it should.
    #[error("{file}:{line}: field `{field}`: expected {expected}, found {found}")]
    Field {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The path of the field, such as `messages[2].role`.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },

    /// Writing failed.
    #[error("cannot write")]
    Write {
        /// The operating system's reason.
        source: io::Error,
    },

    /// A corpus has no dialogue of the split asked for.
    #[error("{file}: expected dialogues of split `{split}`, found none")]
    EmptySplit {
        /// The file.
        file: String,
        /// The split.
        split: String,
    },

    /// An argument is out of its range.
    #[error("`{name}`: expected {expected}, found {found}")]
    Argument {
        /// The argument.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },

    /// A session cannot be given to a person: it has no profile sentence.
    #[error("session `{session}`: field `profile`: expected a sentence or more, found none")]
    NoProfile {
        /// The session's id.
        session: String,
    },

    /// A session's profile is not among those that the persons were made of.
    #[error("session `{session}`: field `profile`: expected one of those that were grouped")]
    UnknownProfile {
        /// The session's id.
        session: String,
    },

    /// No session has this id.
    #[error("session `{session}`: there is no such session")]
    UnknownSession {
        /// The id asked for.
        session: String,
    },

    /// Two sessions have one id.
    #[error("session `{session}`: two sessions have this id")]
    DuplicateSession {
        /// The id.
        session: String,
    },

    /// The message asked for is not a reply of the person.
    #[error("session `{session}`: message {turn} is not a reply of the person")]
    NotAReply {
        /// The session's id.
        session: String,
        /// The position in its messages, counted from 0.
        turn: usize,
    },

    /// The other persons have said too little.
    #[error(
        "session `{session}`: expected {wanted} distractors, found {found} fit replies of others"
    )]
    TooFewReplies {
        /// The session's id.
        session: String,
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
}
