//! Where a run stands: what a checkpoint must know beside the tensors.

use std::time::{Duration, Instant};

use tch::Tensor;

use crate::checkpoint::{Change, Checkpoint, RunRecord, TrainerState, one_line};
use crate::error::{Error, Result};
use crate::trainer::record::same_evaluation;

/// Position, clock and best evaluation.
pub(super) struct Progress {
    total: u64,
    /// What the run is made of.
    pub(super) run: RunRecord,
    pub(super) step: u64,
    pub(super) epoch: f64,
    pub(super) tokens: u64,
    before: Duration,
    start: Instant,
    pub(super) best: Option<(u64, f64)>,
    /// The parameters of the best evaluation, where they will be put back.
    pub(super) best_parameters: Option<Vec<Tensor>>,
    pub(super) evaluations_without_improvement: u64,
}

impl Progress {
    pub(super) fn new(total: u64, run: RunRecord) -> Self {
        Progress {
            total,
            run,
            step: 0,
            epoch: 0.0,
            tokens: 0,
            before: Duration::ZERO,
            start: Instant::now(),
            best: None,
            best_parameters: None,
            evaluations_without_improvement: 0,
        }
    }

    /// Stands where the checkpoint was written; what the run has changed since.
    pub(super) fn resume(&mut self, checkpoint: &Checkpoint) -> Result<Vec<Change>> {
        let state = &checkpoint.state;
        let refuse = |problem: String| Error::Resume { path: checkpoint.path.clone(), problem };
        let (changes, differences) = self.run.since(&state.run)?;
        if !differences.is_empty() {
            return Err(refuse(format!(
                "it was written by another run: {}; start anew in another folder, or give back \
                 what it had",
                one_line(&differences)
            )));
        }
        if state.global_step > self.total {
            let (step, total) = (state.global_step, self.total);
            return Err(refuse(format!("it is of step {step}, but this run has {total}")));
        }
        self.step = state.global_step;
        self.epoch = state.epoch;
        self.tokens = state.num_tokens;
        self.before = Duration::try_from_secs_f64(state.train_runtime).unwrap_or_default();
        // A loss on other examples is neither higher nor lower.
        if same_evaluation(&changes) {
            self.best = state.best_global_step.zip(state.best_metric);
            self.evaluations_without_improvement = state.evaluations_without_improvement;
        }
        Ok(changes)
    }

    /// Time spent in this run, pauses left out.
    pub(super) fn elapsed(&self) -> Duration {
        self.before + self.start.elapsed()
    }

    /// Takes note of an evaluation; whether it is the best so far.
    pub(super) fn evaluated(&mut self, loss: f64) -> bool {
        // A loss that is no number is lower than none.
        let best = self.best.map_or(loss.is_finite(), |(_, lowest)| loss < lowest);
        if best {
            self.best = Some((self.step, loss));
            self.evaluations_without_improvement = 0;
        } else {
            self.evaluations_without_improvement += 1;
        }
        best
    }

    /// As a checkpoint keeps it.
    pub(super) fn state(&self) -> TrainerState {
        TrainerState {
            global_step: self.step,
            max_steps: self.total,
            epoch: self.epoch,
            num_tokens: self.tokens,
            train_runtime: self.elapsed().as_secs_f64(),
            best_metric: self.best.map(|(_, loss)| loss),
            best_global_step: self.best.map(|(step, _)| step),
            evaluations_without_improvement: self.evaluations_without_improvement,
            threads: tch::get_num_threads().into(),
            run: self.run.clone(),
            files: Default::default(),
        }
    }
}
