//! What can be wrong with a configuration or a batch.

use tch::TchError;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything this crate refuses, with the operands that made it refuse.
///
/// Tensors are named by the field they came in, for example
/// `policy.criterion` or `tokens.rejected`; examples are counted from zero.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter of the loss lies outside its range.
    #[error("{loss}: `{parameter}` is {value}, but must be {requirement}")]
    InvalidParameter {
        /// The loss, by its name in a configuration.
        loss: &'static str,
        /// The parameter's field name.
        parameter: &'static str,
        /// What it was set to.
        value: f64,
        /// The range it must lie in.
        requirement: &'static str,
    },

    /// `criterion_penalty` was set on a loss that has a criterion term already.
    #[error(
        "{loss} has a criterion term of its own: leave `criterion_penalty` out (it is {penalty})"
    )]
    PenaltyTwice {
        /// The loss, by its name in a configuration.
        loss: &'static str,
        /// The second penalty.
        penalty: f64,
    },

    /// The loss ranks a criterion completion, but `tensor` is `None`.
    #[error("{loss} needs a criterion completion, but `{tensor}` is missing")]
    MissingCriterion {
        /// What asked for it.
        loss: &'static str,
        /// The absent tensor.
        tensor: &'static str,
    },

    /// The loss compares with a reference model, but the batch has none.
    #[error("{loss} needs the reference model's log-probabilities, but `reference` is missing")]
    MissingReference {
        /// What asked for it.
        loss: &'static str,
    },

    /// The loss averages over tokens, but `tensor` is `None`.
    #[error("{loss} averages over tokens, but `{tensor}` is missing")]
    MissingTokenCounts {
        /// What asked for it.
        loss: &'static str,
        /// The absent tensor.
        tensor: &'static str,
    },

    /// A tensor is not of shape `[B]`, with the B of `policy.chosen`.
    #[error("`{tensor}` has shape {shape:?}, expected [{}]", batch.map_or_else(|| "B".to_owned(), |b| b.to_string()))]
    Shape {
        /// The tensor.
        tensor: &'static str,
        /// Its shape.
        shape: Vec<i64>,
        /// The batch size, where `policy.chosen` has set one.
        batch: Option<i64>,
    },

    /// The batch holds no examples; its mean loss would be NaN.
    #[error("the batch is empty")]
    EmptyBatch,

    /// A completion has no tokens: it was truncated away, or its mask is wrong.
    #[error("example {example}: `{tensor}` is {count}, but a completion has at least one token")]
    EmptyCompletion {
        /// The tensor of counts.
        tensor: &'static str,
        /// The row.
        example: usize,
        /// The count found there.
        count: f64,
    },

    /// A log-probability is NaN or infinite.
    #[error("example {example}: `{tensor}` is {value}")]
    NonFinite {
        /// The tensor.
        tensor: &'static str,
        /// The row.
        example: usize,
        /// The value found there.
        value: f64,
    },

    /// A mean log-probability is above zero by more than rounding explains, so
    /// that its odds do not exist. (A negative log-likelihood passed for a
    /// log-probability looks like this.)
    #[error("example {example}: the mean log-probability of `{tensor}` is {value}, above zero")]
    NotALogProbability {
        /// The tensor.
        tensor: &'static str,
        /// The row.
        example: usize,
        /// The mean found there.
        value: f64,
    },

    /// libtorch refused an operation, for example because tensors lie on
    /// different devices.
    #[error("libtorch: {0}")]
    Torch(#[from] TchError),
}
