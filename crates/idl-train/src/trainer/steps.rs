//! The loop.

use std::borrow::Cow;
use std::ops::ControlFlow;

use idl_lm::CausalLm;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::callback::{Callback, Step};
use super::config::total_steps;
use super::evaluation::HeldOut;
use super::gradient::Stepper;
use super::outcome::{Outcome, StopReason};
use super::progress::Progress;
use super::references::References;
use super::setup::Trainer;
use super::source::Source;
use super::target::{self, TrainTarget};
use crate::checkpoint::{OPTIMIZER, RunRecord};
use crate::data::Example;
use crate::error::{Error, Result};
use crate::log::{LogRecord, metric};
use crate::objective::Objective;

impl Trainer<'_> {
    /// A run whose settings have been checked.
    pub(super) fn whole(
        &self,
        model: &mut CausalLm,
        trained: TrainTarget<'_>,
        callback: &mut dyn Callback,
    ) -> Result<Outcome> {
        // A model that was left in training would drop out all the same.
        model.eval();
        let (mut progress, changes) = self.progress(model, trained)?;
        if self.resume.is_some() {
            callback.on_resume(progress.step, progress.epoch, &changes)?;
        }
        let mut references = References::new(self.examples.len());
        let mut held_out = HeldOut::new(self.held_out);
        // What a reference says in advance it says as the run began: before the
        // base, where that is trained, becomes the checkpoint's.
        let patient = !self.out_of_patience(&progress);
        let flow = if patient {
            self.precompute(model, &progress.run, &mut references, &mut held_out, callback)?
        } else {
            ControlFlow::Continue(())
        };
        let mut stepper = self.start(model, trained, &mut progress, references)?;
        let stop = match (patient, flow) {
            (false, _) => StopReason::EarlyStopping,
            (true, ControlFlow::Break(())) => StopReason::Cancelled,
            _ => self.steps(model, &mut stepper, &mut progress, &mut held_out, callback)?,
        };
        if let Some(best) = &progress.best_parameters {
            target::overwrite(&mut trained.parameters(model)?, best)?;
        }
        Ok(Outcome { steps: progress.step, stop, best: progress.best })
    }

    /// The loop.
    fn steps(
        &self,
        model: &mut CausalLm,
        stepper: &mut Stepper<'_>,
        progress: &mut Progress,
        held_out: &mut HeldOut<'_>,
        callback: &mut dyn Callback,
    ) -> Result<StopReason> {
        let total = total_steps(self.examples.len(), self.config);
        // The order of every epoch follows from the seed: what is done already
        // is walked past, and nothing of it need be kept.
        let done = progress.step;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.config.seed);
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let mut step = 0;
        for epoch in 0..self.config.epochs {
            if self.config.shuffle && !self.examples.is_shuffled() {
                order.shuffle(&mut rng);
            }
            for (batch, indices) in order.chunks(self.config.batch_size).enumerate() {
                if step == total {
                    return Ok(StopReason::Finished);
                }
                step += 1;
                if step <= done {
                    continue;
                }
                let seen = batch * self.config.batch_size + indices.len();
                progress.epoch = epoch as f64 + seen as f64 / self.examples.len() as f64;
                let mut flow = self.step(model, stepper, progress, indices, callback)?;
                let last = step == total;
                let mut save = last || flow.is_break() || due(self.config.save_steps, step);
                let evaluate = last || due(self.config.eval_steps, step);
                // Also before a stop: the run that goes on would not come here
                // again.
                if evaluate && !held_out.is_empty() {
                    let (best, then) =
                        self.evaluate(model, stepper, progress, held_out, callback)?;
                    save |= best || then.is_break();
                    if then.is_break() {
                        flow = then;
                    }
                }
                let patient = !self.out_of_patience(progress);
                if save || !patient {
                    self.save(model, stepper, progress, callback)?;
                }
                if flow.is_break() && !last {
                    return Ok(StopReason::Cancelled);
                }
                if !patient {
                    return Ok(StopReason::EarlyStopping);
                }
            }
        }
        Ok(StopReason::Finished)
    }

    /// What the reference says of all examples, where it is wanted in advance.
    fn precompute(
        &self,
        model: &mut CausalLm,
        run: &RunRecord,
        references: &mut References,
        held_out: &mut HeldOut<'_>,
        callback: &mut dyn Callback,
    ) -> Result<ControlFlow<()>> {
        let (Objective::Preference { reference, .. }, Source::Slice(examples), true) =
            (self.objective, self.examples, self.config.precompute_reference)
        else {
            return Ok(ControlFlow::Continue(()));
        };
        let cache = self.reference_cache.map(|dir| (dir, run));
        let flow = references.fill_all(model, examples, reference, cache, callback)?;
        if flow.is_break() || held_out.is_empty() {
            return Ok(flow);
        }
        held_out.precompute(model, reference, cache, callback)
    }

    /// One step, told to the callback.
    fn step(
        &self,
        model: &mut CausalLm,
        stepper: &mut Stepper<'_>,
        progress: &mut Progress,
        indices: &[usize],
        callback: &mut dyn Callback,
    ) -> Result<ControlFlow<()>> {
        let step = progress.step + 1;
        let mut record = LogRecord::new(step, progress.epoch);
        let batch: Vec<Cow<'_, Example>> =
            indices.iter().map(|&i| self.examples.get(i)).collect::<Result<_>>()?;
        stepper.step(model, indices, &batch, &mut record).map_err(|source| {
            let ids: Vec<&str> = batch.iter().map(|example| example.id.as_str()).collect();
            Error::Step { step, examples: ids.join(", "), source: Box::new(source) }
        })?;
        progress.step = step;
        let tokens: usize = batch.iter().map(|example| example.tree.tokens()).sum();
        progress.tokens += tokens as u64;
        let elapsed = progress.elapsed();
        let per_second = progress.tokens as f64 / elapsed.as_secs_f64().max(1e-9);
        let record = record
            .with(metric::NUM_TOKENS, progress.tokens as f64)
            .with(metric::TOKENS_PER_SECOND, per_second);
        let total = total_steps(self.examples.len(), self.config);
        let left = Step { record: &record, total, elapsed }.remaining();
        let record = record.clone().with(metric::ETA_SECONDS, left.as_secs_f64());
        callback.on_step(&Step { record: &record, total, elapsed })
    }

    /// An evaluation; whether it is the best so far, and what the callback
    /// makes of it.
    fn evaluate(
        &self,
        model: &mut CausalLm,
        stepper: &Stepper<'_>,
        progress: &mut Progress,
        held_out: &mut HeldOut<'_>,
        callback: &mut dyn Callback,
    ) -> Result<(bool, ControlFlow<()>)> {
        let (step, epoch) = (progress.step, progress.epoch);
        let record = held_out.evaluate(model, stepper.trained, self.objective, step, epoch)?;
        let record = tch::no_grad(|| callback.measure(model, record))?;
        let loss = record.get(&format!("{}{}", metric::EVAL_PREFIX, metric::LOSS));
        let best = progress.evaluated(loss.unwrap_or(f64::NAN));
        if best && self.config.load_best_model_at_end {
            progress.best_parameters = Some(target::copies(stepper.optimizer.params())?);
        }
        let flow = callback.on_evaluation(&record, best)?;
        Ok((best, flow))
    }

    fn save(
        &self,
        model: &CausalLm,
        stepper: &Stepper<'_>,
        progress: &Progress,
        callback: &mut dyn Callback,
    ) -> Result<()> {
        let Some(checkpoints) = self.checkpoints else { return Ok(()) };
        let path = checkpoints.write(progress.state(), |dir| {
            stepper.trained.save(model, dir, checkpoints.base())?;
            stepper.optimizer.save(&dir.join(OPTIMIZER))
        })?;
        if let Some(keep) = self.config.save_total_limit {
            checkpoints.prune(keep, progress.step)?;
        }
        callback.on_save(&path)
    }

    fn out_of_patience(&self, progress: &Progress) -> bool {
        let patience = self.config.early_stopping_patience;
        patience.is_some_and(|patience| progress.evaluations_without_improvement >= patience)
    }
}

/// Whether something done every so many steps is due.
fn due(every: Option<u64>, step: u64) -> bool {
    every.is_some_and(|every| step.is_multiple_of(every))
}
