//! What a run is given.

use std::path::Path;

use super::config::TrainConfig;
use super::source::{ExampleStream, Source};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::data::Example;
use crate::objective::Objective;

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
    pub(super) examples: Source<'a>,
    pub(super) objective: Objective<'a>,
    pub(super) config: &'a TrainConfig,
    pub(super) held_out: &'a [Example],
    pub(super) checkpoints: Option<&'a Checkpoints>,
    pub(super) resume: Option<&'a Checkpoint>,
    pub(super) reference_cache: Option<&'a Path>,
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
    /// [`Callback::on_resume`](crate::Callback::on_resume) is told. The learning rate goes over the steps
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
}
