//! How likely a person's true replies are, with and without their sessions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::finite;
use crate::intervals::{Interval, Intervals, TTest, paired_t_test};
use crate::{Error, Result, Score, Signature};

/// Whose sessions the model was shown before the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// The person's own.
    Own,
    /// Another person's.
    Other,
    /// Nobody's.
    None,
}

impl Condition {
    /// All three.
    pub const ALL: [Condition; 3] = [Condition::Own, Condition::Other, Condition::None];

    /// `own`, `other` or `none`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Condition::Own => "own",
            Condition::Other => "other",
            Condition::None => "none",
        }
    }
}

/// A negative log-likelihood in nats, summed over tokens. Merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenNll {
    nll: f64,
    tokens: u64,
}

impl TokenNll {
    /// Adds a reply's summed NLL (`-sum log p`) over its `tokens` tokens.
    ///
    /// # Errors
    /// [`Error::NotFinite`], and [`Error::TooFew`] for a reply of no token;
    /// nothing is added then.
    pub fn add(&mut self, nll: f64, tokens: usize) -> Result<()> {
        finite("reply NLL", &[nll])?;
        if tokens == 0 {
            return Err(Error::TooFew { what: "tokens of a reply", found: 0, needed: 1 });
        }
        self.nll += nll;
        self.tokens += tokens as u64;
        Ok(())
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: Self) {
        self.nll += other.nll;
        self.tokens += other.tokens;
    }

    /// The number of tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Nats per token; `None` before the first reply.
    #[must_use]
    pub fn per_token(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.nll / self.tokens as f64)
    }
}

/// NLL per token of true replies, person by person and condition by
/// condition: within a person over all tokens, then the mean over persons, so
/// that a talkative person counts no more than another and intervals are
/// over persons. Merges.
///
/// Add every reply of a dialogue that has a message before it: the last one
/// alone is often a good-bye, and shows little of the person.
///
/// ```
/// use idl_metrics::likelihood::{Condition, NllByPerson};
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let mut nll = NllByPerson::default();
/// for (person, own, other) in [("ada", 20.0, 24.0), ("bo", 31.0, 33.0)] {
///     nll.add(person, Condition::Own, own, 10)?;
///     nll.add(person, Condition::Other, other, 10)?;
/// }
/// assert_eq!(nll.mean(Condition::Own), Some(2.55));
/// let sensitivity = nll.sensitivity();
/// assert!((sensitivity.mean().unwrap_or(0.0) - 0.3).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NllByPerson {
    persons: BTreeMap<String, [TokenNll; 3]>,
}

impl NllByPerson {
    /// Adds a reply of `person` under `condition`: its summed NLL in nats over
    /// its `tokens` tokens.
    ///
    /// # Errors
    /// Those of [`TokenNll::add`].
    pub fn add(
        &mut self,
        person: &str,
        condition: Condition,
        nll: f64,
        tokens: usize,
    ) -> Result<()> {
        let mut one = TokenNll::default();
        one.add(nll, tokens)?;
        self.persons.entry(person.to_owned()).or_default()[condition as usize].merge(one);
        Ok(())
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: Self) {
        for (person, theirs) in other.persons {
            let ours = self.persons.entry(person).or_default();
            for (a, b) in ours.iter_mut().zip(theirs) {
                a.merge(b);
            }
        }
    }

    /// Nats per token of each person who has replies under `condition`, by id.
    pub fn per_person(&self, condition: Condition) -> impl Iterator<Item = (&str, f64)> {
        self.persons.iter().filter_map(move |(person, nll)| {
            Some((person.as_str(), nll[condition as usize].per_token()?))
        })
    }

    /// The mean over persons of nats per token; `None` without a person.
    #[must_use]
    pub fn mean(&self, condition: Condition) -> Option<f64> {
        let values: Vec<f64> = self.per_person(condition).map(|(_, v)| v).collect();
        mean(&values)
    }

    /// [`mean`](Self::mean) with its signature.
    #[must_use]
    pub fn score(&self, condition: Condition) -> Option<Score> {
        let signature = Signature::new("nll")
            .with("sessions", condition.as_str())
            .with("unit", "nats/token")
            .with("agg", "tokens-then-persons")
            .with("persons", self.per_person(condition).count())
            .versioned();
        self.mean(condition).map(|value| Score { value, signature })
    }

    /// Persona sensitivity, `other - own`: how much better a person's own
    /// sessions serve than somebody else's. Above 0 is good.
    #[must_use]
    pub fn sensitivity(&self) -> PairedSample {
        self.paired(Condition::Other, Condition::Own)
    }

    /// `none - own`: how much better own sessions serve than none. Part of it
    /// is not about the person: any dialogue before the dialogue may help.
    #[must_use]
    pub fn gain_over_none(&self) -> PairedSample {
        self.paired(Condition::None, Condition::Own)
    }

    /// The persons who have replies under both conditions.
    #[must_use]
    pub fn paired(&self, left: Condition, right: Condition) -> PairedSample {
        PairedSample::of(self.persons.iter().map(|(person, nll)| {
            (person.as_str(), [left, right].map(|c| nll[c as usize].per_token()))
        }))
    }
}

/// Two numbers for each of some persons; what counts is `left - right`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairedSample {
    /// Whose numbers these are.
    pub persons: Vec<String>,
    /// The number that is subtracted from, for each person.
    pub left: Vec<f64>,
    /// The number that is subtracted, for each person.
    pub right: Vec<f64>,
}

impl PairedSample {
    /// Those of `persons` who have both numbers.
    pub(crate) fn of<'a>(persons: impl Iterator<Item = (&'a str, [Option<f64>; 2])>) -> Self {
        let mut sample = PairedSample::default();
        for (person, numbers) in persons {
            if let [Some(left), Some(right)] = numbers {
                sample.persons.push(person.to_owned());
                sample.left.push(left);
                sample.right.push(right);
            }
        }
        sample
    }

    /// `left - right` of each person.
    #[must_use]
    pub fn differences(&self) -> Vec<f64> {
        self.left.iter().zip(&self.right).map(|(a, b)| a - b).collect()
    }

    /// The mean difference; `None` without a person.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        mean(&self.differences())
    }

    /// The mean difference with an interval over persons.
    ///
    /// # Errors
    /// Those of [`Intervals::paired`].
    pub fn interval(&self, intervals: &Intervals) -> Result<Interval> {
        intervals.paired(&self.left, &self.right)
    }

    /// The paired t-test of no difference.
    ///
    /// # Errors
    /// Those of [`paired_t_test`].
    pub fn t_test(&self) -> Result<TTest> {
        paired_t_test(&self.left, &self.right)
    }
}

pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_person_tokens_count_and_between_persons_persons() {
        let mut nll = NllByPerson::default();
        nll.add("a", Condition::Own, 9.0, 1).unwrap();
        nll.add("a", Condition::Own, 1.0, 9).unwrap();
        nll.add("b", Condition::Own, 3.0, 1).unwrap();
        assert_eq!(nll.mean(Condition::Own), Some((1.0 + 3.0) / 2.0));
    }

    #[test]
    fn only_persons_with_both_conditions_are_paired() {
        let mut nll = NllByPerson::default();
        nll.add("a", Condition::Own, 2.0, 1).unwrap();
        nll.add("a", Condition::Other, 3.0, 1).unwrap();
        nll.add("b", Condition::Other, 9.0, 1).unwrap();
        assert_eq!(nll.sensitivity().persons, ["a"]);
        assert_eq!(nll.sensitivity().mean(), Some(1.0));
        assert_eq!(nll.gain_over_none().mean(), None);
    }

    #[test]
    fn merging_is_adding() {
        let replies = [("a", 1.0, 2), ("b", 2.0, 3), ("a", 4.0, 1)];
        let mut whole = NllByPerson::default();
        let mut parts = [NllByPerson::default(), NllByPerson::default()];
        for (i, (person, nll, tokens)) in replies.into_iter().enumerate() {
            whole.add(person, Condition::None, nll, tokens).unwrap();
            parts[i % 2].add(person, Condition::None, nll, tokens).unwrap();
        }
        let [mut left, right] = parts;
        left.merge(right);
        assert_eq!(left, whole);
    }

    #[test]
    fn a_broken_likelihood_is_refused() {
        let mut nll = NllByPerson::default();
        assert!(nll.add("a", Condition::Own, f64::NAN, 1).is_err());
        assert!(nll.add("a", Condition::Own, 1.0, 0).is_err());
        assert_eq!(nll, NllByPerson::default());
    }
}
