//! Pairs of replies, of which one should be likelier.

use serde::{Deserialize, Serialize};

/// Which of two replies should be the likelier one.
///
/// The first is what concerns the person: the criterion reply is fluent and
/// fits the dialogue, and only who speaks tells it from the true one. The
/// others mix that with fluency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pair {
    /// The true reply over the criterion.
    TrueOverCriterion,
    /// The criterion over the rejected reply.
    CriterionOverRejected,
    /// The true reply over the rejected one.
    TrueOverRejected,
}

impl Pair {
    /// All three.
    pub const ALL: [Pair; 3] =
        [Pair::TrueOverCriterion, Pair::CriterionOverRejected, Pair::TrueOverRejected];

    /// `true > criterion` and so on.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Pair::TrueOverCriterion => "true > criterion",
            Pair::CriterionOverRejected => "criterion > rejected",
            Pair::TrueOverRejected => "true > rejected",
        }
    }

    /// The positions of its two among true, criterion and rejected.
    pub(super) fn sides(self) -> (usize, usize) {
        match self {
            Pair::TrueOverCriterion => (0, 1),
            Pair::CriterionOverRejected => (1, 2),
            Pair::TrueOverRejected => (0, 2),
        }
    }
}
