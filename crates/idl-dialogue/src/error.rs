//! What can go wrong.

use thiserror::Error as ThisError;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate. Messages name the operands.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
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
}
