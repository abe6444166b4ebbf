//! Intervals over persons.

use serde::{Deserialize, Serialize};

use super::spread::{Spread, jackknife, of_values};
use super::student::quantile;
use super::studentised::{self, Ends};
use super::ttest::{TTest, differences, scale};
use crate::error::finite;
use crate::{Error, Result};

/// How the ends of an interval are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Student's t with one degree of freedom less than persons: exact where
    /// the persons' numbers are normal.
    #[default]
    T,
    /// The studentised bootstrap (bootstrap-t): the quantiles of t statistics of
    /// persons drawn with replacement take the place of Student's. For skewed
    /// numbers, where t covers too little on one side.
    StudentisedBootstrap {
        /// How often a sample of persons is drawn.
        resamples: usize,
        /// The seed: the same one gives the same interval.
        seed: u64,
    },
}

impl Method {
    /// The studentised bootstrap with 10,000 samples and seed 0.
    pub const STUDENTISED: Method = Method::StudentisedBootstrap { resamples: 10_000, seed: 0 };

    /// `t` or `studentised bootstrap`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::T => "t",
            Method::StudentisedBootstrap { .. } => "studentised bootstrap",
        }
    }
}

/// Intervals over persons: a person's replies depend on each other, so that the
/// person is what is counted, with one number or with all their replies.
///
/// Both methods divide by a standard error, so that few persons make wide
/// intervals. The ends of plain bootstraps (percentile, BCa) do not: of 95 %
/// intervals of the percentile kind 79 % hold the mean of normal numbers at 4
/// persons, 89 % at 8 and 92 % at 20, and there is none here.
/// `tests/coverage.rs` measures all three.
///
/// ```
/// use idl_metrics::intervals::Intervals;
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let intervals = Intervals::default();
/// let found = intervals.mean(&[3.1, 2.9, 3.4, 3.0])?;
/// assert_eq!((found.persons, format!("{:.2}", found.estimate)), (4, "3.10".into()));
/// assert_eq!(format!("[{:.2}, {:.2}]", found.low, found.high), "[2.76, 3.44]");
/// assert_eq!(intervals.over(4), "95 % t intervals over 4 persons");
/// // One person is no interval, not one of no width.
/// assert!(intervals.mean(&[3.1]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intervals {
    /// How the ends are found.
    pub method: Method,
    /// The confidence level, such as 0.95.
    pub level: f64,
}

impl Default for Intervals {
    /// Student's t at 95 %.
    fn default() -> Self {
        Intervals { method: Method::T, level: 0.95 }
    }
}

/// An estimate with its interval.
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
    /// The estimate's standard error over persons.
    pub standard_error: f64,
    /// How many persons it stands on.
    pub persons: usize,
}

impl Interval {
    /// The two-sided t-test of the estimate against 0: of a mean difference
    /// the paired t-test.
    #[must_use]
    pub fn t_test(&self) -> TTest {
        TTest::new(self.estimate / self.standard_error, self.persons.saturating_sub(1))
    }
}

impl Intervals {
    /// Of the studentised bootstrap, at 95 %.
    #[must_use]
    pub fn studentised() -> Self {
        Intervals { method: Method::STUDENTISED, ..Intervals::default() }
    }

    /// What they are, to be printed beside them: `95 % t intervals over 8
    /// persons`.
    #[must_use]
    pub fn over(&self, persons: usize) -> String {
        let level = (1e6 * self.level).round() / 1e4;
        let plural = if persons == 1 { "" } else { "s" };
        format!("{level} % {} intervals over {persons} person{plural}", self.method.as_str())
    }

    /// The interval of the mean of one number per person.
    ///
    /// Time O(persons), of the studentised bootstrap O(resamples * persons).
    ///
    /// # Errors
    /// [`Error::TooFew`] for fewer than two persons, [`Error::NotFinite`] for a
    /// number, or a mean, that is not finite, [`Error::NoVariance`] where all
    /// numbers are equal: nothing can be told of persons who do not differ.
    /// [`Error::Parameter`] for a level outside (0, 1) or no resamples.
    /// [`Error::Unbounded`] for a studentised bootstrap over too few different
    /// numbers.
    pub fn mean(&self, values: &[f64]) -> Result<Interval> {
        self.mean_of(values, 0.0)
    }

    /// The interval of the mean of `left - right` over persons. Its
    /// [`t_test`](Interval::t_test) is the paired t-test.
    ///
    /// ```
    /// use idl_metrics::intervals::Intervals;
    ///
    /// # fn main() -> Result<(), idl_metrics::Error> {
    /// let (a, b) = ([3.1, 2.9, 3.4, 3.0], [2.8, 2.7, 3.0, 2.9]);
    /// let found = Intervals::default().paired(&a, &b)?;
    /// assert!((found.estimate - 0.25).abs() < 1e-12 && found.low > 0.0);
    /// assert!(found.t_test().p_value < 0.05);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`mean`](Self::mean), and [`Error::Lengths`] where the sides differ.
    pub fn paired(&self, left: &[f64], right: &[f64]) -> Result<Interval> {
        self.mean_of(&differences(left, right)?, scale(left).max(scale(right)))
    }

    /// The interval of any smooth statistic of `persons` persons, given as a
    /// function of their indices, each person's replies going in or staying out
    /// together: for what is no mean over persons, such as corpus BLEU or a mean
    /// over replies. The standard error is the jackknife's, which of a mean
    /// over persons is the usual one.
    ///
    /// Calls the function `persons + 1` times with up to `persons` indices; the
    /// studentised bootstrap does that for each sample.
    ///
    /// # Errors
    /// As [`mean`](Self::mean).
    pub fn statistic(
        &self,
        persons: usize,
        mut statistic: impl FnMut(&[usize]) -> f64,
    ) -> Result<Interval> {
        self.check(persons)?;
        let everybody: Vec<usize> = (0..persons).collect();
        let spread = jackknife(&everybody, &mut statistic)?;
        self.interval(persons, spread, |resamples, seed| {
            studentised::ends(persons, spread, self.level, resamples, seed, |drawn| {
                jackknife(drawn, &mut statistic)
            })
        })
    }

    /// `scale` is the size of what the values were computed from.
    fn mean_of(&self, values: &[f64], scale: f64) -> Result<Interval> {
        finite("person's value", values)?;
        self.check(values.len())?;
        let spread = of_values(values, scale)?;
        let mut taken = vec![0.0; values.len()];
        self.interval(values.len(), spread, |resamples, seed| {
            studentised::ends(values.len(), spread, self.level, resamples, seed, |drawn| {
                taken.iter_mut().zip(drawn).for_each(|(v, &person)| *v = values[person]);
                of_values(&taken, scale)
            })
        })
    }

    fn interval(
        &self,
        persons: usize,
        spread: Spread,
        bootstrap: impl FnOnce(usize, u64) -> Result<Ends>,
    ) -> Result<Interval> {
        let Spread { estimate, standard_error } = spread;
        if standard_error == 0.0 {
            return Err(Error::NoVariance { values: persons, value: estimate });
        }
        let ends = match self.method {
            Method::T => {
                let t = quantile(self.level, (persons - 1) as f64);
                Ends { below: -t, above: t }
            }
            Method::StudentisedBootstrap { resamples, seed } => bootstrap(resamples, seed)?,
        };
        let (low, high) =
            (estimate - ends.above * standard_error, estimate - ends.below * standard_error);
        finite("end of the interval", &[low, high])?;
        Ok(Interval { estimate, low, high, level: self.level, standard_error, persons })
    }

    fn check(&self, persons: usize) -> Result<()> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::Parameter {
                name: "level",
                value: self.level.to_string(),
                expected: "between 0 and 1",
            });
        }
        if matches!(self.method, Method::StudentisedBootstrap { resamples: 0, .. }) {
            return Err(Error::Parameter {
                name: "resamples",
                value: "0".into(),
                expected: "at least 1",
            });
        }
        if persons < 2 {
            return Err(Error::TooFew { what: "persons", found: persons, needed: 2 });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Intervals; 2] {
        [Intervals::default(), Intervals::studentised()]
    }

    #[test]
    fn a_mean_over_persons_is_a_statistic_like_others() {
        let values = [0.3, 1.7, 0.9, 2.2, 1.1, 1.3];
        for intervals in both() {
            let mean = intervals.mean(&values).unwrap();
            let statistic = intervals
                .statistic(values.len(), |p| {
                    p.iter().map(|&i| values[i]).sum::<f64>() / p.len() as f64
                })
                .unwrap();
            for (a, b) in [(mean.low, statistic.low), (mean.high, statistic.high)] {
                assert!((a - b).abs() < 1e-9, "{mean:?} {statistic:?}");
            }
        }
    }

    #[test]
    fn one_person_is_no_interval() {
        for intervals in both() {
            assert!(matches!(intervals.mean(&[1.0]), Err(Error::TooFew { found: 1, .. })));
            assert!(matches!(intervals.mean(&[]), Err(Error::TooFew { found: 0, .. })));
            let statistic = intervals.statistic(1, |_| 1.0);
            assert!(matches!(statistic, Err(Error::TooFew { found: 1, .. })));
        }
    }

    #[test]
    fn persons_who_do_not_differ_tell_nothing() {
        for intervals in both() {
            // Three times 0.1 is not 0.3 to the last bit.
            for values in [[0.1; 3], [0.0; 3], [-7.3; 3]] {
                let found = intervals.mean(&values);
                assert!(matches!(found, Err(Error::NoVariance { values: 3, .. })), "{found:?}");
            }
            let (left, right) = ([1.1, 2.2, 3.3], [1.0, 2.1, 3.2]);
            let found = intervals.paired(&left, &right);
            assert!(matches!(found, Err(Error::NoVariance { .. })), "{found:?}");
            let found = intervals.statistic(4, |_| 0.5);
            assert!(matches!(found, Err(Error::NoVariance { values: 4, .. })));
        }
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for intervals in both() {
            let found = intervals.mean(&[1.0, f64::NAN]);
            assert!(matches!(found, Err(Error::NotFinite { index: 1, .. })));
            assert!(matches!(
                intervals.mean(&[f64::MAX, f64::MAX / 2.0, f64::MAX]),
                Err(Error::NotFinite { .. })
            ));
            let found = intervals.statistic(3, |p| if p.len() < 3 { f64::NAN } else { 1.0 });
            assert!(matches!(found, Err(Error::NotFinite { .. })));
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        for level in [0.0, 1.0, f64::NAN] {
            let intervals = Intervals { level, ..Intervals::default() };
            let found = intervals.mean(&[1.0, 2.0]);
            assert!(matches!(found, Err(Error::Parameter { name: "level", .. })));
        }
        let method = Method::StudentisedBootstrap { resamples: 0, seed: 0 };
        let found = Intervals { method, level: 0.9 }.mean(&[1.0, 2.0]);
        assert!(matches!(found, Err(Error::Parameter { name: "resamples", .. })));
        let sides = Intervals::default().paired(&[1.0], &[]);
        assert!(matches!(sides, Err(Error::Lengths { .. })));
    }

    #[test]
    fn a_bootstrap_of_few_different_persons_has_no_end() {
        // Every other sample of two is of one person only.
        let found = Intervals::studentised().mean(&[1.0, 2.0]);
        assert!(matches!(found, Err(Error::Unbounded { persons: 2, .. })), "{found:?}");
        assert!(Intervals::default().mean(&[1.0, 2.0]).is_ok());
    }

    #[test]
    fn the_seed_decides() {
        let values = [0.3, 1.7, 0.9, 2.2, 1.1];
        let with = |seed| {
            let method = Method::StudentisedBootstrap { resamples: 1000, seed };
            Intervals { method, level: 0.95 }.mean(&values).unwrap()
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn they_say_what_they_are() {
        assert_eq!(Intervals::default().over(1), "95 % t intervals over 1 person");
        let ninety = Intervals { level: 0.9, ..Intervals::studentised() };
        assert_eq!(ninety.over(20), "90 % studentised bootstrap intervals over 20 persons");
        assert_eq!(Intervals { level: 0.999, ..ninety }.over(2)[..6], *"99.9 %");
    }
}
