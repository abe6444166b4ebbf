//! What can go wrong while a base model is made.

use tch::TchError;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of this crate; the message holds the operands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Conversations or a tokenizer of which nothing can be made.
    #[error("{0}")]
    Data(String),

    /// A setting that lies outside its range.
    #[error("{setting} is {value}, but must be {requirement}")]
    InvalidSetting {
        /// The setting, by its name in a configuration.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// The range it must lie in.
        requirement: &'static str,
    },

    /// An example was refused.
    #[error(transparent)]
    Train(#[from] idl_train::Error),

    /// The language model failed.
    #[error(transparent)]
    Lm(#[from] idl_lm::Error),

    /// libtorch refused an operation.
    #[error(transparent)]
    Torch(#[from] TchError),
}

/// What the trainer is told when a stream or a measure fails in its loop.
impl From<Error> for idl_train::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Data(message) => idl_train::Error::Data(message),
            Error::InvalidSetting { setting, value, requirement } => {
                idl_train::Error::InvalidSetting { setting, value, requirement }
            }
            Error::Train(error) => error,
            Error::Lm(error) => idl_train::Error::Lm(error),
            Error::Torch(error) => idl_train::Error::Torch(error),
        }
    }
}

/// An [`Error::InvalidSetting`] unless `ok`.
pub(crate) fn require(
    ok: bool,
    setting: &'static str,
    value: f64,
    requirement: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::InvalidSetting { setting, value, requirement }) }
}
