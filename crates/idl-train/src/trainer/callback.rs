//! Watching a run, and ending it.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use idl_lm::CausalLm;

use crate::checkpoint::Change;
use crate::error::Result;
use crate::log::LogRecord;

/// What happened in a step.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its record, as it goes to the log.
    pub record: &'a LogRecord,
    /// How many steps there will be.
    pub total: u64,
    /// The time since the first step began, without pauses between a kill and
    /// a resume.
    pub elapsed: Duration,
}

impl Step<'_> {
    /// The time left, if the rest goes like the past.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let done = self.record.step.max(1);
        let left = self.total.saturating_sub(self.record.step) as f64 / done as f64;
        Duration::try_from_secs_f64(self.elapsed.as_secs_f64() * left).unwrap_or(Duration::MAX)
    }
}

/// Watches a run, and may end it after any step. A closure over [`Step`] is
/// one.
pub trait Callback {
    /// After each step. [`ControlFlow::Break`] ends the run in good order: a
    /// checkpoint is written first, where there is a folder for them.
    ///
    /// # Errors
    /// Whatever keeps the watcher from going on ends the run.
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>>;

    /// Before the first step of a run that goes on from a checkpoint, which
    /// stands at `step` and `epoch`: what of the run has changed since, old and
    /// new ([`Trainer::resume_from`](crate::Trainer::resume_from)).
    ///
    /// # Errors
    /// As [`on_step`](Self::on_step).
    fn on_resume(&mut self, step: u64, epoch: f64, changes: &[Change]) -> Result<()> {
        let _ = (step, epoch, changes);
        Ok(())
    }

    /// At each evaluation, before it is told: may add measures of its own to
    /// `record`. No gradient is recorded, and what is trained is active.
    ///
    /// # Errors
    /// As [`on_step`](Self::on_step).
    fn measure(&mut self, model: &CausalLm, record: LogRecord) -> Result<LogRecord> {
        let _ = model;
        Ok(record)
    }

    /// After each evaluation, whose metrics begin with `eval_`; `best` says
    /// whether none before had a lower `eval_loss`. [`ControlFlow::Break`] ends
    /// the run as after a step.
    ///
    /// # Errors
    /// As [`on_step`](Self::on_step).
    fn on_evaluation(&mut self, record: &LogRecord, best: bool) -> Result<ControlFlow<()>> {
        let _ = (record, best);
        Ok(ControlFlow::Continue(()))
    }

    /// After each example of which the reference's log-probabilities are
    /// computed in advance
    /// ([`precompute_reference`](crate::TrainConfig::precompute_reference)).
    /// [`ControlFlow::Break`] ends the run before its next step.
    ///
    /// # Errors
    /// As [`on_step`](Self::on_step).
    fn on_reference(&mut self, done: usize, total: usize) -> Result<ControlFlow<()>> {
        let _ = (done, total);
        Ok(ControlFlow::Continue(()))
    }

    /// After each checkpoint: it stands whole at `checkpoint`.
    ///
    /// # Errors
    /// As [`on_step`](Self::on_step).
    fn on_save(&mut self, checkpoint: &Path) -> Result<()> {
        let _ = checkpoint;
        Ok(())
    }
}

impl<F: FnMut(&Step<'_>) -> Result<ControlFlow<()>>> Callback for F {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        self(step)
    }
}
