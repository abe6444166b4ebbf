//! Runs that are watched, and what they report.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl::lm::CausalLm;
use idl::train::checkpoint::{Change, Checkpoints};
use idl::train::log::LogRecord;
use idl::train::schedule::{ScheduleConfig, SchedulerType};
use idl::train::{Callback, Objective, Result, Step, TrainConfig, Trainer};

use crate::support::{config, tiny, tiny_examples};

/// Everything a run reports; it can be told to end after some step.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) last: Option<u64>,
    pub(crate) steps: Vec<LogRecord>,
    pub(crate) evaluations: Vec<(LogRecord, bool)>,
    pub(crate) saved: Vec<PathBuf>,
    pub(crate) changes: Vec<(u64, Change)>,
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        self.steps.push(step.record.clone());
        Ok(match self.last {
            Some(last) if step.record.step == last => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }

    fn on_evaluation(&mut self, record: &LogRecord, best: bool) -> Result<ControlFlow<()>> {
        self.evaluations.push((record.clone(), best));
        Ok(ControlFlow::Continue(()))
    }

    fn on_resume(&mut self, step: u64, _: f64, changes: &[Change]) -> Result<()> {
        self.changes.extend(changes.iter().map(|c| (step, c.clone())));
        Ok(())
    }

    fn on_save(&mut self, checkpoint: &Path) -> Result<()> {
        self.saved.push(checkpoint.to_owned());
        Ok(())
    }
}

/// What is computed, without clocks.
pub(crate) fn numbers(records: &[LogRecord]) -> Vec<(u64, Vec<Option<u64>>)> {
    let names = ["loss", "grad_norm", "learning_rate", "num_tokens", "rewards/margins"];
    records
        .iter()
        .map(|r| (r.step, names.iter().map(|n| r.get(n).map(f64::to_bits)).collect()))
        .collect()
}

pub(crate) fn names(checkpoints: &Checkpoints) -> Vec<u64> {
    checkpoints.list().unwrap().into_iter().map(|(step, _)| step).collect()
}

pub(crate) fn with_policy() -> CausalLm {
    let mut model = tiny();
    model.copy_adapter("a", "policy").unwrap();
    model
}

/// The first steps of a run with a checkpoint every 2 steps.
pub(crate) fn saved_steps(dir: &Path, steps: u64, total: u64) -> (CausalLm, Checkpoints) {
    let mut model = tiny();
    let config = TrainConfig { save_steps: Some(2), ..config(2, total, 1e-2) };
    let checkpoints = Checkpoints::new(dir, "base");
    let mut watch = Watch { last: Some(steps), ..Watch::default() };
    Trainer::new(&tiny_examples(), Objective::Supervised, &config)
        .save_to(&checkpoints)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    (model, checkpoints)
}

/// A whole run with a checkpoint every 2 steps.
pub(crate) fn saved_run(dir: &Path, steps: u64) -> (CausalLm, Checkpoints) {
    saved_steps(dir, steps, steps)
}

/// A run over a falling rate.
pub(crate) fn falling(steps: u64, total_steps: Option<u64>) -> TrainConfig {
    let config = config(2, steps, 1e-2);
    let schedule = ScheduleConfig {
        lr_scheduler_type: SchedulerType::Linear,
        min_lr_ratio: 0.1,
        total_steps,
        ..config.schedule
    };
    TrainConfig { schedule, ..config }
}
