//! A dialogue whose replies are learnt, behind the sessions that go before it.

use idl_dialogue::Utterance;
use serde::{Deserialize, Serialize};

use super::cut::without_farthest;
use super::reference::Reference;

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
    #[serde(default, rename = "opening", skip_serializing_if = "Option::is_none")]
    pub leading_context: Option<usize>,
}

impl Conversation {
    /// How many messages stand before the first reply; `None` without replies.
    #[must_use]
    pub fn leading_context(&self) -> Option<usize> {
        self.leading_context.or(self.replies.first().copied())
    }

    /// Leaves the `n` nearest references, as the cut would.
    pub fn keep_nearest(&mut self, n: usize) {
        let gone = self.references.len().saturating_sub(n);
        let kept = without_farthest(&self.references, gone).into_iter().cloned().collect();
        self.references = kept;
    }
}
