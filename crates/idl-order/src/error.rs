//! What can be wrong with a distance matrix.

use thiserror::Error;

use crate::Policy;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why sessions could not be ordered.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The matrix has not as many rows as columns.
    #[error("the distance matrix must be square, not {rows} x {columns}")]
    NotSquare {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A distance off the diagonal is negative, NaN, infinite or above 1e300.
    #[error(
        "the distance from session {row} to session {column} is {value}; it must be a number from 0 to 1e300"
    )]
    Distance {
        /// The row of the entry.
        row: usize,
        /// The column of the entry.
        column: usize,
        /// The offending value.
        value: f64,
    },
    /// `to_target` has not one entry for each session.
    #[error("there are {found} distances to the target for {sessions} sessions")]
    TargetLength {
        /// The number of sessions.
        sessions: usize,
        /// The number of entries of `to_target`.
        found: usize,
    },
    /// A distance to the target is negative, NaN, infinite or above 1e300.
    #[error(
        "the distance of session {session} to the target is {value}; it must be a number from 0 to 1e300"
    )]
    TargetDistance {
        /// The session.
        session: usize,
        /// The offending value.
        value: f64,
    },
    /// The policy orders sessions by their distance to a target.
    #[error("the policy `{0}` needs the distances to the target")]
    TargetMissing(Policy),
}
