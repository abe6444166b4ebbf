//! ROUGE-L with rouge_score's semantics.

use serde::{Deserialize, Serialize};

use crate::text::{Interner, lower, rouge_tokens};
use crate::{Score, Signature};

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
/// [`porter_stem`](crate::porter_stem) if `stem` and longer than 3 letters.
/// All 0 where either side has no token.
///
/// Time O(m n) for `m` and `n` tokens, a 64th of it where one side has no more
/// than 64.
///
/// ```
/// let score = idl_metrics::rouge_l("The cats sat down.", &["a cat sat"], true);
/// assert_eq!((score.precision, score.recall), (2.0 / 4.0, 2.0 / 3.0));
/// ```
#[must_use]
pub fn rouge_l(hypothesis: &str, references: &[&str], stem: bool) -> RougeScore {
    let texts: Vec<_> =
        std::iter::once(&hypothesis).chain(references).map(|text| lower(text)).collect();
    let mut interner = Interner::default();
    let mut ids = texts.iter().map(|text| interner.ids(rouge_tokens(text, stem)));
    let Some(hypothesis) = ids.next() else { return RougeScore::default() };
    ids.map(|reference| score(&hypothesis, &reference))
        .fold(RougeScore::default(), |best, s| if s.f1 > best.f1 { s } else { best })
}

fn score(hypothesis: &[u32], reference: &[u32]) -> RougeScore {
    if hypothesis.is_empty() || reference.is_empty() {
        return RougeScore::default();
    }
    let common = longest_common_subsequence(hypothesis, reference) as f64;
    let precision = common / hypothesis.len() as f64;
    let recall = common / reference.len() as f64;
    let sum = precision + recall;
    let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
    RougeScore { precision, recall, f1 }
}

/// The length of the longest common subsequence of two texts whose words are
/// numbered without gaps. Time O(m n / 64) if the shorter has 64 words at most,
/// else O(m n).
fn longest_common_subsequence(a: &[u32], b: &[u32]) -> usize {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() <= 64 { lcs_by_bits(short, long) } else { lcs_by_table(short, long) }
}

/// Hyyrö's (2004) bit-parallel recurrence: the zeros of `row` are the places of
/// `short` where the table's row steps up.
fn lcs_by_bits(short: &[u32], long: &[u32]) -> usize {
    let words = short.iter().max().map_or(0, |&w| w as usize + 1);
    let mut places = vec![0u64; words];
    for (i, &word) in short.iter().enumerate() {
        places[word as usize] |= 1 << i;
    }
    let mut row = u64::MAX;
    for &word in long {
        let matches = row & places.get(word as usize).copied().unwrap_or(0);
        row = row.wrapping_add(matches) | (row - matches);
    }
    // Bits beyond the text stay 1: nothing there ever matches, and a carry out
    // of the text is put back by the `or`.
    row.count_zeros() as usize
}

/// One row of the table, whatever the length.
fn lcs_by_table(a: &[u32], b: &[u32]) -> usize {
    let mut row = vec![0usize; b.len() + 1];
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
            .with("agg", "mean")
            .versioned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn subsequences_need_not_be_contiguous() {
        assert_eq!(longest_common_subsequence(&[1, 2, 3, 4, 5], &[2, 9, 4, 5, 1]), 3);
        assert_eq!(longest_common_subsequence(&[], &[1]), 0);
    }

    proptest! {
        #[test]
        fn bits_and_table_agree(
            a in proptest::collection::vec(0u32..6, 0..=64),
            b in proptest::collection::vec(0u32..6, 0..200),
        ) {
            prop_assert_eq!(lcs_by_bits(&a, &b), lcs_by_table(&a, &b));
        }
    }

    #[test]
    fn sides_without_tokens_score_nothing() {
        assert_eq!(rouge_l("...", &["a"], false), RougeScore::default());
        assert_eq!(rouge_l("a", &[], false), RougeScore::default());
    }
}
