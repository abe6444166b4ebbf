//! What BLEU counts.

use serde::{Deserialize, Serialize};

/// The longest n-gram.
pub(super) const MAX_ORDER: usize = 4;

/// What BLEU needs to know of some replies; adding is all there is to merging.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BleuStats {
    /// Tokens of all hypotheses.
    pub hyp_len: u64,
    /// Tokens of the references, of each reply's the nearest in length.
    pub ref_len: u64,
    /// Matched n-grams by order, no more often than in one reference.
    pub correct: [u64; MAX_ORDER],
    /// N-grams of the hypotheses by order.
    pub total: [u64; MAX_ORDER],
    /// Replies too short for an n-gram, by order: NLTK counts one for each.
    pub too_short: [u64; MAX_ORDER],
    /// Replies.
    pub segments: u64,
}

impl std::ops::AddAssign for BleuStats {
    fn add_assign(&mut self, other: Self) {
        self.hyp_len += other.hyp_len;
        self.ref_len += other.ref_len;
        self.segments += other.segments;
        for n in 0..MAX_ORDER {
            self.correct[n] += other.correct[n];
            self.total[n] += other.total[n];
            self.too_short[n] += other.too_short[n];
        }
    }
}
