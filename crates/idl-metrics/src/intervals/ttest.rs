//! The paired t-test.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::spread::of_values;
use super::student::two_sided;
use crate::error::finite;
use crate::{Error, Result};

/// The outcome of a t-test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TTest {
    /// The t statistic, of the sign of the mean difference.
    pub statistic: f64,
    /// Degrees of freedom: one less than the pairs.
    pub degrees_of_freedom: usize,
    /// The two-sided p-value.
    pub p_value: f64,
}

impl TTest {
    pub(crate) fn new(statistic: f64, degrees_of_freedom: usize) -> Self {
        let p_value = two_sided(statistic, degrees_of_freedom as f64);
        TTest { statistic, degrees_of_freedom, p_value }
    }
}

/// `t(7) = 2.41, p = 0.047`; a p-value below 0.001 is said to be so.
impl fmt::Display for TTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t({}) = {:.2}, p ", self.degrees_of_freedom, self.statistic)?;
        if self.p_value < 0.001 { write!(f, "< 0.001") } else { write!(f, "= {:.3}", self.p_value) }
    }
}

/// The two-sided paired t-test of equal means, as `scipy.stats.ttest_rel`.
/// Give one pair per person: replies of one person are not independent.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let test = idl_metrics::intervals::paired_t_test(&[1.0, 2.0, 4.0], &[0.0, 2.0, 1.0])?;
/// assert!((test.statistic - 1.5118578920369088).abs() < 1e-12);
/// assert!((test.p_value - 0.26970325665977857).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Lengths`] where the sides differ, [`Error::TooFew`] for fewer than
/// two pairs, [`Error::NotFinite`], and [`Error::NoVariance`] where all
/// differences are equal (scipy answers with an infinity or NaN).
pub fn paired_t_test(left: &[f64], right: &[f64]) -> Result<TTest> {
    let differences = differences(left, right)?;
    let n = differences.len();
    if n < 2 {
        return Err(Error::TooFew { what: "pairs", found: n, needed: 2 });
    }
    let spread = of_values(&differences, scale(left).max(scale(right)))?;
    if spread.standard_error == 0.0 {
        return Err(Error::NoVariance { values: n, value: spread.estimate });
    }
    Ok(TTest::new(spread.estimate / spread.standard_error, n - 1))
}

/// `left - right`, refusing sides that do not match.
pub(crate) fn differences(left: &[f64], right: &[f64]) -> Result<Vec<f64>> {
    if left.len() != right.len() {
        return Err(Error::Lengths { what: "paired values", left: left.len(), right: right.len() });
    }
    let differences: Vec<f64> = left.iter().zip(right).map(|(a, b)| a - b).collect();
    finite("difference", &differences)?;
    Ok(differences)
}

/// The largest size of a value: what rounding goes by.
pub(crate) fn scale(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |scale: f64, v| scale.max(v.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_a_typed_error() {
        assert!(matches!(paired_t_test(&[1.0], &[2.0]), Err(Error::TooFew { found: 1, .. })));
        assert!(matches!(
            paired_t_test(&[1.0, 2.0], &[0.0, 1.0]),
            Err(Error::NoVariance { values: 2, .. })
        ));
        // Equal but for rounding: of the differences, and of their sum.
        assert!(matches!(
            paired_t_test(&[1.1, 2.2, 3.3], &[1.0, 2.1, 3.2]),
            Err(Error::NoVariance { values: 3, .. })
        ));
        assert!(paired_t_test(&[0.1; 3], &[0.0; 3]).is_err());
    }

    #[test]
    fn it_is_printed_with_its_degrees_of_freedom() {
        let test = paired_t_test(&[1.0, 2.0, 4.0], &[0.0, 2.0, 1.0]).unwrap();
        assert_eq!(test.to_string(), "t(2) = 1.51, p = 0.270");
        let test = paired_t_test(&[1.0, 1.1, 0.9, 1.0, 1.05], &[0.0; 5]).unwrap();
        assert!(test.to_string().ends_with("p < 0.001"), "{test}");
    }
}
