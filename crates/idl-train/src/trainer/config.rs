//! The settings of a run.

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};
use crate::optim::AdamWConfig;
use crate::schedule::ScheduleConfig;

/// How to train. The names are those of Hugging Face's trainer where it has
/// the setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Examples (dialogues) whose gradients make one step. They are computed
    /// one at a time, so this is what others call accumulation: memory is that
    /// of one example whatever the batch. Gradients are added up in f32: where
    /// parameters are bf16 themselves, a batch of more than one takes 4 bytes
    /// more for each.
    pub batch_size: usize,
    /// Passes over the data.
    pub epochs: u64,
    /// Stop after so many steps, if the epochs do not end before.
    pub max_steps: Option<u64>,
    /// The learning rate over the steps.
    pub schedule: ScheduleConfig,
    /// The optimiser.
    pub optimizer: AdamWConfig,
    /// The gradient is scaled down to this norm; `None` never.
    pub max_grad_norm: Option<f64>,
    /// Whether every epoch has an order of its own; else it is that of the
    /// data.
    pub shuffle: bool,
    /// What order and dropout follow from.
    pub seed: u64,
    /// Steps between evaluations on held-out examples, where there are any;
    /// `None`: only after the last step.
    pub eval_steps: Option<u64>,
    /// Steps between checkpoints, where there is a folder for them; `None`:
    /// only after the last step.
    pub save_steps: Option<u64>,
    /// How many checkpoints are kept, the newest; the best one stays besides.
    /// `None`: all.
    pub save_total_limit: Option<usize>,
    /// End the run after so many evaluations in a row without a lower
    /// `eval_loss`; `None` never.
    pub early_stopping_patience: Option<u64>,
    /// Whether the parameters of the lowest `eval_loss` are put back at the
    /// end.
    pub load_best_model_at_end: bool,
    /// Whether a gradient computes every layer a second time instead of keeping
    /// what it computed in the first pass: less memory for one more forward
    /// pass (TRL's `gradient_checkpointing`). The result is the same; see
    /// [`TokenTree::logprobs_recomputing`](idl_lm::TokenTree::logprobs_recomputing).
    #[serde(alias = "gradient_checkpointing")]
    pub activation_checkpointing: bool,
    /// Whether the reference's log-probabilities of all examples are computed
    /// before the first step and kept on the disk, where there is a folder for
    /// them ([`Trainer::cache_references`](crate::Trainer::cache_references)):
    /// TRL's `precompute_ref_log_probs`. Without it each is computed in the
    /// step that first needs it, and again after a resume. The result is the
    /// same. Training of the whole base has no other way to compare with it:
    /// see [`Error::MovingReference`](crate::Error::MovingReference).
    #[serde(alias = "precompute_ref_log_probs")]
    pub precompute_reference: bool,
}

impl Default for TrainConfig {
    /// The paper's MSL: batch 4, 2 epochs, and the defaults of the schedule
    /// and the optimiser; no checkpoints or evaluations before the end.
    fn default() -> Self {
        TrainConfig {
            batch_size: 4,
            epochs: 2,
            max_steps: None,
            schedule: ScheduleConfig::default(),
            optimizer: AdamWConfig::default(),
            max_grad_norm: Some(1.0),
            shuffle: true,
            seed: 0,
            eval_steps: None,
            save_steps: None,
            save_total_limit: None,
            early_stopping_patience: None,
            load_best_model_at_end: false,
            activation_checkpointing: false,
            precompute_reference: false,
        }
    }
}

impl TrainConfig {
    /// Checks what does not depend on the data.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`](crate::Error::InvalidSetting), with the first
    /// setting out of range.
    pub fn check(&self) -> Result<()> {
        require(self.batch_size > 0, "batch_size", self.batch_size as f64, "positive")?;
        require(self.epochs > 0, "epochs", 0.0, "positive")?;
        for (name, every) in [
            ("max_steps", self.max_steps),
            ("eval_steps", self.eval_steps),
            ("save_steps", self.save_steps),
        ] {
            require(every != Some(0), name, 0.0, "positive, or null")?;
        }
        require(self.save_total_limit != Some(0), "save_total_limit", 0.0, "positive, or null")?;
        let patience = self.early_stopping_patience;
        require(patience != Some(0), "early_stopping_patience", 0.0, "positive, or null")?;
        if let Some(norm) = self.max_grad_norm {
            require(norm > 0.0, "max_grad_norm", norm, "above 0, or null")?;
        }
        self.schedule.over(1).map(drop)?;
        self.optimizer.check()
    }
}

/// How many steps a run has.
#[must_use]
pub fn total_steps(examples: usize, config: &TrainConfig) -> u64 {
    let per_epoch = examples.div_ceil(config.batch_size.max(1)) as u64;
    let all = per_epoch.saturating_mul(config.epochs);
    config.max_steps.map_or(all, |max| all.min(max))
}
