//! What can go wrong, and where.

use std::io;
use std::str::Utf8Error;

use thiserror::Error as ThisError;

/// What a session has in which the person is not silent.
pub(crate) const SPEAKS: &str = "a message of the person (`assistant`)";

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

    /// A file of LoCoMo that is not in the published form.
    #[error("{file}: {message}")]
    Locomo {
        /// The file.
        file: String,
        /// Which field is wrong, and how.
        message: String,
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

    /// A line has more bytes than a line may have; it was not taken into
    /// memory.
    #[error("{file}:{line}: expected at most {limit} bytes in the line, found more")]
    LongLine {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// How many bytes a line may have.
        limit: usize,
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

    /// A piece of a document is not of the format that it should be of. The
    /// reader says whether it goes on behind it.
    #[error("{file}:{line}: expected {format}")]
    Damaged {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What the file should be.
        format: &'static str,
        /// The parser's complaint.
        source: idl_dialogue::BoxError,
    },

    /// A conversation lists lines that the script does not have.
    #[error(
        "{file}:{line}: field `lines`: expected lines of the script, found {missing} that are \
         not in it, the first `{first}`"
    )]
    Incomplete {
        /// The file of conversations.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// How many of its lines the script lacks.
        missing: usize,
        /// The first of them.
        first: String,
    },

    /// The dates of a file can be read as day and month or as month and day.
    #[error(
        "{file}: all dates, such as `{example}`, can be read as day/month and as month/day: \
         the order must be given"
    )]
    AmbiguousDates {
        /// The file.
        file: String,
        /// A date of it whose readings differ.
        example: String,
    },

    /// Nobody in a chat has the name that the person should have.
    #[error("no message is from `{person}`; messages are from {senders}")]
    NobodyOfThatName {
        /// The name asked for.
        person: String,
        /// The names that there are, the most frequent first.
        senders: String,
    },

    /// A format has no way of writing what it was given.
    #[error("cannot be written: field `{field}`: expected {expected}, found {found}")]
    Unwritable {
        /// The path of the field, such as `turns[2].reply`.
        field: String,
        /// What the format can hold there.
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

impl Error {
    /// Whether reading is at its end. If it is not, one record was bad and the
    /// reader goes on behind it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self,
            Error::Encoding { .. }
                | Error::LongLine { .. }
                | Error::Json { .. }
                | Error::Field { .. }
                | Error::Damaged { .. }
                | Error::Incomplete { .. }
        )
    }

    /// What is wrong, without where: the same for all records with the same
    /// fault, so that they may be counted.
    ///
    /// ```
    /// let file = r#"{"messages": [{"role": "robot", "content": "hi !"}]}"#;
    /// let error = idl_corpora::chat::read(file.as_bytes(), "f").next().unwrap().unwrap_err();
    /// let reason = "`messages[].role`: expected `system`, `user` or `assistant`";
    /// assert_eq!(error.reason(), reason);
    /// ```
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Error::Encoding { .. } => String::from("expected UTF-8"),
            Error::LongLine { limit, .. } => format!("expected at most {limit} bytes in the line"),
            Error::Json { .. } => String::from("expected a JSON object"),
            Error::Damaged { format, .. } => format!("expected {format}"),
            Error::Incomplete { .. } => String::from("`lines`: expected lines of the script"),
            Error::Field { field, expected, .. } => {
                format!("`{}`: expected {expected}", without_positions(field))
            }
            other => other.to_string(),
        }
    }
}

/// The path of a field without the numbers between brackets.
fn without_positions(field: &str) -> String {
    let mut path = String::with_capacity(field.len());
    let mut inside = false;
    for c in field.chars() {
        inside &= c != ']';
        if !inside {
            path.push(c);
        }
        inside |= c == '[';
    }
    path
}
