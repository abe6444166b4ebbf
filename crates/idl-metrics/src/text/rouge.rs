//! ROUGE-L with rouge_score's semantics.

use serde::{Deserialize, Serialize};

use crate::tokens::{ABSENT, Numbered, lower, rouge_tokens};
use crate::{Level, Score, Signature};

/// Precision, recall and their harmonic mean, each in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RougeScore {
    /// Of the hypothesis, how much is in the longest common subsequence.
    pub precision: f64,
    /// Of the reference.
    pub recall: f64,
    /// The harmonic mean.
    pub f1: f64,
}

/// ROUGE-L of `hypothesis` against the reference with the highest F1, the first
/// of several. Tokens are runs of `[a-z0-9]` in lower case, stemmed by
/// [`porter_stem`](crate::tokens::porter_stem) if `stem` and longer than 3 letters.
/// All 0 where either side has no token.
///
/// Time O(bytes + m n / 64) for `m` and `n` tokens.
///
/// ```
/// let score = idl_metrics::text::rouge_l("The cats sat down.", &["a cat sat"], true);
/// assert_eq!((score.precision, score.recall), (2.0 / 4.0, 2.0 / 3.0));
/// ```
#[must_use]
pub fn rouge_l(hypothesis: &str, references: &[&str], stem: bool) -> RougeScore {
    Numbered::with(|texts| {
        rouge_tokens(&lower(hypothesis), stem, |word| texts.hypothesis_word(word));
        for reference in references {
            rouge_tokens(&lower(reference), stem, |word| texts.reference_word(word));
            texts.end_reference();
        }
        let hypothesis = texts.hypothesis();
        texts
            .references()
            .map(|reference| {
                let common = common_subsequence(hypothesis, reference, texts.distinct());
                score(common as f64, hypothesis.len() as f64, reference.len() as f64)
            })
            .fold(RougeScore::default(), |best, s| if s.f1 > best.f1 { s } else { best })
    })
}

fn score(common: f64, given: f64, wanted: f64) -> RougeScore {
    if common == 0.0 {
        return RougeScore::default();
    }
    let (precision, recall) = (common / given, common / wanted);
    RougeScore { precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
}

/// The length of the longest common subsequence, where the words of `a` are
/// numbered below `distinct`, those of `b` may be [`ABSENT`].
///
/// Hyyrö's (2004) bit-parallel recurrence, 64 words of `a` at a time. A block's
/// `row` holds one bit for each of its words, 0 where the row of the usual
/// table steps up; the sums' carries run from block to block, one for each word
/// of `b`. Time O(m n / 64), memory O(m + n).
fn common_subsequence(a: &[u32], b: &[u32], distinct: usize) -> u32 {
    let b: Vec<usize> = b.iter().filter(|&&id| id != ABSENT).map(|&id| id as usize).collect();
    let mut places = vec![0u64; distinct];
    let mut carries = vec![false; b.len()];
    let mut length = 0;
    for block in a.chunks(64) {
        for (i, &id) in block.iter().enumerate() {
            places[id as usize] |= 1 << i;
        }
        let mut row = u64::MAX;
        for (&id, carry) in b.iter().zip(&mut carries) {
            let matches = row & places[id];
            let (sum, over) = row.overflowing_add(matches);
            let (sum, over_again) = sum.overflowing_add(u64::from(*carry));
            *carry = over | over_again;
            row = sum | (row - matches);
        }
        // Bits beyond the last word stay 1: nothing there ever matches.
        length += row.count_zeros();
        block.iter().for_each(|&id| places[id as usize] = 0);
    }
    length
}

/// The mean ROUGE-L F1 over replies. Merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RougeL {
    stem: bool,
    sum: f64,
    replies: u64,
}

impl RougeL {
    /// An empty accumulator, with or without stemming.
    #[must_use]
    pub fn new(stem: bool) -> Self {
        RougeL { stem, ..RougeL::default() }
    }

    /// Adds a reply and returns its own score.
    pub fn add(&mut self, hypothesis: &str, references: &[&str]) -> RougeScore {
        let score = rouge_l(hypothesis, references, self.stem);
        self.sum += score.f1;
        self.replies += 1;
        score
    }

    /// Takes in another accumulator's replies.
    ///
    /// # Errors
    /// [`Error::Merge`](crate::Error::Merge) where one stems and the other
    /// does not.
    pub fn merge(&mut self, other: &Self) -> crate::Result<()> {
        if self.stem != other.stem {
            return Err(crate::Error::Merge {
                left: self.signature().to_string(),
                right: other.signature().to_string(),
            });
        }
        self.sum += other.sum;
        self.replies += other.replies;
        Ok(())
    }

    /// The number of replies.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// The mean F1, in `[0, 1]`, with its signature; `None` before the first
    /// reply.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        (self.replies > 0)
            .then(|| Score { value: self.sum / self.replies as f64, signature: self.signature() })
    }

    fn signature(&self) -> Signature {
        Signature::new("rouge-l")
            .with("value", "f1")
            .with("case", "lc")
            .with("tok", "[a-z0-9]+")
            .with("stem", if self.stem { "porter-nltk" } else { "no" })
            .with("refs", "best")
            .with("level", Level::Sentence.as_str())
            .with("agg", "mean")
            .with("replies", self.replies)
            .versioned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, by the usual table.
    fn by_table(a: &[u32], b: &[u32]) -> u32 {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[b.len()]
    }

    #[test]
    fn subsequences_need_not_be_contiguous() {
        assert_eq!(common_subsequence(&[0, 1, 2, 3, 4], &[1, ABSENT, 3, 4, 0], 5), 3);
        assert_eq!(common_subsequence(&[], &[ABSENT], 0), 0);
    }

    proptest! {
        #[test]
        fn bits_and_table_agree(
            a in proptest::collection::vec(0u32..6, 0..300),
            b in proptest::collection::vec(0u32..7, 0..200),
        ) {
            let b: Vec<u32> = b.into_iter().map(|w| if w == 6 { ABSENT } else { w }).collect();
            prop_assert_eq!(common_subsequence(&a, &b, 6), by_table(&a, &b));
        }
    }

    #[test]
    fn sides_without_tokens_score_nothing() {
        assert_eq!(rouge_l("...", &["a"], false), RougeScore::default());
        assert_eq!(rouge_l("a", &[], false), RougeScore::default());
    }
}
