//! Consistency with a persona, judged by natural language inference.

use serde::{Deserialize, Serialize};

use crate::{Score, Signature};

/// What an NLI model says about a persona sentence and a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The one implies the other: +1.
    Entailed,
    /// Neither: 0.
    Neutral,
    /// They contradict each other: -1.
    Contradicted,
}

impl Verdict {
    fn value(self) -> i64 {
        match self {
            Verdict::Entailed => 1,
            Verdict::Neutral => 0,
            Verdict::Contradicted => -1,
        }
    }
}

/// Consistency of replies with their persona sentences. Merges.
///
/// * C.score: for each reply the sum of verdicts in {1, 0, -1} over the persona
///   sentences, and the mean over replies; PAL takes the largest verdict
///   instead of the sum.
/// * Coh: the share of (sentence, reply) pairs that are not contradicted.
///   **A reply without content contradicts nothing and gets nearly 100 %.**
/// * Con: the share of pairs that are entailed.
///
/// ```
/// use idl_metrics::nli::{Consistency, Verdict::{Contradicted, Entailed, Neutral}};
///
/// let mut consistency = Consistency::default();
/// consistency.add(&[Entailed, Neutral]);
/// consistency.add(&[Contradicted, Neutral]);
/// assert_eq!(consistency.c_score_sum(), Some(0.0));
/// assert_eq!(consistency.c_score_max(), Some(0.5));
/// assert_eq!(consistency.coherent(), Some(0.75));
/// assert_eq!(consistency.entailed(), Some(0.25));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consistency {
    replies: u64,
    pairs: u64,
    entailed: u64,
    contradicted: u64,
    best: i64,
}

impl Consistency {
    /// Adds a reply's verdicts, one for each persona sentence. A reply without
    /// a persona sentence does not count.
    pub fn add(&mut self, verdicts: &[Verdict]) {
        let Some(best) = verdicts.iter().map(|v| v.value()).max() else { return };
        let count = |what| verdicts.iter().filter(|&&v| v == what).count() as u64;
        self.replies += 1;
        self.pairs += verdicts.len() as u64;
        self.entailed += count(Verdict::Entailed);
        self.contradicted += count(Verdict::Contradicted);
        self.best += best;
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: &Self) {
        self.replies += other.replies;
        self.pairs += other.pairs;
        self.entailed += other.entailed;
        self.contradicted += other.contradicted;
        self.best += other.best;
    }

    /// The mean over replies of the sum of verdicts; `None` before the first.
    #[must_use]
    pub fn c_score_sum(&self) -> Option<f64> {
        let sum = self.entailed as f64 - self.contradicted as f64;
        (self.replies > 0).then(|| sum / self.replies as f64)
    }

    /// The mean over replies of the largest verdict (PAL's C.score).
    #[must_use]
    pub fn c_score_max(&self) -> Option<f64> {
        (self.replies > 0).then(|| self.best as f64 / self.replies as f64)
    }

    /// Coh: the share of pairs that are not contradicted.
    #[must_use]
    pub fn coherent(&self) -> Option<f64> {
        (self.pairs > 0).then(|| (self.pairs - self.contradicted) as f64 / self.pairs as f64)
    }

    /// Con: the share of pairs that are entailed.
    #[must_use]
    pub fn entailed(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.entailed as f64 / self.pairs as f64)
    }

    /// C.score (sum), C.score (max), Coh and Con with their signatures, which
    /// name the model; none before the first reply: to be reported as n/a.
    #[must_use]
    pub fn scores(&self, model: &str) -> Vec<Score> {
        [
            ("c-score-sum", self.c_score_sum()),
            ("c-score-max", self.c_score_max()),
            ("coh", self.coherent()),
            ("con", self.entailed()),
        ]
        .into_iter()
        .filter_map(|(name, value)| {
            let signature =
                Signature::new(name).with("nli", model).with("pairs", self.pairs).versioned();
            value.map(|value| Score { value, signature })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_sentence_nothing_counts() {
        let mut c = Consistency::default();
        c.add(&[]);
        assert_eq!(c, Consistency::default());
        assert!(c.scores("any").is_empty());
    }

    #[test]
    fn merging_is_adding() {
        use Verdict::{Contradicted, Entailed, Neutral};
        let (mut whole, mut left, mut right) = Default::default();
        Consistency::add(&mut whole, &[Entailed, Contradicted]);
        whole.add(&[Neutral]);
        Consistency::add(&mut left, &[Entailed, Contradicted]);
        Consistency::add(&mut right, &[Neutral]);
        left.merge(&right);
        assert_eq!(left, whole);
    }
}
