//! One step: loss, gradient, update.

use std::borrow::Cow;

use idl_lm::CausalLm;

use crate::data::Example;
use crate::error::{Error, Result};
use crate::log::{LogRecord, metric};
use crate::objective::{Activations, Objective, Preference, Supervised};
use crate::optim::AdamW;
use crate::schedule::Schedule;
use crate::trainer::references::References;
use crate::trainer::target::TrainTarget;

/// What stays the same from step to step.
pub(super) struct Stepper<'a> {
    pub(super) objective: Objective<'a>,
    pub(super) trained: TrainTarget<'a>,
    pub(super) references: References,
    pub(super) optimizer: AdamW,
    pub(super) schedule: Schedule,
    pub(super) max_grad_norm: Option<f64>,
    pub(super) activations: Activations,
    /// What dropout draws from, where the adapter has some.
    pub(super) dropout_seed: Option<u64>,
}

impl Stepper<'_> {
    /// One update from the examples of `batch`, which stand at `indices`;
    /// completes the record.
    pub(super) fn step(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        batch: &[Cow<'_, Example>],
        record: &mut LogRecord,
    ) -> Result<()> {
        self.optimizer.zero_grad()?;
        if let Some(seed) = self.dropout_seed {
            // A generator of its own for every step: a resumed run draws as
            // one that was not interrupted.
            model.train(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(record.step));
        }
        let metrics = match self.objective {
            Objective::Supervised => self.supervised(model, batch, record.step)?,
            Objective::Preference { .. } => self.preference(model, indices, batch, record.step)?,
        };
        let norm = self.optimizer.clip_grad_norm(self.max_grad_norm)?;
        let rate = self.schedule.learning_rate(record.step - 1);
        self.optimizer.step(rate)?;
        record.metrics.extend(metrics);
        record.metrics.push((metric::LEARNING_RATE.to_owned(), rate));
        record.metrics.push((metric::GRAD_NORM.to_owned(), norm));
        Ok(())
    }

    /// After the backward pass of one example of a batch: in 16 bits a sum of
    /// gradients would lose what is small beside it.
    fn add_up(&mut self, batch: usize) -> Result<()> {
        if batch > 1 { self.optimizer.accumulate() } else { Ok(()) }
    }

    fn supervised(
        &mut self,
        model: &mut CausalLm,
        batch: &[Cow<'_, Example>],
        step: u64,
    ) -> Result<Vec<(String, f64)>> {
        model.set_active(self.trained.active())?;
        let tokens: usize = batch.iter().map(|example| example.completion_tokens()).sum();
        let (mut loss, mut likeliest) = (0.0, 0);
        for example in batch {
            let found = Supervised::of(model, example, self.activations)?;
            let (value, mean) = found.loss.over(tokens)?;
            loss += finite(value, example, step)?;
            likeliest += found.likeliest;
            mean.backward(model)?;
            self.add_up(batch.len())?;
        }
        let accuracy = likeliest as f64 / tokens.max(1) as f64;
        Ok(vec![
            (metric::LOSS.to_owned(), loss),
            (metric::MEAN_TOKEN_ACCURACY.to_owned(), accuracy),
        ])
    }

    fn preference(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        batch: &[Cow<'_, Example>],
        step: u64,
    ) -> Result<Vec<(String, f64)>> {
        let Objective::Preference { loss, reference } = self.objective else { return Ok(vec![]) };
        let compares = loss.needs_reference();
        if compares {
            self.references.fill(model, indices, batch, reference)?;
        }
        model.set_active(self.trained.active())?;
        let replies: usize = batch.iter().map(|example| example.alternatives.len()).sum();
        let mut metrics = Means::default();
        for (&i, example) in indices.iter().zip(batch) {
            let reference = self.references.get(i);
            let found = Preference::of(model, example, loss, reference, self.activations)?;
            metrics.add(&found, example.alternatives.len());
            let (value, mean) = found.loss.over(replies)?;
            finite(value, example, step)?;
            mean.backward(model)?;
            self.add_up(batch.len())?;
        }
        Ok(metrics.finish())
    }
}

/// Means over replies, whatever example they are of; each over those that have
/// it, since not every example need have criterion replies.
#[derive(Default)]
pub(super) struct Means(Vec<Mean>);

struct Mean {
    name: &'static str,
    sum: f64,
    replies: usize,
}

impl Means {
    pub(super) fn add(&mut self, of: &Preference, replies: usize) {
        let Preference { summary, logps, .. } = of;
        let loss = [(metric::LOSS, summary.loss)];
        for (name, value) in loss.into_iter().chain(logps.iter().copied()).chain(summary.metrics())
        {
            let sum = value * replies as f64;
            match self.0.iter_mut().find(|mean| mean.name == name) {
                Some(mean) => {
                    mean.sum += sum;
                    mean.replies += replies;
                }
                None => self.0.push(Mean { name, sum, replies }),
            }
        }
    }

    pub(super) fn finish(self) -> Vec<(String, f64)> {
        self.0
            .into_iter()
            .map(|Mean { name, sum, replies }| (name.to_owned(), sum / replies.max(1) as f64))
            .collect()
    }
}

fn finite(value: f64, example: &Example, step: u64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::NonFiniteLoss { step, example: example.id.clone(), value })
}
