//! A number over persons: its mean, its interval, and, of a difference, its
//! t-test.

use idl::metrics::Error;
use idl::metrics::intervals::{Interval, Intervals, TTest};
use serde::Serialize;

/// The mean over persons and what can be told of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) mean: f64,
    /// How many persons it stands on.
    pub(super) persons: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) high: Option<f64>,
    /// Why there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) no_interval: Option<&'static str>,
    /// Of a difference: the paired t-test over persons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) t_test: Option<TTest>,
}

impl Figure {
    /// Of one number a person; `None` without one.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        Self::new(values, Intervals::default().mean(values))
    }

    /// Of the differences of pairs, one a person.
    pub(super) fn paired(pairs: &[(f64, f64)]) -> Option<Self> {
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
        let found = Intervals::default().paired(&left, &right);
        let t_test = found.as_ref().ok().map(Interval::t_test);
        Some(Figure { t_test, ..Self::new(&differences, found)? })
    }

    fn new(values: &[f64], found: Result<Interval, Error>) -> Option<Self> {
        let persons = values.len();
        let mean = values.iter().sum::<f64>() / persons.max(1) as f64;
        if persons == 0 || !mean.is_finite() {
            return None;
        }
        let no_interval = match &found {
            Ok(_) => None,
            Err(Error::TooFew { .. }) => Some("1 person"),
            Err(Error::NoVariance { .. }) => Some("all equal"),
            Err(_) => Some("n/a"),
        };
        let interval = found.ok();
        let (low, high) = (interval.map(|i| i.low), interval.map(|i| i.high));
        Some(Figure { mean, persons, low, high, no_interval, t_test: None })
    }

    /// `0.12 [0.03, 0.21]`, or why there is no interval; with the number of
    /// persons where it is not that of the table, `of`. Differences have a sign.
    pub(super) fn cell(&self, decimals: usize, of: usize, sign: bool) -> String {
        let number = |v: f64| {
            if sign { format!("{v:+.decimals$}") } else { format!("{v:.decimals$}") }
        };
        let inside = match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{}, {}", number(low), number(high)),
            _ => self.no_interval.unwrap_or("n/a").to_owned(),
        };
        let fewer = if self.persons == of { String::new() } else { format!(" ({})", self.persons) };
        format!("{} [{inside}]{fewer}", number(self.mean))
    }

    /// `t(7) = 2.41, p = 0.047`, where there is a test.
    pub(super) fn test(&self) -> String {
        self.t_test.map_or_else(String::new, |test| test.to_string())
    }
}

/// A figure's cell, or `n/a`.
pub(super) fn cell(figure: Option<&Figure>, decimals: usize, of: usize, sign: bool) -> String {
    figure.map_or_else(|| "n/a".to_owned(), |f| f.cell(decimals, of, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_interval_is_not_printed_as_one() {
        let printed = |values: &[f64]| cell(Figure::of(values).as_ref(), 2, 4, false);
        assert_eq!(printed(&[3.1, 2.9, 3.4, 3.0]), "3.10 [2.76, 3.44]");
        assert_eq!(printed(&[3.1, 2.9, 3.4]), "3.13 [2.51, 3.76] (3)");
        assert_eq!(printed(&[3.1]), "3.10 [1 person] (1)");
        assert_eq!(printed(&[0.1; 4]), "0.10 [all equal]");
        assert_eq!(printed(&[]), "n/a");
        assert_eq!(printed(&[1.0, f64::NAN]), "n/a");
    }

    #[test]
    fn a_difference_has_a_sign_and_a_test() {
        let found = Figure::paired(&[(3.0, 1.0), (2.0, 2.0), (4.0, 1.0)]).unwrap();
        assert_eq!(found.cell(1, 3, true), "+1.7 [-2.1, +5.5]");
        assert_eq!(found.test(), "t(2) = 1.89, p = 0.199");
        let equal = Figure::paired(&[(3.0, 1.0), (2.0, 0.0)]).unwrap();
        assert_eq!((equal.cell(1, 2, true), equal.test()), ("+2.0 [all equal]".into(), "".into()));
    }
}
