//! Where a run starts.

use idl_lm::CausalLm;

use super::config::total_steps;
use super::gradient::Stepper;
use super::progress::Progress;
use super::references::References;
use super::setup::Trainer;
use super::target::{self, TrainTarget};
use crate::checkpoint::{self, Change, Checkpoint, OPTIMIZER, RunRecord};
use crate::error::{Error, Result};
use crate::objective::{Activations, Objective};
use crate::optim::AdamW;
use crate::schedule::{Schedule, ScheduleConfig};

impl<'a> Trainer<'a> {
    /// Whether the checkpoint to resume from is of this run, and what of it has
    /// changed since that may: what [`run`](Self::run) finds out first, without
    /// changing anything. One pass over the bytes of the base.
    ///
    /// # Errors
    /// [`Error::Resume`] where it is not, with every setting that differs;
    /// [`Error::ResumeVersion`].
    pub fn check_resume<'t>(
        &self,
        model: &CausalLm,
        trained: impl Into<TrainTarget<'t>>,
    ) -> Result<Vec<Change>> {
        Ok(self.progress(model, trained.into())?.1)
    }

    /// The learning rate of every step of the run. One that goes on has the
    /// schedule that it began with, unless `total_steps` names another.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`].
    pub fn schedule(&self) -> Result<Schedule> {
        let config = self.config.schedule;
        let steps = self.schedule_steps();
        ScheduleConfig { total_steps: Some(steps), ..config }.over(steps)
    }

    fn schedule_steps(&self) -> u64 {
        let resumed = self.resume.map(|checkpoint| checkpoint.state.run.schedule_steps);
        let whole = || total_steps(self.examples.len(), self.config);
        self.config.schedule.total_steps.or(resumed).unwrap_or_else(whole)
    }

    /// The position to start from, and what has changed since the checkpoint.
    pub(super) fn progress(
        &self,
        model: &CausalLm,
        trained: TrainTarget<'_>,
    ) -> Result<(Progress, Vec<Change>)> {
        let total = total_steps(self.examples.len(), self.config);
        // Before the schedule is taken from it.
        if let Some(checkpoint) = self.resume {
            checkpoint.state.run.check_version().map_err(|(found, expected)| {
                Error::ResumeVersion { path: checkpoint.path.clone(), found, expected }
            })?;
        }
        let run = RunRecord::of(
            model,
            trained,
            self.examples,
            self.held_out,
            self.objective,
            self.config,
            self.schedule_steps(),
        )?;
        let mut progress = Progress::new(total, run);
        let changes = match self.resume {
            Some(checkpoint) => progress.resume(checkpoint)?,
            None => Vec::new(),
        };
        Ok((progress, changes))
    }

    /// The checkpoint that holds the best parameters so far, beside the one
    /// that is resumed from.
    fn best_checkpoint(&self, resumed: &Checkpoint, step: u64) -> Result<Checkpoint> {
        let dir = resumed.path.with_file_name(checkpoint::folder_name(step));
        let refuse = |reason: String| Error::Resume {
            path: resumed.path.clone(),
            problem: format!(
                "the parameters of its best step, {step}, are not there ({reason}): go on without \
                 load_best_model_at_end"
            ),
        };
        let best = Checkpoint::open(dir).map_err(|error| refuse(error.to_string()))?;
        // The run may have changed between the two what it may change.
        if resumed.state.run.since(&best.state.run)?.1.is_empty() {
            Ok(best)
        } else {
            Err(refuse("another run's".to_owned()))
        }
    }

    /// Parameters and optimiser: fresh, or those of the checkpoint.
    pub(super) fn start<'t>(
        &self,
        model: &mut CausalLm,
        trained: TrainTarget<'t>,
        progress: &mut Progress,
        references: References,
    ) -> Result<Stepper<'t>>
    where
        'a: 't,
    {
        let schedule = self.schedule()?;
        let parameters = trained.parameters(model)?;
        if let Some(checkpoint) = self.resume {
            if let (true, Some((step, _))) = (self.config.load_best_model_at_end, progress.best) {
                let best = self.best_checkpoint(checkpoint, step)?;
                trained.restore(model, &best.path)?;
                progress.best_parameters = Some(target::copies(&parameters)?);
            }
            trained.restore(model, &checkpoint.path)?;
        }
        trained.set_trainable(model, true)?;
        let mut optimizer = AdamW::new(parameters, self.config.optimizer)?;
        if let Some(checkpoint) = self.resume {
            optimizer.load(&checkpoint.path.join(OPTIMIZER))?;
        }
        // A preference compares with a reference that drops nothing, so the
        // policy drops nothing either.
        let drops_out =
            matches!(self.objective, Objective::Supervised) && trained.drops_out(model)?;
        Ok(Stepper {
            objective: self.objective,
            trained,
            references,
            optimizer,
            schedule,
            max_grad_norm: self.config.max_grad_norm,
            activations: if self.config.activation_checkpointing {
                Activations::Recomputed
            } else {
                Activations::Kept
            },
            dropout_seed: drops_out.then_some(self.config.seed),
        })
    }
}
