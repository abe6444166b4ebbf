//! One loop for both stages.

mod callback;
mod check;
mod config;
mod evaluation;
mod gradient;
mod parameters;
mod progress;
mod references;
mod resume;
mod source;
mod steps;

use std::path::Path;

use idl_lm::CausalLm;

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::data::Example;
use crate::error::Result;
use crate::objective::Objective;

pub use callback::{Callback, Step};
pub use config::{TrainConfig, total_steps};
use gradient::Stepper;
pub use parameters::Trained;
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
    ///
    /// How long the run is, and how it is evaluated and saved, may have changed;
    /// [`Callback::on_resume`] is told. The learning rate goes over the steps
    /// that it began with, and keeps its final value beyond them, unless
    /// [`total_steps`](crate::schedule::ScheduleConfig::total_steps) names
    /// others. With other held-out examples the best evaluation is looked for
    /// anew.
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
    /// [`Error::Data`] without examples, where the loss ranks criterion replies
    /// that an example lacks, or where the folder for checkpoints has some and
    /// the run does not go on from one; [`Error::MovingReference`] where the
    /// reference is what is trained, or stands on it;
    /// [`Error::InvalidSetting`]; [`Error::Resume`] for a checkpoint of
    /// another run, [`Error::ResumeVersion`] for one of another form;
    /// [`Error::Step`] names the step and its examples where a loss
    /// or a gradient is no number: the parameters are then those of the step
    /// before; what checkpoints and callback report. A checkpoint that cannot be
    /// written leaves the one before it.
    ///
    /// [`Error::Data`]: crate::Error::Data
    /// [`Error::InvalidSetting`]: crate::Error::InvalidSetting
    /// [`Error::MovingReference`]: crate::Error::MovingReference
    /// [`Error::Resume`]: crate::Error::Resume
    /// [`Error::ResumeVersion`]: crate::Error::ResumeVersion
    /// [`Error::Step`]: crate::Error::Step
    pub fn run<'t>(
        &self,
        model: &mut CausalLm,
        trained: impl Into<Trained<'t>>,
        callback: &mut dyn Callback,
    ) -> Result<Outcome> {
        let trained = trained.into();
        self.check(trained)?;
        let before = model.active().map(str::to_owned);
        let outcome = self.whole(model, trained, callback);
        let frozen = trained.set_trainable(model, false);
        model.eval();
        model.set_active(before.as_deref())?;
        let outcome = outcome?;
        frozen?;
        Ok(outcome)
    }
}
