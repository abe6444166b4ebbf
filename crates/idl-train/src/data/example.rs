//! A conversation in tokens.

use std::ops::Range;

use idl_lm::TokenTree;

use super::alternatives::Alternatives;

/// A conversation in tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The conversation's id.
    pub id: String,
    /// The trunk, with one span for each reply that is learnt.
    pub tree: TokenTree,
    /// The replies behind the spans: positions in the original target.
    pub replies: Vec<usize>,
    /// The branches: for each reply of `alternatives` first the rejected, then
    /// the criterion, which all of them have, or none. Empty for supervised
    /// learning.
    pub alternatives: Vec<Alternatives>,
    /// How many references, of those given, are in the trunk.
    pub references: usize,
    /// How many messages at the target's beginning are not.
    pub dropped_messages: usize,
    /// How many replies at the target's end are not.
    pub dropped_replies: usize,
    /// How many alternatives were no use: see
    /// [`ExampleBuilder::preference`](crate::ExampleBuilder::preference).
    pub dropped_alternatives: usize,
}

impl Example {
    /// Whether its alternatives have criterion replies.
    #[must_use]
    pub fn has_criterion(&self) -> bool {
        self.alternatives.first().is_some_and(|a| a.criterion.is_some())
    }

    /// The number of scored tokens of the trunk.
    #[must_use]
    pub fn completion_tokens(&self) -> usize {
        self.tree.spans().iter().map(Range::len).sum()
    }
}
