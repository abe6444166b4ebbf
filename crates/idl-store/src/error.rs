//! What can be wrong with records, and with the place that they are kept in.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A person or a session that is called nothing.
    #[error("the id of a {what} is empty")]
    EmptyId {
        /// `person` or `session`.
        what: &'static str,
    },
    /// A session that the person has with other messages or another time.
    #[error("session `{session}` of person `{person}` is stored with other content")]
    Conflict {
        /// The person.
        person: String,
        /// The session's id.
        session: String,
    },
    /// A replacement that would make a double of another session.
    #[error("session `{session}` of person `{person}` would have the content of `{other}`")]
    Double {
        /// The person.
        person: String,
        /// The session that was to be replaced.
        session: String,
        /// The session that has this content already.
        other: String,
    },
    /// Vectors of another number of utterances than the person has said.
    #[error("{vectors} vectors for the {utterances} utterances of the person in `{session}`")]
    VectorCount {
        /// The session's id.
        session: String,
        /// The number of vectors of utterances.
        vectors: usize,
        /// The number of the person's utterances.
        utterances: usize,
    },
    /// Vectors of several sizes, or of none.
    #[error("a vector of {found} components: expected {expected}")]
    Dimensions {
        /// The number of components found.
        found: usize,
        /// What was expected.
        expected: usize,
    },
    /// A vector that is not of unit length.
    #[error("a vector of length {length}: expected unit length")]
    Length {
        /// Its length; NaN or infinite where a component is.
        length: f32,
    },
    /// A session whose stored content is not what was stored.
    #[error("session `{session}` of person `{person}` is damaged: {problem}")]
    Damaged {
        /// The person.
        person: String,
        /// The session's id.
        session: String,
        /// What was found.
        problem: String,
    },
    /// A database that is damaged outside its sessions, or beyond reading.
    #[error("the database is damaged: {problem}")]
    Corrupt {
        /// What was found.
        problem: String,
        /// What SQLite said, where it did.
        source: Option<rusqlite::Error>,
    },
    /// A file that is no store.
    #[error("{} is not a store of sessions", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A store that a later release has written.
    #[error("{} has schema {found}; this release knows {known} and earlier", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version known.
        known: i64,
    },
    /// A file system that cannot hold a write-ahead log.
    #[error("{} keeps its journal as `{found}`: expected `wal`", path.display())]
    NoLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that SQLite chose.
        found: String,
    },
    /// No room left, on the disk or under the store's limit. Nothing of the
    /// transaction was written.
    #[error("no room left in the store or on its disk")]
    Full(#[source] rusqlite::Error),
    /// Others used the store for longer than the time-out.
    #[error("the store is in use by another connection")]
    Busy(#[source] Option<rusqlite::Error>),
    /// The sessions are gone, their bytes may still be in the files: `purge`
    /// again, or open the store again.
    #[error("the sessions were removed, but their bytes may remain until the next purge")]
    Traces(#[source] Box<Error>),
    /// The folder could not be made or read.
    #[error("{}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite failed otherwise.
    #[error("SQLite failed")]
    Sqlite(#[source] rusqlite::Error),
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Error::Io { path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(problem: impl Into<String>) -> Self {
        Error::Corrupt { problem: problem.into(), source: None }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        match (error.sqlite_error_code(), &error) {
            (Some(ErrorCode::DiskFull), _) => Error::Full(error),
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
                Error::Busy(Some(error))
            }
            // Values that STRICT tables do not let in; rows that must be there.
            (Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _)
            | (
                _,
                Sql::FromSqlConversionFailure(..)
                | Sql::IntegralValueOutOfRange(..)
                | Sql::Utf8Error(..)
                | Sql::InvalidColumnType(..)
                | Sql::QueryReturnedNoRows,
            ) => Error::Corrupt { problem: error.to_string(), source: Some(error) },
            _ => Error::Sqlite(error),
        }
    }
}
