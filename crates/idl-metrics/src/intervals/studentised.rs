//! The studentised bootstrap: quantiles of t statistics of drawn persons.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::spread::Spread;
use crate::{Error, Result};

/// How far the estimate may lie from the truth, in standard errors: the
/// interval is from `estimate - above * se` to `estimate - below * se`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ends {
    pub(crate) below: f64,
    pub(crate) above: f64,
}

/// The ends by `resamples` samples of `persons` persons; `of` tells estimate
/// and standard error of a sample, and `whole` are those of all.
pub(crate) fn ends(
    persons: usize,
    whole: Spread,
    level: f64,
    resamples: usize,
    seed: u64,
    mut of: impl FnMut(&[usize]) -> Result<Spread>,
) -> Result<Ends> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut drawn = vec![0; persons];
    let mut statistics = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.iter_mut().for_each(|person| *person = rng.gen_range(0..persons));
        let sample = of(&drawn)?;
        let off = sample.estimate - whole.estimate;
        // A sample of one person over and over is as far off as can be, unless
        // it is not off at all.
        let on = off.abs() <= 8.0 * f64::EPSILON * whole.estimate.abs();
        statistics.push(if on { 0.0 } else { off / sample.standard_error });
    }
    statistics.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let (below, above) = (quantile(&statistics, tail), quantile(&statistics, 1.0 - tail));
    if below.is_finite() && above.is_finite() {
        Ok(Ends { below, above })
    } else {
        Err(Error::Unbounded { persons, level })
    }
}

/// The `q`-quantile of sorted values, linear between neighbours (numpy's
/// default); not finite where a neighbour that counts is not.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * sorted.len().saturating_sub(1) as f64;
    let (below, share) = (place.floor(), place.fract());
    let at = |i: f64| sorted.get(i as usize).copied().unwrap_or(f64::NAN);
    if share == 0.0 { at(below) } else { at(below) * (1.0 - share) + at(below + 1.0) * share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[5.0], 0.3), 5.0);
        assert_eq!(quantile(&[1.0, 2.0, f64::INFINITY], 0.5), 2.0);
        assert!(!quantile(&[1.0, 2.0, f64::INFINITY], 0.6).is_finite());
        assert!(!quantile(&[], 0.5).is_finite());
    }
}
