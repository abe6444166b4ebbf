//! Persona-fact accuracy: does a model know what its person told?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::likelihood::mean;
use crate::likelihood::{Condition, PairedSample};
use crate::text::counting_words;
use crate::tokens::lower;
use crate::{Level, Mean, Result, Score, Signature};

/// Whether `reply` names `object`: its words, all of them and in this order,
/// stand in the reply one after the other. Words are compared exactly after
/// ConvAI2's normalisation: lower case, punctuation to spaces, articles out.
/// An object without a word is never named. Time O(bytes + m n) for `m` and
/// `n` words.
///
/// ```
/// use idl_metrics::persona::names_object;
/// assert!(names_object("Well, I have a one-eyed cat!", "one eyed cat"));
/// assert!(!names_object("i have cats", "cat"));
/// ```
#[must_use]
pub fn names_object(reply: &str, object: &str) -> bool {
    let words = |text: &str| {
        let mut words = Vec::new();
        counting_words(&lower(text), |word| words.push(word.to_owned()));
        words
    };
    let (reply, object) = (words(reply), words(object));
    !object.is_empty() && reply.windows(object.len()).any(|window| window == object)
}

/// The share of probe questions to which a model's reply names the true object,
/// person by person: with the person's **own** sessions before the question,
/// with **other** persons' (the chance row: an object that everybody likes is
/// named by anybody) and with **none**. Within a person over the questions,
/// then over persons. Merges.
///
/// ```
/// use idl_metrics::likelihood::Condition;
/// use idl_metrics::persona::FactAccuracy;
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let mut facts = FactAccuracy::default();
/// facts.add("ada", Condition::Own, "i live in whitby .", "whitby")?;
/// facts.add("ada", Condition::Other, "i live in oslo .", "whitby")?;
/// assert_eq!(facts.mean(Condition::Own), Some(1.0));
/// assert_eq!(facts.own_minus_other().mean(), Some(1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactAccuracy {
    persons: BTreeMap<String, [Mean; 3]>,
}

impl FactAccuracy {
    /// Adds the reply to a question whose true answer is `object`, and returns
    /// whether it names it ([`names_object`]).
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for an object without a
    /// word, which no reply can name.
    pub fn add(
        &mut self,
        person: &str,
        condition: Condition,
        reply: &str,
        object: &str,
    ) -> Result<bool> {
        if !names_object(object, object) {
            return Err(crate::Error::Parameter {
                name: "object",
                value: format!("{object:?}"),
                expected: "a word that is no article",
            });
        }
        let named = names_object(reply, object);
        self.add_share(person, condition, f64::from(u8::from(named)))?;
        Ok(named)
    }

    /// Adds a question of which `share` is answered.
    pub(crate) fn add_share(
        &mut self,
        person: &str,
        condition: Condition,
        share: f64,
    ) -> Result<()> {
        self.persons.entry(person.to_owned()).or_default()[condition as usize].add(share)
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: &Self) {
        for (person, theirs) in &other.persons {
            let ours = self.persons.entry(person.clone()).or_default();
            ours.iter_mut().zip(theirs).for_each(|(a, b)| a.merge(b));
        }
    }

    /// The share of each person who was asked under `condition`, by id.
    pub fn per_person(&self, condition: Condition) -> impl Iterator<Item = (&str, f64)> {
        self.persons.iter().filter_map(move |(person, shares)| {
            Some((person.as_str(), shares[condition as usize].value()?))
        })
    }

    /// The mean over persons, in `[0, 1]`; `None` without a person.
    #[must_use]
    pub fn mean(&self, condition: Condition) -> Option<f64> {
        let values: Vec<f64> = self.per_person(condition).map(|(_, v)| v).collect();
        mean(&values)
    }

    /// [`mean`](Self::mean) with its signature.
    #[must_use]
    pub fn score(&self, condition: Condition) -> Option<Score> {
        let questions: u64 =
            self.persons.values().map(|shares| shares[condition as usize].replies()).sum();
        let signature = Signature::new("persona-facts")
            .with("sessions", condition.as_str())
            .with("match", "object-words")
            .with("norm", "convai2")
            .with("level", Level::Sentence.as_str())
            .with("agg", "questions-then-persons")
            .with("questions", questions)
            .with("persons", self.per_person(condition).count())
            .versioned();
        self.mean(condition).map(|value| Score { value, signature })
    }

    /// Own minus other for each person, for intervals and tests.
    #[must_use]
    pub fn own_minus_other(&self) -> PairedSample {
        self.paired(Condition::Own, Condition::Other)
    }

    /// The persons who were asked under both conditions.
    #[must_use]
    pub fn paired(&self, left: Condition, right: Condition) -> PairedSample {
        PairedSample::of(self.persons.iter().map(|(person, shares)| {
            (person.as_str(), [left, right].map(|c| shares[c as usize].value()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_whole_words_in_order() {
        for (reply, object, named) in [
            ("two cats", "cat", false),
            ("i like strong tea", "strong tea", true),
            ("strong, the tea", "strong tea", true),
            ("tea is strong", "strong tea", false),
            ("I AM 61.", "61", true),
            ("", "tea", false),
            ("a", "a", false),
            ("anything", "", false),
            ("caf\u{e9}", "CAF\u{c9}", true),
        ] {
            assert_eq!(names_object(reply, object), named, "{reply:?} {object:?}");
        }
    }

    #[test]
    fn persons_count_alike_and_an_empty_object_is_refused() {
        let mut facts = FactAccuracy::default();
        facts.add("a", Condition::Own, "tea", "tea").unwrap();
        facts.add("a", Condition::Own, "no", "tea").unwrap();
        facts.add("b", Condition::Own, "tea", "tea").unwrap();
        assert_eq!(facts.mean(Condition::Own), Some(0.75));
        assert!(facts.own_minus_other().persons.is_empty());
        let before = facts.clone();
        assert!(facts.add("a", Condition::Own, "the", "the").is_err());
        assert_eq!(facts, before);
        facts.merge(&before);
        assert_eq!(facts.mean(Condition::Own), Some(0.75));
        let signature = facts.score(Condition::Own).unwrap().signature;
        assert!(signature.as_str().contains("questions:6|persons:2"), "{signature}");
    }
}
