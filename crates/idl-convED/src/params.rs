//! The costs of the three edits, checked once.

use crate::{ParamsError, Result};

/// Unchecked parameters; [`check`](Self::check) turns them into a [`ConvEd`].
///
/// | parameter | default | domain |
/// |---|---|---|
/// | [`lambda`](Self::lambda) | 5 (the paper; its released code has 1) | finite, >= 0 |
/// | [`insertion`](Self::insertion) | 1 | finite, >= 0 |
/// | [`deletion`](Self::deletion) | 1 | finite, >= 0 |
/// | [`normalize`](Self::normalize) | `false` | |
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "parameters do nothing until they are checked"]
pub struct ConvEdParams {
    lambda: f64,
    insertion: f64,
    deletion: f64,
    normalize: bool,
}

impl Default for ConvEdParams {
    fn default() -> Self {
        ConvEdParams { lambda: 5.0, insertion: 1.0, deletion: 1.0, normalize: false }
    }
}

impl ConvEdParams {
    /// The weight of a substitution: two utterances of one role cost
    /// `lambda * (1 - cos)`.
    pub fn lambda(mut self, lambda: f64) -> Self {
        self.lambda = lambda;
        self
    }

    /// The cost of inserting an utterance.
    pub fn insertion(mut self, cost: f64) -> Self {
        self.insertion = cost;
        self
    }

    /// The cost of deleting an utterance.
    pub fn deletion(mut self, cost: f64) -> Self {
        self.deletion = cost;
        self
    }

    /// Whether distances are divided by the number of utterances of both
    /// sessions together, which puts them into `[0, 1]` at unit costs.
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::Params`](crate::Error::Params) names the first parameter
    /// outside its domain.
    pub fn check(self) -> Result<ConvEd> {
        let cost = |x: f64| x.is_finite() && x >= 0.0;
        if !cost(self.lambda) {
            return Err(ParamsError::Lambda(self.lambda).into());
        }
        if !cost(self.insertion) {
            return Err(ParamsError::Insertion(self.insertion).into());
        }
        if !cost(self.deletion) {
            return Err(ParamsError::Deletion(self.deletion).into());
        }
        Ok(ConvEd(self))
    }
}

/// The conversational edit distance with checked parameters.
///
/// All distances are computed by methods of this type; see the
/// [crate's documentation](crate) for what they mean.
///
/// ```
/// use idl_conved::ConvEd;
///
/// let paper = ConvEd::default(); // lambda 5, unit insertions and deletions
/// let released = ConvEd::params().lambda(1.0).check()?;
/// assert_eq!((paper.lambda(), released.lambda()), (5.0, 1.0));
/// assert!(ConvEd::params().insertion(-1.0).check().is_err());
/// # Ok::<(), idl_conved::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConvEd(ConvEdParams);

impl ConvEd {
    /// Parameters to change and check; they start as the paper's.
    pub fn params() -> ConvEdParams {
        ConvEdParams::default()
    }

    /// The weight of a substitution.
    #[must_use]
    pub fn lambda(&self) -> f64 {
        self.0.lambda
    }

    /// The cost of an insertion.
    #[must_use]
    pub fn insertion(&self) -> f64 {
        self.0.insertion
    }

    /// The cost of a deletion.
    #[must_use]
    pub fn deletion(&self) -> f64 {
        self.0.deletion
    }

    /// Whether distances are divided by the number of utterances.
    #[must_use]
    pub fn is_normalized(&self) -> bool {
        self.0.normalize
    }

    /// The reported distance, given the raw one and the lengths of both
    /// sessions. Two empty sessions are at distance 0 either way.
    pub(crate) fn scale(&self, raw: f64, m: usize, n: usize) -> f64 {
        if self.0.normalize && m + n > 0 { raw / (m + n) as f64 } else { raw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn autotraits() {
        fn all<T: Send + Sync + Unpin + Copy>() {}
        all::<ConvEd>();
        all::<ConvEdParams>();
        all::<Error>();
    }

    #[test]
    fn every_rule_has_its_error() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            for (params, name) in [
                (ConvEd::params().lambda(bad), "lambda"),
                (ConvEd::params().insertion(bad), "insertion"),
                (ConvEd::params().deletion(bad), "deletion"),
            ] {
                let Err(Error::Params(e)) = params.check() else { panic!("{bad} passed") };
                assert!(e.to_string().contains(name), "{e}");
                assert!(e.to_string().contains(&bad.to_string()), "{e}");
            }
        }
    }
}
