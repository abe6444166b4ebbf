//! Preference data for deep personalised alignment: what else might have been
//! said, and what is wrong with it (section 3.3.2 of the paper).
//!
//! The chosen reply is the true one. The rejected reply is another person's, at
//! random, or from another [`RejectedSource`]. The criterion reply between the
//! two is of one of three kinds, drawn among those that can be built:
//!
//! * *inconsistency*: the chosen reply with the object of one of its triples
//!   replaced by another object of the same subject and relation, which is not
//!   among the person's own. (The paper takes any triple of the person's
//!   sessions, which can be true of the person.)
//! * *fabrication*: one of the `m` most similar utterances of other persons
//!   that state a fact, and none of this person's.
//! * *inversion*: the most similar utterance of the other participants, in the
//!   person's other sessions and in this one before the reply.
//!
//! No distractor and no fabrication is said in the dialogue itself, by either
//! speaker: where both are persons, the partner's lines are another person's, too.

mod compare;
mod corpus;
mod draw;
mod said;
mod stats;
mod turn;

pub use corpus::PreferenceCorpus;
pub use stats::BuildStats;

#[cfg(test)]
mod tests;
