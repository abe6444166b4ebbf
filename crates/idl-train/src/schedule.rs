//! The learning rate as a function of the step.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::error::{Result, require};

/// How the learning rate goes on after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SchedulerType {
    /// It stays.
    Constant,
    /// It falls in a straight line.
    Linear,
    /// It falls by half a cosine wave.
    #[default]
    Cosine,
}

/// The settings of a [`Schedule`], under Hugging Face's names.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// The shape (cosine).
    pub lr_scheduler_type: SchedulerType,
    /// The rate at its highest (5e-5).
    pub learning_rate: f64,
    /// Steps of linear warm-up; takes precedence over the ratio (none).
    pub warmup_steps: Option<u64>,
    /// Share of all steps that are warm-up, in `[0, 1]` (0).
    pub warmup_ratio: f64,
    /// Where linear and cosine end, as a share of `learning_rate` (0).
    pub min_lr_ratio: f64,
    /// The steps from the first to the last of warm-up and fall; beyond them
    /// the rate stays where it ended. `None`: those of the run as it began,
    /// also where it is made longer or shorter later.
    pub total_steps: Option<u64>,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            lr_scheduler_type: SchedulerType::default(),
            learning_rate: 5e-5,
            warmup_steps: None,
            warmup_ratio: 0.0,
            min_lr_ratio: 0.0,
            total_steps: None,
        }
    }
}

impl ScheduleConfig {
    /// The schedule of a run of `total_steps` optimiser steps, unless the
    /// setting of that name says otherwise.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`](crate::Error::InvalidSetting), with the first setting out of range.
    pub fn over(self, total_steps: u64) -> Result<Schedule> {
        let rate = self.learning_rate;
        let positive = rate.is_finite() && rate > 0.0;
        require(positive, "learning_rate", rate, "finite and above 0")?;
        let share = |value: f64| (0.0..=1.0).contains(&value);
        require(share(self.warmup_ratio), "warmup_ratio", self.warmup_ratio, "in [0, 1]")?;
        require(share(self.min_lr_ratio), "min_lr_ratio", self.min_lr_ratio, "in [0, 1]")?;
        require(self.total_steps != Some(0), "schedule.total_steps", 0.0, "positive, or null")?;
        let total_steps = self.total_steps.unwrap_or(total_steps);
        let warmup = match self.warmup_steps {
            Some(steps) => steps as f64,
            None => (self.warmup_ratio * total_steps as f64).ceil(),
        };
        require(total_steps > 0, "max_steps", 0.0, "at least 1")?;
        Ok(Schedule { config: self, warmup, total: total_steps as f64 })
    }
}

/// A learning rate for every step: a pure function, so that a resumed run needs
/// no state to go on as if it had never stopped.
///
/// With W warm-up steps of T, at step t counted from 0, times the highest rate:
/// `t / W` for t < W (so the very first rate is 0, as Hugging Face has it);
/// then, with `x = (t - W) / (T - W)` up to 1 and the floor f, constant 1,
/// linear `f + (1 - f)(1 - x)`, cosine `f + (1 - f)(1 + cos(pi x)) / 2`.
///
/// ```
/// use idl_train::schedule::{ScheduleConfig, SchedulerType};
/// let config = ScheduleConfig { learning_rate: 1e-3, warmup_steps: Some(2), ..Default::default() };
/// let schedule = config.over(10)?;
/// assert_eq!(schedule.learning_rate(1), 0.5e-3);
/// assert_eq!(schedule.learning_rate(2), 1e-3);
/// assert!((schedule.learning_rate(6) - 0.5e-3).abs() < 1e-12);
/// # Ok::<(), idl_train::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    config: ScheduleConfig,
    warmup: f64,
    total: f64,
}

impl Schedule {
    /// The rate of optimiser step `step`, counted from 0.
    pub fn learning_rate(&self, step: u64) -> f64 {
        let (t, highest) = (step as f64, self.config.learning_rate);
        if t < self.warmup {
            return highest * t / self.warmup.max(1.0);
        }
        let x = ((t - self.warmup) / (self.total - self.warmup).max(1.0)).min(1.0);
        let floor = self.config.min_lr_ratio;
        let fallen = match self.config.lr_scheduler_type {
            SchedulerType::Constant => return highest,
            SchedulerType::Linear => 1.0 - x,
            SchedulerType::Cosine => 0.5 * (1.0 + (PI * x).cos()),
        };
        highest * (floor + (1.0 - floor) * fallen)
    }

    /// Steps of warm-up.
    pub fn warmup_steps(&self) -> u64 {
        self.warmup as u64
    }
}
