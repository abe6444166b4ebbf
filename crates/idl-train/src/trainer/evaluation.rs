//! The objective on held-out examples.

use std::ops::ControlFlow;
use std::path::Path;

use idl_lm::CausalLm;

use crate::checkpoint::RunRecord;
use crate::data::Example;
use crate::error::Result;
use crate::log::{LogRecord, metric};
use crate::objective::{Activations, Objective, Preference, Supervised};
use crate::trainer::callback::Callback;
use crate::trainer::gradient::Means;
use crate::trainer::references::References;
use crate::trainer::target::TrainTarget;

/// Held-out examples, and what of them need be computed only once.
pub(super) struct HeldOut<'a> {
    examples: &'a [Example],
    references: References,
}

impl<'a> HeldOut<'a> {
    pub(super) fn new(examples: &'a [Example]) -> Self {
        HeldOut { examples, references: References::new(examples.len()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// Computes what will be needed of the reference; see
    /// [`References::fill_all`].
    pub(super) fn precompute(
        &mut self,
        model: &mut CausalLm,
        reference: Option<&str>,
        cache: Option<(&Path, &RunRecord)>,
        callback: &mut dyn Callback,
    ) -> Result<ControlFlow<()>> {
        self.references.fill_all(model, self.examples, reference, cache, callback)
    }

    /// The metrics of training, with `eval_` before their names: means over
    /// the tokens of all completions, or over all replies. Nothing is changed.
    pub(super) fn evaluate(
        &mut self,
        model: &mut CausalLm,
        trained: TrainTarget<'_>,
        objective: Objective<'_>,
        step: u64,
        epoch: f64,
    ) -> Result<LogRecord> {
        let _guard = tch::no_grad_guard();
        let metrics = match objective {
            Objective::Supervised => {
                model.set_active(trained.active())?;
                let (mut sum, mut likeliest, mut tokens) = (0.0, 0, 0);
                for example in self.examples {
                    let found = Supervised::of(model, example, Activations::Kept)?;
                    sum += found.loss.over(1)?.0;
                    likeliest += found.likeliest;
                    tokens += example.completion_tokens();
                }
                let tokens = tokens.max(1) as f64;
                vec![
                    (metric::LOSS.to_owned(), sum / tokens),
                    (metric::MEAN_TOKEN_ACCURACY.to_owned(), likeliest as f64 / tokens),
                ]
            }
            Objective::Preference { loss, reference } => {
                let all: Vec<usize> = (0..self.examples.len()).collect();
                if loss.needs_reference() {
                    self.references.fill(model, &all, self.examples, reference)?;
                }
                model.set_active(trained.active())?;
                let mut metrics = Means::default();
                for (i, example) in self.examples.iter().enumerate() {
                    let reference = self.references.get(i);
                    let kept = Activations::Kept;
                    let found = Preference::of(model, example, loss, reference, kept)?;
                    metrics.add(&found, example.alternatives.len());
                }
                metrics.finish()
            }
        };
        Ok(metrics.into_iter().fold(LogRecord::new(step, epoch), |record, (name, value)| {
            record.with(format!("{}{name}", metric::EVAL_PREFIX), value)
        }))
    }
}
