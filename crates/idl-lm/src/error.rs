//! What can go wrong between a checkpoint folder and a reply.

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
    /// A configuration contradicts itself.
    #[error("{}: {message}", path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// What does not fit.
        message: String,
    },
    /// A safetensors file is damaged.
    #[error("{}: not a valid safetensors file: {message}", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The tensors of a checkpoint are not those that its configuration asks
    /// for. Each list names every tensor concerned.
    #[error("{}: tensors do not fit the model:{}", path.display(), mismatch_text(missing, extra, duplicate, misshapen))]
    Tensors {
        /// The checkpoint.
        path: PathBuf,
        /// Asked for and not there.
        missing: Vec<String>,
        /// There and not asked for.
        extra: Vec<String>,
        /// In more than one shard, or in another than the index says.
        duplicate: Vec<String>,
        /// Of another shape: name, shape found, shape expected.
        misshapen: Vec<(String, Vec<i64>, Vec<i64>)>,
    },
    /// The device of [`LoadOptions`](crate::LoadOptions) is not there.
    #[error("device {device:?} is not there: choose another, or install a libtorch built for it")]
    Device {
        /// The device asked for.
        device: tch::Device,
    },
    /// The precision of [`LoadOptions`](crate::LoadOptions) is not one that a
    /// model computes in.
    #[error("weights of kind {kind:?}; supported: Float, BFloat16")]
    Precision {
        /// The precision asked for.
        kind: tch::Kind,
    },
    /// The tokenizer could not be loaded or refused a text.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// A tokenizer that gives ids beyond the model's embedding.
    #[error(
        "the tokenizer gives ids up to {largest}, the model's embedding has {vocabulary} rows: \
         they are not of one checkpoint"
    )]
    Vocabulary {
        /// The tokenizer's largest id.
        largest: i64,
        /// Rows of the embedding.
        vocabulary: i64,
    },
    /// The chat template could not be compiled or refused the messages.
    #[error("chat template: {0}")]
    Template(#[from] minijinja::Error),
    /// Tokens that the model cannot take.
    #[error("{0}")]
    Input(String),
    /// More tokens than the model has positions.
    #[error("{tokens} tokens do not fit into the model's {positions} positions")]
    TooLong {
        /// How many tokens there are.
        tokens: usize,
        /// How many the model takes.
        positions: usize,
    },
    /// No adapter of this name.
    #[error("no adapter named {name:?}; there are: {present}")]
    NoAdapter {
        /// The name asked for.
        name: String,
        /// The names there are.
        present: String,
    },
    /// LoRA settings that make no adapter.
    #[error("LoRA: {0}")]
    Lora(String),
    /// Parameters of decoding that make no sense.
    #[error("generation: {field} is {found}; expected {expected}")]
    Generation {
        /// The parameter.
        field: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// libtorch refused an operation.
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

fn mismatch_text(
    missing: &[String],
    extra: &[String],
    duplicate: &[String],
    misshapen: &[(String, Vec<i64>, Vec<i64>)],
) -> String {
    let mut text = String::new();
    for (what, names) in [("missing", missing), ("extra", extra), ("duplicate", duplicate)] {
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
