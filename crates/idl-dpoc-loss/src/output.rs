//! What comes out: losses to train on, and everything worth watching.

use serde::Serialize;
use tch::{Kind, Tensor};

use crate::completions::Completions;
use crate::error::Result;

/// The result of [`PreferenceLoss::compute`](crate::PreferenceLoss::compute).
#[derive(Debug)]
#[non_exhaustive]
pub struct LossOutput {
    /// Per-example losses `[B]`, the graph attached: take the mean (or the
    /// weighted sum) and go backward.
    pub losses: Tensor,
    /// Implicit rewards, `[B]` each, detached: `beta a` (summed over tokens), or
    /// `beta ll / |y|` (SimPO) and `lambda ll / |y|` (ORPO).
    pub rewards: Completions<Tensor>,
    /// `p [relu(s_c - s_w) + relu(s_l - s_c)]` per example `[B]`, detached,
    /// where the loss has such a penalty. It is contained in `losses`, but in
    /// DPOC's released form inside the sigmoid.
    pub penalties: Option<Tensor>,
}

impl LossOutput {
    pub(crate) fn new(
        losses: Tensor,
        penalties: Option<Tensor>,
        scores: &Completions<Tensor>,
        scale: f64,
    ) -> Result<Self> {
        let reward =
            |score: &Tensor| -> Result<Tensor> { Ok(score.f_detach()?.f_mul_scalar(scale)?) };
        let rewards = scores.as_ref().try_map(reward)?;
        Ok(Self { losses, rewards, penalties })
    }

    /// Chosen minus rejected reward, `[B]`.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn margins(&self) -> Result<Tensor> {
        Ok(self.rewards.chosen.f_sub(&self.rewards.rejected)?)
    }

    /// Where the chosen reward is above the rejected one, `[B]` of bool. A tie
    /// is not an order: at the start of training all are false.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn accuracies(&self) -> Result<Tensor> {
        Ok(self.rewards.chosen.f_gt_tensor(&self.rewards.rejected)?)
    }

    /// Means over the batch, fetched from the device in one go.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn summary(&self) -> Result<Summary> {
        let Completions { chosen, rejected, criterion } = &self.rewards;
        let mut means = Means::default();
        means.push(&self.losses)?;
        means.push(chosen)?;
        means.push(rejected)?;
        means.push(&self.margins()?)?;
        means.push(&self.accuracies()?)?;
        if let Some(criterion) = criterion {
            means.push(criterion)?;
            means.push(&chosen.f_sub(criterion)?)?;
            means.push(&criterion.f_sub(rejected)?)?;
            means.push(&chosen.f_gt_tensor(criterion)?)?;
            means.push(&criterion.f_gt_tensor(rejected)?)?;
            means.push(&chosen.f_lt_tensor(criterion)?)?;
            means.push(&criterion.f_lt_tensor(rejected)?)?;
        }
        if let Some(penalties) = &self.penalties {
            means.push(penalties)?;
        }
        let mut means = means.fetch()?.into_iter();
        // In the order in which they were pushed.
        let mut next = || means.next().unwrap_or(f64::NAN);
        Ok(Summary {
            loss: next(),
            chosen: next(),
            rejected: next(),
            margin: next(),
            accuracy: next(),
            criterion: criterion.as_ref().map(|_| CriterionSummary {
                reward: next(),
                chosen_margin: next(),
                rejected_margin: next(),
                chosen_accuracy: next(),
                rejected_accuracy: next(),
                chosen_active: next(),
                rejected_active: next(),
            }),
            penalty: self.penalties.as_ref().map(|_| next()),
        })
    }
}

/// Scalars on the device, fetched together.
#[derive(Default)]
struct Means(Vec<Tensor>);

impl Means {
    fn push(&mut self, values: &Tensor) -> Result<()> {
        self.0.push(values.f_detach()?.f_mean(Kind::Double)?);
        Ok(())
    }

    fn fetch(self) -> Result<Vec<f64>> {
        Ok(Vec::try_from(Tensor::f_stack(&self.0, 0)?)?)
    }
}

/// Means over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Of the losses.
    pub loss: f64,
    /// Of the chosen rewards.
    pub chosen: f64,
    /// Of the rejected rewards.
    pub rejected: f64,
    /// Of the margins, chosen minus rejected.
    pub margin: f64,
    /// Share of examples with the chosen reward above the rejected one.
    pub accuracy: f64,
    /// What concerns the criterion, where the batch has one.
    pub criterion: Option<CriterionSummary>,
    /// Of the penalties, where the loss has one.
    pub penalty: Option<f64>,
}

/// Means over a batch that concern its criterion completions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CriterionSummary {
    /// Of the criterion rewards.
    pub reward: f64,
    /// Of chosen minus criterion reward.
    pub chosen_margin: f64,
    /// Of criterion minus rejected reward.
    pub rejected_margin: f64,
    /// Share with chosen above criterion.
    pub chosen_accuracy: f64,
    /// Share with criterion above rejected.
    pub rejected_accuracy: f64,
    /// Share with chosen *below* criterion, where the first half of the
    /// penalty is active (1 - `chosen_accuracy`, ties aside).
    pub chosen_active: f64,
    /// Share with criterion *below* rejected, where the second half of the
    /// penalty is active.
    pub rejected_active: f64,
}

impl Summary {
    /// Name and value of each mean but the loss. The `rewards` carry the
    /// names that TRL and the released DPOC trainer log them under.
    pub fn metrics(&self) -> Vec<(&'static str, f64)> {
        let mut metrics = vec![
            ("rewards/chosen", self.chosen),
            ("rewards/rejected", self.rejected),
            ("rewards/margins", self.margin),
            ("rewards/accuracies", self.accuracy),
        ];
        if let Some(c) = &self.criterion {
            metrics.extend([
                ("rewards/criterion", c.reward),
                ("rewards/chosen_criterion", c.chosen_margin),
                ("rewards/criterion_rejected", c.rejected_margin),
                ("rewards/accuracies_chosen_criterion", c.chosen_accuracy),
                ("rewards/accuracies_criterion_rejected", c.rejected_accuracy),
                ("penalty/active_chosen_criterion", c.chosen_active),
                ("penalty/active_criterion_rejected", c.rejected_active),
            ]);
        }
        if let Some(penalty) = self.penalty {
            metrics.push(("penalty/mean", penalty));
        }
        metrics
    }
}
