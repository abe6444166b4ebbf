//! One loop for both stages.

mod callback;
mod config;
mod evaluation;
mod gradient;
mod parameters;
mod progress;
mod references;
mod source;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;

use idl_dpoc_loss::PreferenceLoss;
use idl_lm::CausalLm;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::checkpoint::{self, Checkpoint, Checkpoints, OPTIMIZER};
use crate::data::Example;
use crate::error::{Error, Result};
use crate::log::{LogRecord, metric};
use crate::objective::{Activations, Objective};
use crate::optim::AdamW;

pub use callback::{Callback, Step};
pub use config::{TrainConfig, total_steps};
use evaluation::HeldOut;
use gradient::Stepper;
pub use parameters::Trained;
use progress::Progress;
use references::References;
pub use source::ExampleStream;
pub(crate) use source::Source;

/// A run: what is learnt from what, and how.
///
/// ```no_run
/// # fn run(model: &mut idl_lm::CausalLm, examples: &[idl_train::Example],
/// #     held_out: &[idl_train::Example]) -> idl_train::Result<()> {
/// use std::ops::ControlFlow;
///
/// use idl_train::checkpoint::Checkpoints;
/// use idl_train::{Objective, Step, TrainConfig, Trainer};
///
/// let config = TrainConfig {
///     save_steps: Some(100),
///     eval_steps: Some(100),
///     load_best_model_at_end: true,
///     ..TrainConfig::default()
/// };
/// let checkpoints = Checkpoints::new("out", "my-llama");
/// let found = checkpoints.latest()?;
/// let outcome = Trainer::new(examples, Objective::Supervised, &config)
///     .evaluate_on(held_out)
///     .save_to(&checkpoints)
///     .resume_from(found.checkpoint.as_ref())
///     .run(model, "policy", &mut |_: &Step<'_>| Ok(ControlFlow::Continue(())))?;
/// println!("{} steps, {:?}", outcome.steps, outcome.stop);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Trainer<'a> {
    examples: Source<'a>,
    objective: Objective<'a>,
    config: &'a TrainConfig,
    held_out: &'a [Example],
    checkpoints: Option<&'a Checkpoints>,
    resume: Option<&'a Checkpoint>,
    reference_cache: Option<&'a Path>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All steps are done.
    Finished,
    /// The callback asked for it.
    Cancelled,
    /// `eval_loss` had stopped falling.
    EarlyStopping,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Steps done, those before a resume included.
    pub steps: u64,
    /// Why there were no more.
    pub stop: Stop,
    /// The step with the lowest `eval_loss`, and that loss.
    pub best: Option<(u64, f64)>,
}

/// Trains the adapter `adapter` of `model` without checkpoints or evaluation,
/// and returns the number of steps; see [`Trainer`].
///
/// # Errors
/// As [`Trainer::run`].
pub fn train(
    model: &mut CausalLm,
    adapter: &str,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
    callback: &mut dyn Callback,
) -> Result<u64> {
    Ok(Trainer::new(examples, objective, config).run(model, adapter, callback)?.steps)
}

impl<'a> Trainer<'a> {
    /// A run over `examples`.
    #[must_use]
    pub fn new(examples: &'a [Example], objective: Objective<'a>, config: &'a TrainConfig) -> Self {
        Self::over(Source::Slice(examples), objective, config)
    }

    /// A run over examples that are made when their turn comes.
    #[must_use]
    pub fn streaming(
        examples: &'a dyn ExampleStream,
        objective: Objective<'a>,
        config: &'a TrainConfig,
    ) -> Self {
        Self::over(Source::Stream(examples), objective, config)
    }

    fn over(examples: Source<'a>, objective: Objective<'a>, config: &'a TrainConfig) -> Self {
        Trainer {
            examples,
            objective,
            config,
            held_out: &[],
            checkpoints: None,
            resume: None,
            reference_cache: None,
        }
    }

    /// Evaluates on these examples, every `eval_steps` and at the end.
    #[must_use]
    pub fn evaluate_on(self, held_out: &'a [Example]) -> Self {
        Trainer { held_out, ..self }
    }

    /// Writes checkpoints, every `save_steps`, at the end, and at every step
    /// whose evaluation is the best so far.
    #[must_use]
    pub fn save_to(self, checkpoints: &'a Checkpoints) -> Self {
        Trainer { checkpoints: Some(checkpoints), ..self }
    }

    /// Goes on from a checkpoint of the same run, where there is one.
    ///
    /// On a CPU, at the same number of threads, what follows is bit for bit
    /// what would have followed without the pause.
    #[must_use]
    pub fn resume_from(self, checkpoint: Option<&'a Checkpoint>) -> Self {
        Trainer { resume: checkpoint, ..self }
    }

    /// Where [`TrainConfig::precompute_reference`] keeps the reference's
    /// log-probabilities: files in this folder, which need not exist, named by
    /// a hash of the base, the reference adapter, the precision and every token
    /// of the examples. Several runs may share it, whatever their loss and
    /// settings; files of other keys are left alone, and one that is damaged is
    /// computed and written again.
    #[must_use]
    pub fn cache_references(self, dir: &'a Path) -> Self {
        Trainer { reference_cache: Some(dir), ..self }
    }

    /// Trains an adapter of `model`, or its base; everything else is frozen.
    /// The active adapter is the same afterwards as before.
    ///
    /// The gradient of a step is that of one large batch: supervised, the mean
    /// over the completion tokens of all its examples; preference, the mean
    /// over all their replies.
    ///
    /// A seed gives the same parameters on the same machine at the same number
    /// of threads.
    ///
    /// # Errors
    /// [`Error::Data`] without examples, where the reference is what is
    /// trained, where the loss ranks criterion replies that an example lacks, or
    /// where the folder for checkpoints has some and the run does not go on from
    /// one; [`Error::InvalidSetting`]; [`Error::Resume`] for a checkpoint of
    /// another run; [`Error::Step`] names the step and its examples where a loss
    /// or a gradient is no number: the parameters are then those of the step
    /// before; what checkpoints and callback report. A checkpoint that cannot be
    /// written leaves the one before it.
    pub fn run<'t>(
        &self,
        model: &mut CausalLm,
        trained: impl Into<Trained<'t>>,
        callback: &mut dyn Callback,
    ) -> Result<Outcome> {
        let trained = trained.into();
        self.check(trained)?;
        let before = model.active().map(str::to_owned);
        let outcome = self.start(model, trained).and_then(|(mut stepper, mut progress)| {
            let stop = self.steps(model, &mut stepper, &mut progress, callback)?;
            if let Some(best) = &progress.best_parameters {
                parameters::overwrite(&mut trained.parameters(model)?, best)?;
            }
            Ok(Outcome { steps: progress.step, stop, best: progress.best })
        });
        let frozen = trained.set_trainable(model, false);
        model.eval();
        model.set_active(before.as_deref())?;
        let outcome = outcome?;
        frozen?;
        Ok(outcome)
    }

    fn check(&self, trained: Trained<'_>) -> Result<()> {
        self.config.check()?;
        if self.examples.len() == 0 {
            return Err(Error::Data("there is nothing to learn: no examples".to_owned()));
        }
        let watched = self.config.early_stopping_patience.is_some()
            || self.config.load_best_model_at_end
            || self.config.eval_steps.is_some();
        if watched && self.held_out.is_empty() {
            return Err(Error::Data(
                "eval_steps, early_stopping_patience and load_best_model_at_end need held-out \
                 examples"
                    .to_owned(),
            ));
        }
        if let (Some(checkpoints), None) = (self.checkpoints, self.resume)
            && let Some((_, path)) = checkpoints.list()?.last()
        {
            return Err(Error::Data(format!(
                "{} is there already: resume from it, or save to another folder",
                path.display()
            )));
        }
        let compares = match self.objective {
            Objective::Supervised => false,
            Objective::Preference { loss, .. } => loss.needs_reference(),
        };
        if self.config.precompute_reference && !compares {
            return Err(Error::Data(
                "precompute_reference: this objective compares with no reference".to_owned(),
            ));
        }
        if self.config.precompute_reference && matches!(self.examples, Source::Stream(_)) {
            return Err(Error::Data(
                "precompute_reference: examples that are made in their turn cannot be met before"
                    .to_owned(),
            ));
        }
        match self.objective {
            Objective::Preference { reference, .. } if reference == trained.active() => {
                Err(Error::Data(match reference {
                    Some(adapter) => format!(
                        "adapter {adapter:?} cannot be compared with itself while it is \
                         trained: copy it"
                    ),
                    None => "the base cannot be compared with itself while it is trained: train \
                             an adapter"
                        .to_owned(),
                }))
            }
            Objective::Preference { loss, .. } => self.check_alternatives(loss),
            Objective::Supervised => Ok(()),
        }
    }

    /// Whether the examples have what the loss ranks; those of a stream are
    /// met in their turn.
    fn check_alternatives(&self, loss: &PreferenceLoss) -> Result<()> {
        let examples: &[Example] = match self.examples {
            Source::Slice(examples) => examples,
            Source::Stream(_) => &[],
        };
        for example in examples.iter().chain(self.held_out) {
            if example.alternatives.is_empty() {
                return Err(Error::Data(format!("example {} has no alternatives", example.id)));
            }
            if loss.needs_criterion() && !example.has_criterion() {
                return Err(Error::Data(format!(
                    "the loss {} ranks criterion replies, and example {} has none: dpo and other \
                     losses over pairs need none",
                    loss.config().loss.name(),
                    example.id
                )));
            }
        }
        Ok(())
    }

    /// Whether the checkpoint to resume from is of this run: what
    /// [`run`](Self::run) finds out first, without changing anything.
    ///
    /// # Errors
    /// [`Error::Resume`] where it is not.
    pub fn check_resume<'t>(
        &self,
        model: &CausalLm,
        trained: impl Into<Trained<'t>>,
    ) -> Result<()> {
        self.progress(model, trained.into()).map(drop)
    }

    /// The position to start from.
    fn progress(&self, model: &CausalLm, trained: Trained<'_>) -> Result<Progress> {
        let total = total_steps(self.examples.len(), self.config);
        let fingerprint = checkpoint::fingerprint(
            model,
            trained,
            self.examples,
            self.held_out,
            self.objective,
            self.config,
        )?;
        let mut progress = Progress::new(total, fingerprint);
        if let Some(checkpoint) = self.resume {
            progress.resume(checkpoint)?;
        }
        Ok(progress)
    }

    /// The checkpoint that holds the best parameters so far, beside the one
    /// that is resumed from.
    fn best_checkpoint(&self, resumed: &Checkpoint, step: u64) -> Result<Checkpoint> {
        let dir = resumed.path.with_file_name(checkpoint::folder_name(step));
        let same = |best: &Checkpoint| best.state.fingerprint == resumed.state.fingerprint;
        match Checkpoint::open(dir) {
            Ok(best) if same(&best) => Ok(best),
            found => {
                let reason = found.map_or_else(|e| e.to_string(), |_| "another run's".to_owned());
                Err(Error::Resume {
                    path: resumed.path.clone(),
                    problem: format!(
                        "the parameters of its best step, {step}, are not there ({reason}): go on \
                         without load_best_model_at_end"
                    ),
                })
            }
        }
    }

    /// Parameters, optimiser and position: fresh, or those of the checkpoint.
    fn start<'t>(
        &self,
        model: &mut CausalLm,
        trained: Trained<'t>,
    ) -> Result<(Stepper<'t>, Progress)>
    where
        'a: 't,
    {
        let total = total_steps(self.examples.len(), self.config);
        let schedule = self.config.schedule.over(total)?;
        // A model that was left in training would drop out all the same.
        model.eval();
        let mut progress = self.progress(model, trained)?;
        let parameters = trained.parameters(model)?;
        if let Some(checkpoint) = self.resume {
            if let (true, Some((step, _))) = (self.config.load_best_model_at_end, progress.best) {
                let best = self.best_checkpoint(checkpoint, step)?;
                trained.restore(model, &best.path)?;
                progress.best_parameters = Some(parameters::copies(&parameters)?);
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
        let stepper = Stepper {
            objective: self.objective,
            trained,
            references: References::new(self.examples.len()),
            optimizer,
            schedule,
            max_grad_norm: self.config.max_grad_norm,
            activations: if self.config.activation_checkpointing {
                Activations::Recomputed
            } else {
                Activations::Kept
            },
            dropout_seed: drops_out.then_some(self.config.seed),
        };
        Ok((stepper, progress))
    }

    /// The loop.
    fn steps(
        &self,
        model: &mut CausalLm,
        stepper: &mut Stepper<'_>,
        progress: &mut Progress,
        callback: &mut dyn Callback,
    ) -> Result<Stop> {
        let total = total_steps(self.examples.len(), self.config);
        let mut held_out = HeldOut::new(self.held_out);
        if self.out_of_patience(progress) {
            return Ok(Stop::EarlyStopping);
        }
        if self.precompute(model, stepper, &mut held_out, callback)?.is_break() {
            return Ok(Stop::Cancelled);
        }
        // The order of every epoch follows from the seed: what is done already
        // is walked past, and nothing of it need be kept.
        let done = progress.step;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(self.config.seed);
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let mut step = 0;
        for epoch in 0..self.config.epochs {
            if self.config.shuffle {
                order.shuffle(&mut rng);
            }
            for (batch, indices) in order.chunks(self.config.batch_size).enumerate() {
                if step == total {
                    return Ok(Stop::Finished);
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
                        self.evaluate(model, stepper, progress, &mut held_out, callback)?;
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
                    return Ok(Stop::Cancelled);
                }
                if !patient {
                    return Ok(Stop::EarlyStopping);
                }
            }
        }
        Ok(Stop::Finished)
    }

    /// What the reference says of all examples, where it is wanted in advance.
    fn precompute(
        &self,
        model: &mut CausalLm,
        stepper: &mut Stepper<'_>,
        held_out: &mut HeldOut<'_>,
        callback: &mut dyn Callback,
    ) -> Result<ControlFlow<()>> {
        let (Objective::Preference { reference, .. }, Source::Slice(examples), true) =
            (self.objective, self.examples, self.config.precompute_reference)
        else {
            return Ok(ControlFlow::Continue(()));
        };
        let dir = self.reference_cache;
        let flow = stepper.references.fill_all(model, examples, reference, dir, callback)?;
        if flow.is_break() || held_out.is_empty() {
            return Ok(flow);
        }
        held_out.precompute(model, reference, dir, callback)
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
            progress.best_parameters = Some(parameters::copies(stepper.optimizer.params())?);
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
