//! What can go wrong between a text and its vector.

use std::path::PathBuf;

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
    /// A configuration asks for something this crate does not implement.
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
    #[cfg(feature = "tch")]
    #[error("{}: not a valid safetensors file", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: tch::TchError,
    },
    /// The tensors of a checkpoint are not those that its configuration asks
    /// for. Each list names every tensor concerned.
    #[error("{}: tensors do not fit the model:{}", path.display(), mismatch_text(missing, extra, misshapen))]
    Tensors {
        /// The checkpoint.
        path: PathBuf,
        /// Asked for and not there.
        missing: Vec<String>,
        /// There and not asked for.
        extra: Vec<String>,
        /// Of another shape: name, shape found, shape expected.
        misshapen: Vec<(String, Vec<i64>, Vec<i64>)>,
    },
    /// A `tokenizer.json` could not be loaded.
    #[cfg(feature = "tch")]
    #[error("{}: not a tokenizer that can be loaded", path.display())]
    TokenizerFile {
        /// The file.
        path: PathBuf,
        /// What the tokenizers crate said.
        source: tokenizers::Error,
    },
    /// The tokenizer refused a text.
    #[cfg(feature = "tch")]
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
    /// An encoder behind [`CachedEncoder`](crate::CachedEncoder) failed.
    #[error("encoder {name:?} failed")]
    Encoder {
        /// What the encoder is called.
        name: String,
        /// What it said.
        source: idl_dialogue::BoxError,
    },
    /// An encoder gave another number of rows or components than it should.
    #[error("encoder {name:?} gave {found:?} rows and components, expected {expected:?}")]
    EncoderShape {
        /// What the encoder is called.
        name: String,
        /// Rows and components that it gave.
        found: (usize, usize),
        /// Texts that it was given, and its dimension.
        expected: (usize, usize),
    },
    /// libtorch refused an operation.
    #[cfg(feature = "tch")]
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

fn mismatch_text(
    missing: &[String],
    extra: &[String],
    misshapen: &[(String, Vec<i64>, Vec<i64>)],
) -> String {
    let mut text = String::new();
    for (what, names) in [("missing", missing), ("extra", extra)] {
        if !names.is_empty() {
            text.push_str(&format!(" {what}: {};", names.join(", ")));
        }
    }
    for (name, found, expected) in misshapen {
        text.push_str(&format!(" {name} is {found:?}, expected {expected:?};"));
    }
    text
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }
}
