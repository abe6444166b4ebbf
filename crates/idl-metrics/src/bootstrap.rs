//! Percentile intervals by resampling persons.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::error::finite;
use crate::likelihood::mean;
use crate::{Error, Result};

/// The bootstrap over persons: a person's replies depend on each other, so the
/// person is what is drawn, with replacement, and all their replies with them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bootstrap {
    /// How often a sample of persons is drawn.
    pub resamples: usize,
    /// The confidence level, such as 0.95.
    pub level: f64,
    /// The seed: the same one gives the same interval.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 10,000 samples, 95 %, seed 0.
    fn default() -> Self {
        Bootstrap { resamples: 10_000, level: 0.95, seed: 0 }
    }
}

/// An estimate and its percentile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic of the persons as they are.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The confidence level.
    pub level: f64,
}

/// A mean difference between paired numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedInterval {
    /// The mean of `left - right` and its interval.
    pub difference: Interval,
    /// Two-sided p-value of no difference: twice the smaller share of samples
    /// on either side of 0, with one added to both counts so that it is
    /// never 0, and at most 1.
    pub p_value: f64,
}

impl Bootstrap {
    /// The interval of the mean of one number per person.
    ///
    /// # Errors
    /// As [`statistic`](Self::statistic), and [`Error::NotFinite`] for a
    /// number that is not finite.
    pub fn mean(&self, values: &[f64]) -> Result<Interval> {
        finite("person's value", values)?;
        self.statistic(values.len(), |persons| mean_of(values, persons))
    }

    /// The mean of `left - right` over persons, its interval and p-value: the
    /// same persons are drawn on both sides.
    ///
    /// ```
    /// use idl_metrics::Bootstrap;
    ///
    /// # fn main() -> Result<(), idl_metrics::Error> {
    /// let (a, b) = ([3.1, 2.9, 3.4, 3.0], [2.8, 2.7, 3.0, 2.9]);
    /// let result = Bootstrap::default().paired(&a, &b)?;
    /// assert!((result.difference.estimate - 0.25).abs() < 1e-12);
    /// assert!(result.difference.low > 0.0 && result.p_value < 0.05);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`mean`](Self::mean), and [`Error::Lengths`] where the sides differ.
    pub fn paired(&self, left: &[f64], right: &[f64]) -> Result<PairedInterval> {
        let differences = differences(left, right)?;
        let n = differences.len();
        let (estimate, samples) = self.samples(n, |persons| mean_of(&differences, persons))?;
        let below = samples.iter().filter(|&&d| d <= 0.0).count();
        let above = samples.iter().filter(|&&d| d >= 0.0).count();
        let p_value = 2.0 * (below.min(above) + 1) as f64 / (samples.len() + 1) as f64;
        Ok(PairedInterval {
            difference: self.interval(estimate, &samples),
            p_value: p_value.min(1.0),
        })
    }

    /// The interval of any statistic of `persons` persons, given as a function
    /// of the drawn persons' indices (the first call draws each once). For
    /// what is no mean over persons, such as corpus BLEU or a micro average.
    ///
    /// Time O(resamples * (persons + the function)).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a level outside (0, 1) or no resamples,
    /// [`Error::TooFew`] for fewer than two persons, [`Error::NotFinite`]
    /// where the statistic is not finite.
    pub fn statistic(
        &self,
        persons: usize,
        statistic: impl FnMut(&[usize]) -> f64,
    ) -> Result<Interval> {
        let (estimate, samples) = self.samples(persons, statistic)?;
        Ok(self.interval(estimate, &samples))
    }

    /// The statistic itself, and that of each sample, sorted.
    fn samples(
        &self,
        persons: usize,
        mut statistic: impl FnMut(&[usize]) -> f64,
    ) -> Result<(f64, Vec<f64>)> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::Parameter {
                name: "level",
                value: self.level.to_string(),
                expected: "between 0 and 1",
            });
        }
        if self.resamples == 0 {
            return Err(Error::Parameter {
                name: "resamples",
                value: "0".into(),
                expected: "at least 1",
            });
        }
        if persons < 2 {
            return Err(Error::TooFew { what: "persons", found: persons, needed: 2 });
        }
        let mut drawn: Vec<usize> = (0..persons).collect();
        let estimate = statistic(&drawn);
        finite("estimate", &[estimate])?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut samples = Vec::with_capacity(self.resamples);
        for _ in 0..self.resamples {
            drawn.iter_mut().for_each(|person| *person = rng.gen_range(0..persons));
            samples.push(statistic(&drawn));
        }
        finite("statistic of sample", &samples)?;
        samples.sort_unstable_by(f64::total_cmp);
        Ok((estimate, samples))
    }

    fn interval(&self, estimate: f64, sorted: &[f64]) -> Interval {
        let tail = (1.0 - self.level) / 2.0;
        Interval {
            estimate,
            low: quantile(sorted, tail),
            high: quantile(sorted, 1.0 - tail),
            level: self.level,
        }
    }
}

fn mean_of(values: &[f64], persons: &[usize]) -> f64 {
    persons.iter().map(|&p| values[p]).sum::<f64>() / persons.len() as f64
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

/// The `q`-quantile of sorted values, linear between neighbours (numpy's
/// default).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * sorted.len().saturating_sub(1) as f64;
    let below = place.floor();
    let at = |i: f64| sorted.get(i as usize).copied();
    match (at(below), at(below + 1.0)) {
        (Some(a), Some(b)) => a + (b - a) * (place - below),
        (Some(a), None) => a,
        // `samples` never hands over an empty list.
        _ => mean(sorted).unwrap_or(f64::NAN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[5.0], 0.3), 5.0);
    }

    #[test]
    fn an_interval_covers_about_as_often_as_it_says() {
        // 200 data sets of 40 uniform numbers with mean 0.5.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let covered = (0..200u64)
            .filter(|&seed| {
                let values: Vec<f64> = (0..40).map(|_| rng.r#gen()).collect();
                let bootstrap = Bootstrap { resamples: 400, level: 0.9, seed };
                let i = bootstrap.mean(&values).unwrap();
                i.low <= 0.5 && 0.5 <= i.high
            })
            .count();
        assert!((165..=195).contains(&covered), "{covered} of 200 at 90 %");
    }

    #[test]
    fn equal_sides_are_no_difference() {
        let values = [1.0, 2.0, 3.0];
        let result = Bootstrap::default().paired(&values, &values).unwrap();
        assert_eq!((result.difference.estimate, result.p_value), (0.0, 1.0));
    }

    #[test]
    fn the_seed_decides() {
        let values = [0.3, 1.7, 0.9, 2.2, 1.1];
        let with = |seed| Bootstrap { seed, ..Bootstrap::default() }.mean(&values).unwrap();
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn bad_input_is_a_typed_error() {
        let b = Bootstrap::default();
        assert!(matches!(b.mean(&[1.0]), Err(Error::TooFew { found: 1, .. })));
        assert!(matches!(b.mean(&[1.0, f64::NAN]), Err(Error::NotFinite { index: 1, .. })));
        assert!(matches!(b.paired(&[1.0], &[]), Err(Error::Lengths { .. })));
        assert!(Bootstrap { level: 1.0, ..b }.mean(&[1.0, 2.0]).is_err());
        assert!(Bootstrap { resamples: 0, ..b }.mean(&[1.0, 2.0]).is_err());
    }
}
