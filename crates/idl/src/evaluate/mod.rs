//! What a system makes of persons it was not trained on.
//!
//! Every reply of a target dialogue that has a message before it is scored with
//! the person's own sessions in front, with another person's, and with none: as
//! many sessions, chosen by the same rule, under the same token budget. What
//! the own sessions bring over the others is what the system knows of the
//! person rather than of the language.

mod config;
mod pair;
mod scores;
mod targets;
mod verbatim;

pub use config::{EvaluationConfig, References};
pub use pair::Pair;
pub use scores::{PersonScores, evaluate};
pub use targets::{EvaluationTarget, EvaluationTargets, LeftOut, evaluation_targets};
