//! What can go wrong while learning.

use std::io;
use std::path::PathBuf;

use idl_dialogue::BoxError;
use tch::TchError;

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
        source: io::Error,
    },

    /// A conversation that cannot be made into an example.
    #[error("conversation {id}: {message}")]
    Conversation {
        /// The conversation's id.
        id: String,
        /// What is wrong with it.
        message: String,
    },

    /// Data from which nothing can be built.
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

    /// A step of training failed; nothing was changed by it.
    #[error("step {step}, examples {examples}")]
    Step {
        /// The step, from 1.
        step: u64,
        /// The ids of the step's examples.
        examples: String,
        /// What failed.
        source: Box<Error>,
    },

    /// The loss of an example is NaN or infinite.
    #[error("the loss of example {example} is {value} in step {step}")]
    NonFiniteLoss {
        /// The step, from 1.
        step: u64,
        /// The example's id.
        example: String,
        /// The loss.
        value: f64,
    },

    /// A gradient is NaN or infinite; nothing has been changed.
    #[error("the gradient norm is {norm}; {parameter} is the first parameter to blame")]
    NonFiniteGradient {
        /// The total norm.
        norm: f64,
        /// The first parameter whose own gradient norm is not finite.
        parameter: String,
    },

    /// A tensor that cannot be optimised.
    #[error("parameter {name} {problem}")]
    Trainable {
        /// The parameter's name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },

    /// Optimiser state could not be read or written.
    #[error("{}: optimiser state could not be read or written", path.display())]
    OptimizerFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TchError,
    },

    /// Optimiser state that does not belong to these parameters.
    #[error("{}: {tensor} {problem}", path.display())]
    OptimizerState {
        /// The file.
        path: PathBuf,
        /// The tensor in it.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A line of training data that is no row.
    #[error("{}:{line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it, with the field.
        problem: String,
    },

    /// A checkpoint that is not what was written.
    #[error("{}: {file}: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The file in it.
        file: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A checkpoint that records its run in another form, so that nothing tells
    /// whether it is of this run.
    #[error(
        "{}: its record of the run is of form {found}, this version reads form {expected}: go on \
         with the version that wrote it, or start anew in another folder",
        path.display()
    )]
    ResumeVersion {
        /// The checkpoint's folder.
        path: PathBuf,
        /// The form that it has; 1 is one hash over everything.
        found: u32,
        /// The form that is read here.
        expected: u32,
    },

    /// The reference that a loss compares with would not stay what it is.
    #[error("{reference} cannot be compared with {trained} while it is trained: {remedy}")]
    MovingReference {
        /// What is trained.
        reference: String,
        /// What it would be compared with.
        trained: &'static str,
        /// What can be done instead.
        remedy: &'static str,
    },

    /// A checkpoint of another run: going on from it would be neither run. The
    /// message names every setting that differs, with both values.
    #[error("{}: {problem}", path.display())]
    Resume {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What differs.
        problem: String,
    },

    /// A line of a training log that is no record.
    #[error("{}:{line}: not a log record", path.display())]
    LogLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },

    /// The sentence encoder failed.
    #[error("the sentence encoder failed")]
    Encoder(#[source] BoxError),

    /// The model that writes rejected replies failed.
    #[error("the text generator failed")]
    Generator(#[source] BoxError),

    /// Persona extraction failed.
    #[error(transparent)]
    Persona(#[from] idl_persona_ext::Error),

    /// The preference loss refused its input.
    #[error(transparent)]
    Loss(#[from] idl_dpoc_loss::Error),

    /// The language model failed.
    #[error(transparent)]
    Lm(#[from] idl_lm::Error),

    /// libtorch refused an operation.
    #[error(transparent)]
    Torch(#[from] TchError),
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
