//! A run from its first check to its outcome.

use idl_lm::CausalLm;

use super::callback::Callback;
use super::config::TrainConfig;
use super::outcome::Outcome;
use super::setup::Trainer;
use super::target::TrainTarget;
use crate::data::Example;
use crate::error::Result;
use crate::objective::Objective;

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

impl Trainer<'_> {
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
        trained: impl Into<TrainTarget<'t>>,
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
