//! One step: loss, gradient, update.

use idl_dpoc_loss::Summary;
use idl_lm::CausalLm;
use tch::Kind;

use crate::data::Example;
use crate::error::{Error, Result};
use crate::log::{LogRecord, metric};
use crate::objective::{self, Objective, PreferenceLogProbs};
use crate::optim::AdamW;
use crate::schedule::Schedule;
use crate::trainer::parameters::Trained;

/// What stays the same from step to step.
pub(super) struct Stepper<'a> {
    pub(super) examples: &'a [Example],
    pub(super) objective: Objective<'a>,
    pub(super) trained: Trained<'a>,
    pub(super) references: References,
    pub(super) optimizer: AdamW,
    pub(super) schedule: Schedule,
    pub(super) max_grad_norm: Option<f64>,
    /// What dropout draws from, where the adapter has some.
    pub(super) dropout_seed: Option<u64>,
}

impl Stepper<'_> {
    /// One update from the examples at `indices`; completes the record.
    pub(super) fn step(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        record: &mut LogRecord,
    ) -> Result<()> {
        self.optimizer.zero_grad()?;
        if let Some(seed) = self.dropout_seed {
            // A generator of its own for every step: a resumed run draws as
            // one that was not interrupted.
            model.train(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(record.step));
        }
        let metrics = match self.objective {
            Objective::Supervised => self.supervised(model, indices, record.step)?,
            Objective::Preference { .. } => self.preference(model, indices, record.step)?,
        };
        let norm = self.optimizer.clip_grad_norm(self.max_grad_norm)?;
        let rate = self.schedule.learning_rate(record.step - 1);
        self.optimizer.step(rate)?;
        record.metrics.extend(metrics);
        record.metrics.push((metric::LEARNING_RATE.to_owned(), rate));
        record.metrics.push((metric::GRAD_NORM.to_owned(), norm));
        Ok(())
    }

    fn supervised(
        &self,
        model: &mut CausalLm,
        indices: &[usize],
        step: u64,
    ) -> Result<Vec<(String, f64)>> {
        model.set_active(self.trained.active())?;
        let tokens: usize = indices.iter().map(|&i| self.examples[i].completion_tokens()).sum();
        let mut loss = 0.0;
        for &i in indices {
            let example = &self.examples[i];
            let mean = objective::supervised(model, example)?.f_div_scalar(tokens.max(1) as f64)?;
            loss += finite(mean.f_to_kind(Kind::Double)?.f_double_value(&[])?, example, step)?;
            mean.f_backward()?;
        }
        Ok(vec![(metric::LOSS.to_owned(), loss)])
    }

    fn preference(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        step: u64,
    ) -> Result<Vec<(String, f64)>> {
        let Objective::Preference { loss, reference } = self.objective else { return Ok(vec![]) };
        let compares = loss.needs_reference();
        if compares {
            self.references.fill(model, self.examples, indices, reference)?;
        }
        model.set_active(self.trained.active())?;
        let replies: usize = indices.iter().map(|&i| self.examples[i].alternatives.len()).sum();
        let mut metrics = Means::default();
        for &i in indices {
            let example = &self.examples[i];
            let reference = self.references.get(i);
            let (sum, summary, logps) = objective::preference(model, example, loss, reference)?;
            let mean = sum.f_div_scalar(replies.max(1) as f64)?;
            finite(mean.f_to_kind(Kind::Double)?.f_double_value(&[])?, example, step)?;
            mean.f_backward()?;
            metrics.add(&summary, logps, example.alternatives.len() as f64 / replies as f64);
        }
        Ok(metrics.0)
    }
}

/// The reference's log-probabilities: computed when an example is met for the
/// first time, then kept (three numbers a reply).
pub(super) struct References(Vec<Option<PreferenceLogProbs>>);

impl References {
    pub(super) fn new(examples: usize) -> Self {
        References((0..examples).map(|_| None).collect())
    }

    pub(super) fn get(&self, example: usize) -> Option<&PreferenceLogProbs> {
        self.0.get(example)?.as_ref()
    }

    /// Computes what is missing for the examples at `indices`, with the
    /// adapter `reference` active.
    pub(super) fn fill(
        &mut self,
        model: &mut CausalLm,
        examples: &[Example],
        indices: &[usize],
        reference: Option<&str>,
    ) -> Result<()> {
        if indices.iter().all(|&i| self.0[i].is_some()) {
            return Ok(());
        }
        let _guard = tch::no_grad_guard();
        model.set_active(reference)?;
        for &i in indices {
            if self.0[i].is_none() {
                self.0[i] = Some(PreferenceLogProbs::of(model, &examples[i])?);
            }
        }
        Ok(())
    }
}

/// Means over replies, whatever example they are of.
#[derive(Default)]
pub(super) struct Means(pub(super) Vec<(String, f64)>);

impl Means {
    pub(super) fn add(&mut self, summary: &Summary, logps: f64, weight: f64) {
        let named = [(metric::LOSS, summary.loss), (metric::LOGPS_CHOSEN, logps)];
        for (name, value) in named.into_iter().chain(summary.metrics()) {
            match self.0.iter_mut().find(|(n, _)| n == name) {
                Some((_, mean)) => *mean += weight * value,
                None => self.0.push((name.to_owned(), weight * value)),
            }
        }
    }
}

fn finite(value: f64, example: &Example, step: u64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::NonFiniteLoss { step, example: example.id.clone(), value })
}
