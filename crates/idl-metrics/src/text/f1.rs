//! Word F1 as the ConvAI2 challenge computed it.

use serde::{Deserialize, Serialize};

use crate::tokens::{Numbered, is_space, lower};
use crate::{Level, Score, Signature};

/// Calls `emit` with the words that count: all but punctuation and articles.
/// `lower` is in lower case.
pub(crate) fn counting_words(lower: &str, mut emit: impl FnMut(&str)) {
    for piece in lower.split(|c: char| is_space(c) || c.is_ascii_punctuation()) {
        let mut kept = |word| {
            if !matches!(word, "" | "a" | "an" | "the") {
                emit(word);
            }
        };
        if piece.bytes().all(|b| b.is_ascii_alphanumeric()) {
            kept(piece);
            continue;
        }
        // An article is a whole run of letters and digits (`\b` on both sides),
        // so that it can stand inside a piece: between dashes of other scripts.
        let mut start = 0;
        let mut at = 0;
        while let Some(c) = piece[at..].chars().next() {
            let in_run = c.is_alphanumeric();
            let run = piece[at..].find(|c: char| c.is_alphanumeric() != in_run);
            let end = run.map_or(piece.len(), |length| at + length);
            if matches!(&piece[at..end], "a" | "an" | "the") {
                kept(&piece[start..at]);
                start = end;
            }
            at = end;
        }
        kept(&piece[start..]);
    }
}

/// The harmonic mean of precision and recall over the words of `hypothesis`
/// and `reference`, in `[0, 1]`; 0 where either has no word.
///
/// Words are counted with repetition after ConvAI2's normalisation: lower
/// case, punctuation to spaces, articles out. Time O(bytes).
///
/// ```
/// let f1 = idl_metrics::text::word_f1("I have the cat.", "i have two cats");
/// assert_eq!(f1, 2.0 * (2.0 / 3.0) * 0.5 / (2.0 / 3.0 + 0.5));
/// ```
#[must_use]
pub fn word_f1(hypothesis: &str, reference: &str) -> f64 {
    let (given, wanted, common) = Numbered::with(|texts| {
        counting_words(&lower(hypothesis), |word| texts.hypothesis_word(word));
        counting_words(&lower(reference), |word| texts.reference_word(word));
        texts.end_reference();
        let wanted = texts.references().map(<[u32]>::len).sum::<usize>();
        (texts.hypothesis().len(), wanted, texts.clip())
    });
    if common == 0 {
        return 0.0;
    }
    let precision = common as f64 / given as f64;
    let recall = common as f64 / wanted as f64;
    2.0 * precision * recall / (precision + recall)
}

/// The mean word F1 over replies; where a reply has several references, its
/// best. Accumulators merge.
///
/// ```
/// let mut f1 = idl_metrics::text::WordF1::default();
/// f1.add("a dog", &["one dog", "dogs"]);
/// f1.add("hello", &["bye"]);
/// assert_eq!(f1.mean(), Some((2.0 / 3.0 + 0.0) / 2.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WordF1 {
    sum: f64,
    replies: u64,
}

impl WordF1 {
    /// Adds a reply and returns its own F1; 0 without a reference.
    pub fn add(&mut self, hypothesis: &str, references: &[&str]) -> f64 {
        let best = references.iter().map(|r| word_f1(hypothesis, r)).fold(0.0, f64::max);
        self.sum += best;
        self.replies += 1;
        best
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.replies += other.replies;
    }

    /// The number of replies.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// The mean, in `[0, 1]`; `None` before the first reply.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.replies > 0).then(|| self.sum / self.replies as f64)
    }

    /// The mean with its signature.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        let signature = Signature::new("word-f1")
            .with("norm", "convai2")
            .with("case", "lc")
            .with("refs", "best")
            .with("level", Level::Sentence.as_str())
            .with("agg", "mean")
            .with("replies", self.replies)
            .versioned();
        self.mean().map(|value| Score { value, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_with_repetition() {
        // Common: "no" twice, "yes" once. Precision 3/4, recall 3/3.
        assert_eq!(word_f1("no no no yes", "no yes no"), 2.0 * 0.75 / 1.75);
    }

    #[test]
    fn articles_and_marks_do_not_count() {
        assert_eq!(word_f1("The, a - an!", "an"), 0.0);
        assert_eq!(word_f1("it's THE_end", "it s end"), 1.0);
        assert_eq!(word_f1("", ""), 0.0);
    }
}
