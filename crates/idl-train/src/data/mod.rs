//! From sessions to token trees with completion masks.
//!
//! One example is one target dialogue behind its reference sessions: a single
//! trunk of tokens. Every reply that is learnt is a span of the trunk; what
//! might have been said instead is a branch that leaves where the reply starts
//! ([`TokenTree`]). So one pass serves all replies of a dialogue and all their
//! alternatives.

mod builder;
mod cut;

use std::ops::Range;

use idl_dialogue::Utterance;
use idl_lm::TokenTree;
use serde::{Deserialize, Serialize};

use crate::rejected::RejectedKind;
pub use builder::ExampleBuilder;
pub(crate) use cut::{first_that_fits, prompt_tokens};

/// A target dialogue with its ordered reference sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The target's id; errors and logs name it.
    pub id: String,
    /// The reference sessions' messages in the order in which they are read.
    pub references: Vec<Reference>,
    /// The messages of the target dialogue.
    pub target: Vec<Utterance>,
    /// The positions in `target` of the replies to be learnt, ascending.
    pub replies: Vec<usize>,
    /// How many messages of `target` stand before the dialogue's first reply,
    /// where that is not learnt itself: the cut looks at these alone, so that
    /// it is the same whichever replies are learnt. `None`: those before the
    /// first of `replies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<usize>,
}

/// A reference session in front of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its messages.
    pub messages: Vec<Utterance>,
    /// Its distance from the target's context: where there is no room for all,
    /// the farthest go first.
    pub distance: f64,
}

/// Which of the published problems a criterion reply shows (section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CriterionKind {
    /// It contradicts the person's facts.
    Inconsistency,
    /// It tells facts that nobody established.
    Fabrication,
    /// It speaks as the other participant.
    Inversion,
}

impl CriterionKind {
    /// Every kind, in the paper's order.
    pub const ALL: [CriterionKind; 3] =
        [CriterionKind::Inconsistency, CriterionKind::Fabrication, CriterionKind::Inversion];

    /// The name in files and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CriterionKind::Inconsistency => "inconsistency",
            CriterionKind::Fabrication => "fabrication",
            CriterionKind::Inversion => "inversion",
        }
    }
}

/// What else might have been said in place of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternatives {
    /// The position in the target of the reply, which is the chosen one.
    pub reply: usize,
    /// The reply that ranks last.
    pub rejected: String,
    /// Where it is from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_kind: Option<RejectedKind>,
    /// The reply that ranks between; losses over pairs do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<CriterionReply>,
}

/// The reply that ranks between the chosen and the rejected one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionReply {
    /// What it says.
    pub text: String,
    /// What is wrong with it.
    pub kind: CriterionKind,
}

impl Alternatives {
    /// The texts, in the order of the branches of an [`Example`]: the rejected
    /// reply, then the criterion, where there is one.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let criterion = self.criterion.as_ref().map(|c| c.text.as_str());
        std::iter::once(self.rejected.as_str()).chain(criterion)
    }
}

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
    /// [`ExampleBuilder::preference`].
    pub dropped_alternatives: usize,
}

impl Conversation {
    /// How many messages stand before the first reply; `None` without replies.
    #[must_use]
    pub fn opening(&self) -> Option<usize> {
        self.opening.or(self.replies.first().copied())
    }

    /// Leaves the `n` nearest references, as the cut would.
    pub fn keep_nearest(&mut self, n: usize) {
        let gone = self.references.len().saturating_sub(n);
        let kept = cut::without_farthest(&self.references, gone).into_iter().cloned().collect();
        self.references = kept;
    }
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
