//! What can go wrong between an extractor and its caller.

use idl_dialogue::BoxError;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The extractor gave up.
    #[error("the persona extractor failed")]
    Extractor(#[source] BoxError),
    /// The extractor broke its promise of one answer per utterance.
    #[error("the persona extractor answered {answers} times for {utterances} utterances")]
    Answers {
        /// The answers that came back.
        answers: usize,
        /// The utterances that were asked about.
        utterances: usize,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
