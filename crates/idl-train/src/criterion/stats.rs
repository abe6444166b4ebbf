//! What building has come to.

/// How many alternatives were built, and how many could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuildStats {
    /// Replies with alternatives, by kind in the order of
    /// [`CriterionKind::ALL`](crate::CriterionKind::ALL).
    pub built: [usize; 3],
    /// Replies without alternatives: no rejected or no criterion reply could be
    /// found.
    pub without: usize,
    /// Those of them for which it was the rejected one: the corpus has no
    /// candidates there, or the model said nothing, or the true reply.
    pub without_rejected: usize,
}
