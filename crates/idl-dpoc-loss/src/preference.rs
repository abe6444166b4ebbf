//! From a configuration and a batch to per-example losses.

use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::batch::{Batch, Checked, Needs, first};
use crate::completions::Completions;
use crate::config::{Loss, Score, not_negative};
use crate::error::{Error, Result};
use crate::output::LossOutput;
use crate::{anchored, criterion, pairwise, reference_free};

/// A mean log-probability above this is no rounding error.
const ROUNDING: f64 = 1e-2;

/// A loss, and the criterion penalty that can be added to any of them.
///
/// ```
/// use idl_dpoc_loss::{Loss, LossConfig};
/// let config: LossConfig =
///     serde_json::from_str(r#"{"loss": {"type": "dpop"}, "criterion_penalty": 2}"#)?;
/// assert_eq!(config.loss, Loss::Dpop { beta: 0.3, lambda: 50.0 });
/// let loss = config.check()?;
/// assert!(loss.needs_criterion());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossConfig {
    /// The loss and its parameters; DPOC of the paper unless set.
    #[serde(default)]
    pub loss: Loss,
    /// Weight p of `p [relu(s_c - s_w) + relu(s_l - s_c)]`, added to the loss;
    /// 0, the default, is none. s is what the loss ranks by
    /// ([`Loss::score`]): the log-ratio a for most of them.
    #[serde(default)]
    pub criterion_penalty: f64,
}

impl From<Loss> for LossConfig {
    fn from(loss: Loss) -> Self {
        Self { loss, criterion_penalty: 0.0 }
    }
}

impl LossConfig {
    /// Checks all parameters.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for one out of range,
    /// [`Error::PenaltyTwice`] for a penalty on DPOC, which has one.
    pub fn check(self) -> Result<PreferenceLoss> {
        self.loss.check()?;
        let penalty = self.criterion_penalty;
        not_negative(self.loss.name(), "criterion_penalty", penalty)?;
        let dpoc = matches!(self.loss, Loss::DpocPaper { .. } | Loss::DpocReleased { .. });
        if dpoc && penalty > 0.0 {
            return Err(Error::PenaltyTwice { loss: self.loss.name(), penalty });
        }
        Ok(PreferenceLoss { config: self })
    }
}

/// A checked loss, ready to be applied to batches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreferenceLoss {
    config: LossConfig,
}

impl TryFrom<Loss> for PreferenceLoss {
    type Error = Error;

    fn try_from(loss: Loss) -> Result<Self> {
        LossConfig::from(loss).check()
    }
}

impl PreferenceLoss {
    /// What it was made from.
    pub fn config(&self) -> &LossConfig {
        &self.config
    }

    /// Whether [`Batch::reference`] is used.
    pub fn needs_reference(&self) -> bool {
        self.config.loss.needs_reference()
    }

    /// Whether [`Batch::tokens`] is used.
    pub fn needs_tokens(&self) -> bool {
        self.config.loss.needs_tokens()
    }

    /// Whether the criterion completion is used.
    pub fn needs_criterion(&self) -> bool {
        self.config.loss.needs_criterion() || self.config.criterion_penalty > 0.0
    }

    /// Per-example losses, rewards and penalties of a batch. O(B), and one
    /// wait for the device.
    ///
    /// Arithmetic is in f32 (f64 where `policy.chosen` is f64), whatever the
    /// input's kind. Losses and gradients are finite for all |a| up to 1e4
    /// and beyond. At a corner of relu (a = 0 at the start of training) the
    /// subgradient is 0.
    ///
    /// # Errors
    /// For tensors that the loss needs and the batch lacks, shapes other than
    /// `[B]`, B = 0, completions without tokens, log-probabilities that are
    /// NaN or infinite, and whatever libtorch refuses: see [`Error`].
    pub fn compute(&self, batch: &Batch<'_>) -> Result<LossOutput> {
        let loss = self.config.loss;
        let checked = batch.check(Needs {
            loss: loss.name(),
            reference: self.needs_reference(),
            tokens: self.needs_tokens(),
            criterion: self.needs_criterion(),
        })?;
        let scores = checked.scores(loss.score())?;
        if matches!(loss, Loss::Orpo { .. }) {
            refuse_impossible_odds(&scores)?;
        }

        let mut losses = self.ranking(&checked, &scores)?;
        let mut penalties = None;
        if let Some(weight) = self.penalty_weight() {
            let c = self.criterion(&scores)?;
            let penalty = criterion::penalty(&scores.chosen, c, &scores.rejected, weight)?;
            // DPOC's own penalty is inside `losses` already.
            if self.config.criterion_penalty > 0.0 {
                losses = losses.f_add(&penalty)?;
            }
            penalties = Some(penalty.f_detach()?);
        }

        // Rewards are beta times the *summed* log-ratio, for IPO too, as in TRL.
        let rewarded = match loss.score() {
            Score::MeanLogRatio => checked.scores(Score::LogRatio)?,
            Score::LogRatio | Score::MeanLogProb => scores,
        };
        LossOutput::new(losses, penalties, &rewarded, loss.reward_scale())
    }

    /// The loss without an added penalty.
    fn ranking(&self, checked: &Checked, scores: &Completions<Tensor>) -> Result<Tensor> {
        let (w, l) = (&scores.chosen, &scores.rejected);
        match self.config.loss {
            Loss::Dpo { beta } => pairwise::dpo(w, l, beta),
            Loss::Cdpo { beta, label_smoothing } => pairwise::cdpo(w, l, beta, label_smoothing),
            Loss::Robust { beta, label_smoothing } => pairwise::robust(w, l, beta, label_smoothing),
            Loss::Hinge { beta } => pairwise::hinge(w, l, beta),
            Loss::Ipo { beta } => pairwise::ipo(w, l, beta),
            Loss::DpoShift { beta, shift } => pairwise::dpo_shift(w, l, beta, shift),
            Loss::Dpop { beta, lambda } => anchored::dpop(w, l, beta, lambda),
            Loss::CalDpo { beta } => anchored::cal_dpo(w, l, beta),
            Loss::Rpo { beta, nll_weight } => {
                anchored::rpo(w, l, &checked.chosen_mean_logp()?, beta, nll_weight)
            }
            Loss::ApoZero { beta } => anchored::apo_zero(w, l, beta),
            Loss::Nca { beta } => anchored::nca(w, l, beta),
            Loss::Simpo { beta, gamma } => reference_free::simpo(w, l, beta, gamma),
            Loss::Orpo { lambda } => reference_free::orpo(w, l, lambda),
            Loss::PlDpo { beta } => criterion::pl_dpo(w, self.criterion(scores)?, l, beta),
            Loss::DpocPaper { beta, penalty } => {
                criterion::dpoc_paper(w, self.criterion(scores)?, l, beta, penalty)
            }
            Loss::DpocReleased { beta, penalty } => {
                criterion::dpoc_released(w, self.criterion(scores)?, l, beta, penalty)
            }
        }
    }

    /// p, wherever it comes from.
    fn penalty_weight(&self) -> Option<f64> {
        match self.config.loss {
            Loss::DpocPaper { penalty, .. } | Loss::DpocReleased { penalty, .. } => Some(penalty),
            _ => Some(self.config.criterion_penalty).filter(|&weight| weight > 0.0),
        }
    }

    fn criterion<'s>(&self, scores: &'s Completions<Tensor>) -> Result<&'s Tensor> {
        let loss = self.config.loss.name();
        let missing = Error::MissingCriterion { loss, tensor: "policy.criterion" };
        scores.criterion.as_ref().ok_or(missing)
    }
}

/// ORPO's odds exist only for log-probabilities of at most zero; rounding may
/// put a certain reply a little above.
fn refuse_impossible_odds(scores: &Completions<Tensor>) -> Result<()> {
    for (tensor, mean) in [("policy.chosen", &scores.chosen), ("policy.rejected", &scores.rejected)]
    {
        if let Some((example, value)) = first(mean, |value| value > ROUNDING)? {
            return Err(Error::NotALogProbability { tensor, example, value });
        }
    }
    Ok(())
}
