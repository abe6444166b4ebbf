//! What else might have been said, and what is wrong with it.

use serde::{Deserialize, Serialize};

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

/// What a rejected reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectedKind {
    /// Another person's reply, at random: fluent, and about something else.
    Distractor,
    /// One of the wrong candidates that the corpus itself has for the reply.
    Candidate,
    /// A model's own reply to the conversation without the person's sessions:
    /// fluent and to the point, but nobody's in particular.
    PersonaBlind,
}

impl RejectedKind {
    /// Every kind.
    pub const ALL: [RejectedKind; 3] =
        [RejectedKind::Distractor, RejectedKind::Candidate, RejectedKind::PersonaBlind];

    /// The name in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RejectedKind::Distractor => "distractor",
            RejectedKind::Candidate => "candidate",
            RejectedKind::PersonaBlind => "persona_blind",
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
    /// The texts, in the order of the branches of an [`Example`](crate::Example): the rejected
    /// reply, then the criterion, where there is one.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let criterion = self.criterion.as_ref().map(|c| c.text.as_str());
        std::iter::once(self.rejected.as_str()).chain(criterion)
    }
}
