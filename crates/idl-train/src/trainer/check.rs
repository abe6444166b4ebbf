//! What a run needs to begin.

use idl_dpoc_loss::PreferenceLoss;

use super::setup::Trainer;
use super::source::Source;
use super::target::TrainTarget;
use crate::data::Example;
use crate::error::{Error, Result};
use crate::objective::Objective;

impl Trainer<'_> {
    pub(super) fn check(&self, trained: TrainTarget<'_>) -> Result<()> {
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
            Objective::Preference { loss, reference } => {
                if compares {
                    self.check_reference(trained, reference)?;
                }
                self.check_alternatives(loss)
            }
            Objective::Supervised => Ok(()),
        }
    }

    /// Whether the reference stays what it is while `trained` is trained. What
    /// it said of every example before the first step does, whatever becomes of
    /// the base; an adapter that is its own reference can as well be copied.
    fn check_reference(&self, trained: TrainTarget<'_>, reference: Option<&str>) -> Result<()> {
        let moving = |reference: String, trained, remedy| {
            Err(Error::MovingReference { reference, trained, remedy })
        };
        match (trained, reference) {
            (TrainTarget::Adapter(policy), Some(adapter)) if policy == adapter => {
                moving(format!("adapter {adapter:?}"), "itself", "copy it")
            }
            (TrainTarget::Adapter(_), _) => Ok(()),
            (TrainTarget::Base, _) if self.config.precompute_reference => Ok(()),
            (TrainTarget::Base, None) => moving(
                "the base".to_owned(),
                "itself",
                "train an adapter, or set precompute_reference",
            ),
            (TrainTarget::Base, Some(adapter)) => moving(
                format!("adapter {adapter:?}, which stands on the base,"),
                "the base",
                "train an adapter, or set precompute_reference",
            ),
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
}
