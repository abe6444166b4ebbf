//! What can go wrong between a model folder and what rust-bert makes of it.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of this crate; the message holds the operands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: could not be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A JSON file does not hold what it should.
    #[error("{}: not the JSON that was expected", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why, with line and column.
        source: serde_json::Error,
    },
    /// A configuration asks for something that rust-bert does not compute, or
    /// computes otherwise.
    #[error("{}: {field} is {found}; supported: {supported}", path.display())]
    Unsupported {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        field: &'static str,
        /// Its value.
        found: String,
        /// The values that would do.
        supported: &'static str,
    },
    /// The files of a folder contradict themselves or each other.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
    /// An option that makes no sense.
    #[error("{field} is {found}; expected {expected}")]
    Option {
        /// The option.
        field: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// A safetensors file is damaged.
    #[error("{}: not a valid safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: tch::TchError,
    },
    /// The tensors of a checkpoint are not those that its configuration asks
    /// for.
    #[error("{}: tensors do not fit the model: {}", path.display(), misfits.join("; "))]
    Tensors {
        /// The checkpoint.
        path: PathBuf,
        /// Each tensor that is missing, extra or of another shape, with what is
        /// wrong with it.
        misfits: Vec<String>,
    },
    /// A `tokenizer.json` could not be loaded.
    #[error("{}: not a tokenizer that can be loaded", path.display())]
    TokenizerFile {
        /// The file.
        path: PathBuf,
        /// What the tokenizers crate said.
        source: tokenizers::Error,
    },
    /// The tokenizer refused a text.
    #[error("the tokenizer refused a text")]
    Tokenizer(#[source] tokenizers::Error),
    /// A text came out as a vector that has no direction: the weights hold
    /// values that are not finite, or overflow in the precision asked for.
    #[error("text {index} was encoded as a vector of length {length}, which has no direction")]
    NoDirection {
        /// The position of the text among those given.
        index: usize,
        /// The length of its vector before normalisation: 0 or not finite.
        length: f64,
    },
    /// A prompt that the language model has no room for.
    #[error("prompt {index} has {tokens} tokens; between 1 and {most} can be continued")]
    Prompt {
        /// The position of the prompt among those given.
        index: usize,
        /// Its length.
        tokens: usize,
        /// The longest that leaves room for a token.
        most: usize,
    },
    /// libtorch refused an operation.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
    /// rust-bert refused a folder or a text.
    #[error("rust-bert failed")]
    RustBert(#[from] rust_bert::RustBertError),
    /// rust-bert panicked, which it does where it finds a file other than it
    /// expects.
    #[error("rust-bert panicked: {0}")]
    RustBertPanic(String),
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}

/// Reads a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    serde_json::from_slice(&bytes).map_err(|source| Error::Json { path: path.to_owned(), source })
}
