//! What is evaluated on, and how.

use serde::{Deserialize, Serialize};

use crate::learn::QueryPoint;

/// Which sessions stand in front of a target: what the pipeline says, or an
/// ablation of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum References {
    /// The nearest to the context, in the pipeline's order.
    #[default]
    Selected,
    /// The nearest to the context, in random order: without DPI.
    Shuffled,
    /// As many at random, in random order: without SPI and DPI.
    Random,
}

/// What to evaluate on, the same for every system.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationConfig {
    /// Target dialogues of each person.
    pub targets: usize,
    /// Replies of each target that are ranked among distractors for hits@1.
    pub ranked_replies: usize,
    /// Distractors of each of them.
    pub distractors: usize,
    /// The most tokens of sessions and target together.
    pub max_tokens: usize,
    /// How many of them are kept free for what follows the opening of the
    /// target; see [`ExampleBuilder`](idl_train::ExampleBuilder).
    pub reserve: usize,
    /// The positions of the model, of several the fewest: a target that reaches
    /// beyond, with an alternative to one of its replies, is left out for all.
    pub positions: usize,
    /// From which reply on a target is scored, and so what the choice sees.
    pub point: QueryPoint,
    /// Which sessions stand in front of a target, own and other alike.
    pub references: References,
    /// Which targets, replies, distractors and other persons. Every draw has a
    /// generator of its own, by what is drawn and for whom ([`crate::draw`]):
    /// none depends on the ablation, on budgets or on what else was drawn.
    pub seed: u64,
}

impl Default for EvaluationConfig {
    /// Two targets a person, two ranked replies a target, 19 distractors a
    /// reply; as many positions as it takes.
    fn default() -> Self {
        EvaluationConfig {
            targets: 2,
            ranked_replies: 2,
            distractors: 19,
            max_tokens: 1024,
            reserve: 320,
            positions: usize::MAX,
            point: QueryPoint::default(),
            references: References::Selected,
            seed: 0,
        }
    }
}
