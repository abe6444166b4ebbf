//! The paired t-test.

use serde::{Deserialize, Serialize};

use crate::bootstrap::differences;
use crate::special::incomplete_beta;
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

/// The two-sided paired t-test of equal means, as `scipy.stats.ttest_rel`.
/// Give one pair per person: replies of one person are not independent.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let test = idl_metrics::paired_t_test(&[1.0, 2.0, 4.0], &[0.0, 2.0, 1.0])?;
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
    let mean = differences.iter().sum::<f64>() / n as f64;
    let variance =
        differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (n - 1) as f64;
    if variance == 0.0 {
        return Err(Error::NoVariance { pairs: n, difference: mean });
    }
    let statistic = mean / (variance / n as f64).sqrt();
    let df = (n - 1) as f64;
    // P(|T| > t) = I_{df / (df + t^2)}(df / 2, 1 / 2)
    let p_value = incomplete_beta(df / 2.0, 0.5, df / (df + statistic * statistic));
    Ok(TTest { statistic, degrees_of_freedom: n - 1, p_value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_a_typed_error() {
        assert!(matches!(paired_t_test(&[1.0], &[2.0]), Err(Error::TooFew { found: 1, .. })));
        assert!(matches!(
            paired_t_test(&[1.0, 2.0], &[0.0, 1.0]),
            Err(Error::NoVariance { pairs: 2, .. })
        ));
    }
}
