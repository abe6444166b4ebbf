//! Which edits turn one session into another.

/// One edit of an [`Alignment`], with what it costs.
///
/// Positions count from 0 in the sessions before any edit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit {
    /// Utterance `a` of the first session is taken for utterance `b` of the
    /// second; both have the same role.
    Substitute {
        /// The position in the first session.
        a: usize,
        /// The position in the second session.
        b: usize,
        /// `lambda * (1 - cos)`.
        cost: f64,
    },
    /// Utterance `a` of the first session is dropped.
    Delete {
        /// The position in the first session.
        a: usize,
        /// The deletion cost.
        cost: f64,
    },
    /// Utterance `b` of the second session is added.
    Insert {
        /// The position in the second session.
        b: usize,
        /// The insertion cost.
        cost: f64,
    },
}

impl Edit {
    /// What the edit costs.
    #[must_use]
    pub fn cost(&self) -> f64 {
        match *self {
            Edit::Substitute { cost, .. }
            | Edit::Delete { cost, .. }
            | Edit::Insert { cost, .. } => cost,
        }
    }
}

/// A cheapest edit script and the distance that it proves.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// The edits from the first utterances to the last. Every utterance of
    /// both sessions occurs in exactly one of them.
    pub edits: Vec<Edit>,
    /// The sum of the edits' costs, up to rounding; if the parameters ask for
    /// it, divided by the number of utterances of both sessions.
    pub distance: f64,
}
