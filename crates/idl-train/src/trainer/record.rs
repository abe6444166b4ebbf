//! What a run is made of, part by part, so that what differs can be named.

use idl_lm::CausalLm;
use serde::Serialize;
use serde_json::Value;

use super::config::TrainConfig;
use super::source::Source;
use super::target::TrainTarget;
use crate::checkpoint::{Change, Named, RUN_VERSION, RunRecord, changes, flatten};
use crate::data::Example;
use crate::digest::{self, Parts};
use crate::error::{Error, Result};
use crate::objective::Objective;

const HELD_OUT: &str = "held_out.";

/// Whether evaluations before and after are of the same examples.
pub(crate) fn same_evaluation(changes: &[Change]) -> bool {
    !changes.iter().any(|change| change.setting.starts_with(HELD_OUT))
}

/// The settings that may change in the middle of a run: how long it is, how
/// often and on what it is looked at, what is kept. None decides what a step
/// computes.
const FREE: [&str; 9] = [
    "early_stopping_patience",
    "epochs",
    "eval_steps",
    "load_best_model_at_end",
    "max_steps",
    "precompute_reference",
    "save_steps",
    "save_total_limit",
    "schedule.total_steps",
];

impl RunRecord {
    /// The record of a run, before anything of it is trained or restored. One
    /// pass over the bytes of the base.
    pub(crate) fn of(
        model: &CausalLm,
        trained: TrainTarget<'_>,
        examples: Source<'_>,
        held_out: &[Example],
        objective: Objective<'_>,
        config: &TrainConfig,
        schedule_steps: u64,
    ) -> Result<Self> {
        let mut parts = Named::new();
        put(&mut parts, "", config)?;
        put(&mut parts, "base.config", model.config())?;
        put(&mut parts, "base.precision", digest::precision(model.options().kind)?)?;
        put(&mut parts, "base.weights", &digest::of_tensors(&model.parameters())?)?;
        match trained {
            TrainTarget::Base => put(&mut parts, "trained", "base")?,
            TrainTarget::Adapter(name) => {
                put(&mut parts, "trained", "adapter")?;
                put(&mut parts, "adapter", model.adapter_config(name)?)?;
            }
        }
        match objective {
            Objective::Supervised => put(&mut parts, "objective", "supervised")?,
            Objective::Preference { loss, reference } => {
                put(&mut parts, "objective", "preference")?;
                put(&mut parts, "loss", loss.config())?;
                if loss.needs_reference() {
                    put_reference(&mut parts, model, reference)?;
                }
            }
        }
        match examples {
            Source::Slice(examples) => put_examples(&mut parts, "examples", examples)?,
            Source::Stream(stream) => {
                put(&mut parts, "examples.stream", &stream.description())?;
                if !stream.is_shuffled() {
                    put(&mut parts, "examples.count", &stream.len())?;
                }
            }
        }
        put_examples(&mut parts, "held_out", held_out)?;
        Ok(RunRecord { version: RUN_VERSION, schedule_steps, parts })
    }

    /// The key under which a reference's log-probabilities of `examples` are
    /// kept: all that they follow from.
    pub(crate) fn reference_key(&self, examples: &[Example]) -> Result<String> {
        let mut parts = Parts::new("reference 2");
        let of = |name: &str| name.starts_with("base.") || name.starts_with("reference");
        for (name, value) in self.parts.iter().filter(|(name, _)| of(name)) {
            parts.text(name);
            parts.text(&value.to_string());
        }
        parts.text(&digest::of_examples(examples));
        Ok(parts.finish())
    }

    /// What this run has changed of `old`: what a run may change in its middle,
    /// and what makes it another run.
    pub(crate) fn since(&self, old: &RunRecord) -> Result<(Vec<Change>, Vec<Change>)> {
        // A setting that was not there then was what it is unless set.
        let mut before = Named::new();
        put(&mut before, "", &TrainConfig::default())?;
        before.extend(old.parts.clone());
        Ok(changes(&before, &self.parts).into_iter().partition(|c| self.is_free(&c.setting)))
    }

    fn is_free(&self, setting: &str) -> bool {
        let part = |name: &str| self.parts.get(name);
        match setting {
            // Layers that are computed again give the same bits, but for these.
            "activation_checkpointing" => {
                part("trained").and_then(Value::as_str) == Some("adapter")
                    && part("adapter.dropout").and_then(Value::as_f64) == Some(0.0)
            }
            _ => FREE.contains(&setting) || setting.starts_with(HELD_OUT),
        }
    }
}

/// Puts a value, as it is serialised, among the parts.
fn put<T: Serialize + ?Sized>(parts: &mut Named, name: &str, value: &T) -> Result<()> {
    let json = serde_json::to_value(value)
        .map_err(|error| Error::Data(format!("{name}: cannot be recorded: {error}")))?;
    flatten(parts, name, &json);
    Ok(())
}

/// Settings and every bit of the reference's adapter, or that it is the base.
fn put_reference(parts: &mut Named, model: &CausalLm, adapter: Option<&str>) -> Result<()> {
    let Some(adapter) = adapter else { return put(parts, "reference", "base") };
    put(parts, "reference.adapter", model.adapter_config(adapter)?)?;
    let weights = digest::of_tensors(&model.adapter_parameters(adapter)?)?;
    put(parts, "reference.weights", &weights)
}

fn put_examples(parts: &mut Named, name: &str, examples: &[Example]) -> Result<()> {
    put(parts, &format!("{name}.count"), &examples.len())?;
    put(parts, &format!("{name}.sha256"), &digest::of_examples(examples))
}
