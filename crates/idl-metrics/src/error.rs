//! What keeps a score from being computed.

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its range.
    #[error("parameter {name} = {value}: expected {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Too little to compute a statistic from.
    #[error("{what}: {found} given, at least {needed} needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// Two lists that belong together differ in length.
    #[error("{left} {what} on one side, {right} on the other")]
    Lengths {
        /// Of what.
        what: &'static str,
        /// On the one side.
        left: usize,
        /// On the other.
        right: usize,
    },
    /// A NaN or an infinity where a number is needed.
    #[error("{what} {index} is {value}: it must be finite")]
    NotFinite {
        /// Of what.
        what: &'static str,
        /// Its position.
        index: usize,
        /// What was found there.
        value: f64,
    },
    /// An index beyond the end.
    #[error("{what} {index} of {length}")]
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The index.
        index: usize,
        /// The number there are.
        length: usize,
    },
    /// All values or differences are equal, or all persons leave a statistic
    /// where it is: a t statistic would divide by zero.
    #[error("the {values} values are all {value}: their variance is 0")]
    NoVariance {
        /// How many there are.
        values: usize,
        /// The one value.
        value: f64,
    },
    /// A studentised bootstrap whose samples are too often of one person, or of
    /// persons who do not differ.
    #[error("a studentised bootstrap over {persons} persons has no end at level {level}")]
    Unbounded {
        /// How many persons there are.
        persons: usize,
        /// The level asked for.
        level: f64,
    },
    /// Accumulators of different settings cannot be merged.
    #[error("cannot merge `{right}` into `{left}`")]
    Merge {
        /// The signature of the accumulator that was to grow.
        left: String,
        /// The signature of the other.
        right: String,
    },
    /// A model behind a trait gave up.
    #[error("model {model} failed")]
    Model {
        /// The model's name.
        model: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync + 'static>,
    },
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(feature = "traits")]
impl Error {
    /// What a model behind a trait has failed of.
    pub(crate) fn model(model: &str, source: idl_dialogue::BoxError) -> Self {
        Error::Model { model: model.to_owned(), source }
    }
}

/// Refuses a value that is not finite.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        Some((index, &value)) => Err(Error::NotFinite { what, index, value }),
        None => Ok(()),
    }
}
