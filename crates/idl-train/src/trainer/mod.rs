//! One loop for both stages.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use idl_dpoc_loss::Summary;
use idl_lm::CausalLm;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use tch::Kind;

use crate::data::Example;
use crate::error::{Error, Result, require};
use crate::log::{LogRecord, metric};
use crate::objective::{self, Objective, PreferenceLogProbs};
use crate::optim::{AdamW, AdamWConfig};
use crate::schedule::{Schedule, ScheduleConfig};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Examples (dialogues) whose gradients make one step.
    pub batch_size: usize,
    /// Passes over the data.
    pub epochs: u64,
    /// Stop after so many steps, whatever the epochs say.
    pub max_steps: Option<u64>,
    /// The learning rate over the steps.
    pub schedule: ScheduleConfig,
    /// The optimiser.
    pub optimizer: AdamWConfig,
    /// The gradient is scaled down to this norm; `None` never.
    pub max_grad_norm: Option<f64>,
    /// The order of the examples.
    pub seed: u64,
}

impl Default for TrainConfig {
    /// The paper's MSL: batch 4, 2 epochs, and the defaults of the schedule
    /// and the optimiser.
    fn default() -> Self {
        TrainConfig {
            batch_size: 4,
            epochs: 2,
            max_steps: None,
            schedule: ScheduleConfig::default(),
            optimizer: AdamWConfig::default(),
            max_grad_norm: Some(1.0),
            seed: 0,
        }
    }
}

/// What happened in a step.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its record, as it goes to the log.
    pub record: &'a LogRecord,
    /// How many steps there will be.
    pub total: u64,
    /// The time since the first step began.
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

/// Watches a run, and may end it after any step.
pub trait Callback {
    /// After each step. [`ControlFlow::Break`] ends the run in good order.
    ///
    /// # Errors
    /// Whatever keeps the watcher from going on ends the run.
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>>;
}

impl<F: FnMut(&Step<'_>) -> Result<ControlFlow<()>>> Callback for F {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        self(step)
    }
}

/// How many steps a run has.
#[must_use]
pub fn total_steps(examples: usize, config: &TrainConfig) -> u64 {
    let per_epoch = examples.div_ceil(config.batch_size.max(1)) as u64;
    let all = per_epoch.saturating_mul(config.epochs);
    config.max_steps.map_or(all, |max| all.min(max))
}

/// Trains the adapter `adapter` of `model`; everything else is frozen. The
/// active adapter is the same afterwards as before.
///
/// The gradient of a step is that of one large batch: supervised, the mean over
/// the completion tokens of all its examples; preference, the mean over all
/// their replies.
///
/// A seed gives the same adapter on the same machine at the same number of
/// threads.
///
/// # Errors
/// [`Error::Data`] without examples, or where the reference is the adapter that
/// is trained; [`Error::InvalidSetting`];
/// [`Error::Step`] names the step and its examples where a loss or a gradient
/// is no number: the adapter is then that of the step before.
pub fn train(
    model: &mut CausalLm,
    adapter: &str,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
    callback: &mut dyn Callback,
) -> Result<u64> {
    require(config.batch_size > 0, "batch_size", config.batch_size as f64, "positive")?;
    if examples.is_empty() {
        return Err(Error::Data("there is nothing to learn: no examples".to_owned()));
    }
    if matches!(objective, Objective::Preference { reference: Some(r), .. } if r == adapter) {
        return Err(Error::Data(format!(
            "adapter {adapter:?} cannot be compared with itself while it is trained: copy it"
        )));
    }
    let before = model.active().map(str::to_owned);
    set_trainable(model, adapter, true)?;
    let result = run(model, adapter, examples, objective, config, callback);
    set_trainable(model, adapter, false)?;
    model.set_active(before.as_deref())?;
    result
}

fn set_trainable(model: &CausalLm, adapter: &str, trainable: bool) -> Result<()> {
    for (_, parameter) in model.adapter_parameters(adapter)? {
        let _ = parameter.f_set_requires_grad(trainable)?;
    }
    Ok(())
}

fn run(
    model: &mut CausalLm,
    adapter: &str,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
    callback: &mut dyn Callback,
) -> Result<u64> {
    let total = total_steps(examples.len(), config);
    let mut state = Run {
        examples,
        objective,
        adapter,
        references: examples.iter().map(|_| None).collect(),
        optimizer: AdamW::new(model.adapter_parameters(adapter)?, config.optimizer)?,
        schedule: config.schedule.over(total)?,
        max_grad_norm: config.max_grad_norm,
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let start = Instant::now();
    let (mut step, mut tokens) = (0, 0);
    'epochs: for epoch in 0..config.epochs {
        order.shuffle(&mut rng);
        for (batch, indices) in order.chunks(config.batch_size).enumerate() {
            if step == total {
                break 'epochs;
            }
            step += 1;
            let done = (batch * config.batch_size + indices.len()) as f64 / examples.len() as f64;
            let mut record = LogRecord::new(step, epoch as f64 + done);
            state.step(model, indices, &mut record).map_err(|source| Error::Step {
                step,
                examples: indices
                    .iter()
                    .map(|&i| examples[i].id.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
                source: Box::new(source),
            })?;
            tokens += indices.iter().map(|&i| examples[i].tree.tokens()).sum::<usize>();
            let elapsed = start.elapsed();
            let per_second = tokens as f64 / elapsed.as_secs_f64().max(1e-9);
            let record = record
                .with(metric::NUM_TOKENS, tokens as f64)
                .with(metric::TOKENS_PER_SECOND, per_second);
            let step = Step { record: &record, total, elapsed };
            let record = record.clone().with(metric::ETA_SECONDS, step.remaining().as_secs_f64());
            let step = Step { record: &record, ..step };
            if callback.on_step(&step)?.is_break() {
                break 'epochs;
            }
        }
    }
    Ok(step)
}

/// What stays the same from step to step.
struct Run<'a> {
    examples: &'a [Example],
    objective: Objective<'a>,
    adapter: &'a str,
    /// The reference's log-probabilities: computed when an example is met for
    /// the first time, then kept (three numbers a reply).
    references: Vec<Option<PreferenceLogProbs>>,
    optimizer: AdamW,
    schedule: Schedule,
    max_grad_norm: Option<f64>,
}

impl Run<'_> {
    fn step(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        record: &mut LogRecord,
    ) -> Result<()> {
        self.optimizer.zero_grad()?;
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
        model.set_active(Some(self.adapter))?;
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
        self.refer(model, indices, reference)?;
        model.set_active(Some(self.adapter))?;
        let replies: usize = indices.iter().map(|&i| self.examples[i].alternatives.len()).sum();
        let mut metrics = Means::default();
        for &i in indices {
            let example = &self.examples[i];
            let Some(reference) = &self.references[i] else { continue };
            let (sum, summary, logps) = objective::preference(model, example, loss, reference)?;
            let mean = sum.f_div_scalar(replies.max(1) as f64)?;
            finite(mean.f_to_kind(Kind::Double)?.f_double_value(&[])?, example, step)?;
            mean.f_backward()?;
            metrics.add(&summary, logps, example.alternatives.len() as f64 / replies as f64);
        }
        Ok(metrics.0)
    }

    /// Computes what is missing of the reference's log-probabilities.
    fn refer(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        reference: Option<&str>,
    ) -> Result<()> {
        if indices.iter().all(|&i| self.references[i].is_some()) {
            return Ok(());
        }
        let _guard = tch::no_grad_guard();
        model.set_active(reference)?;
        for &i in indices {
            if self.references[i].is_none() {
                self.references[i] = Some(PreferenceLogProbs::of(model, &self.examples[i])?);
            }
        }
        Ok(())
    }
}

/// Means over replies, whatever example they are of.
#[derive(Default)]
struct Means(Vec<(String, f64)>);

impl Means {
    fn add(&mut self, summary: &Summary, logps: f64, weight: f64) {
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
