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
    /// The sentence encoder gave up, or gave something else than a row a text.
    #[error("the sentence encoder failed")]
    Encoder(#[source] BoxError),
    /// The language model behind an extractor gave up.
    #[error("the language model of the persona extractor failed")]
    Generator(#[source] BoxError),
    /// The language model broke its promise of one reply per prompt.
    #[error(
        "the language model of the persona extractor replied {replies} times to {prompts} prompts"
    )]
    Replies {
        /// The replies that came back.
        replies: usize,
        /// The prompts that were given.
        prompts: usize,
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
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
