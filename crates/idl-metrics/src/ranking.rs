//! hits@k: the true reply among candidates.

use serde::{Deserialize, Serialize};

use crate::error::finite;
use crate::{Error, Result, Score, Signature};

/// The rank of candidate `gold`, 1 for the best: one more than the number of
/// other candidates that score as high or higher. For hits@1 over ConvAI2's 20
/// candidates the score is the mean log-probability per token; since ties count
/// against the true one, the candidates' order does not matter.
/// **Ties are misses**, so that
/// a model that gives every candidate one score ranks the true one last.
///
/// # Errors
/// [`Error::OutOfRange`] without a candidate `gold`, [`Error::NotFinite`] for
/// a score that is NaN or infinite.
pub fn rank(scores: &[f64], gold: usize) -> Result<usize> {
    finite("candidate score", scores)?;
    let own = *scores.get(gold).ok_or(Error::OutOfRange {
        what: "gold candidate",
        index: gold,
        length: scores.len(),
    })?;
    Ok(scores.iter().filter(|&&s| s >= own).count())
}

/// Whether candidate `gold` is among the best `k`; see [`rank`].
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// assert!(idl_metrics::ranking::hits_at_k(&[-2.0, -1.5, -3.0], 1, 1)?);
/// assert!(!idl_metrics::ranking::hits_at_k(&[-1.5, -1.5, -3.0], 1, 1)?, "a tie is a miss");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`rank`].
pub fn hits_at_k(scores: &[f64], gold: usize, k: usize) -> Result<bool> {
    Ok(rank(scores, gold)? <= k)
}

/// The share of true replies among the best `k`. Merges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct HitsAtK {
    k: usize,
    hits: u64,
    total: u64,
}

/// What [`HitsAtK`] is read from: another machine's `k` is checked, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    k: usize,
    hits: u64,
    total: u64,
}

impl TryFrom<Unchecked> for HitsAtK {
    type Error = Error;

    fn try_from(Unchecked { k, hits, total }: Unchecked) -> Result<Self> {
        Ok(HitsAtK { hits, total, ..HitsAtK::new(k)? })
    }
}

impl HitsAtK {
    /// An empty accumulator.
    ///
    /// # Errors
    /// [`Error::Parameter`] for `k == 0`.
    pub fn new(k: usize) -> Result<Self> {
        if k == 0 {
            return Err(Error::Parameter { name: "k", value: "0".into(), expected: "at least 1" });
        }
        Ok(HitsAtK { k, hits: 0, total: 0 })
    }

    /// Adds one choice and returns whether it was a hit.
    ///
    /// # Errors
    /// Those of [`rank`]; nothing is counted then.
    pub fn add(&mut self, scores: &[f64], gold: usize) -> Result<bool> {
        let hit = hits_at_k(scores, gold, self.k)?;
        self.hits += u64::from(hit);
        self.total += 1;
        Ok(hit)
    }

    /// Takes in another accumulator's choices.
    ///
    /// # Errors
    /// [`Error::Merge`] where `k` differs.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.k != other.k {
            return Err(Error::Merge {
                left: format!("hits@{}", self.k),
                right: format!("hits@{}", other.k),
            });
        }
        self.hits += other.hits;
        self.total += other.total;
        Ok(())
    }

    /// The share, in `[0, 1]`; `None` before the first choice.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.total > 0).then(|| self.hits as f64 / self.total as f64)
    }

    /// The share with its signature.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        let signature = Signature::new(&format!("hits@{}", self.k))
            .with("ties", "miss")
            .with("choices", self.total)
            .versioned();
        self.mean().map(|value| Score { value, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_ties_against_the_gold() {
        assert_eq!(rank(&[1.0, 3.0, 2.0], 0).unwrap(), 3);
        assert_eq!(rank(&[2.0; 20], 7).unwrap(), 20);
        assert_eq!(rank(&[0.5], 0).unwrap(), 1);
    }

    #[test]
    fn bad_scores_are_typed_errors_and_not_counted() {
        let mut hits = HitsAtK::new(1).unwrap();
        assert!(matches!(hits.add(&[1.0, f64::NAN], 0), Err(Error::NotFinite { index: 1, .. })));
        assert!(matches!(hits.add(&[1.0], 1), Err(Error::OutOfRange { index: 1, length: 1, .. })));
        assert_eq!(hits.mean(), None);
        hits.add(&[1.0, 0.0], 0).unwrap();
        hits.add(&[1.0, 0.0], 1).unwrap();
        assert_eq!(hits.mean(), Some(0.5));
        assert!(hits.merge(&HitsAtK::new(2).unwrap()).is_err());
    }
}
