//! What the frozen reference says of the replies: three numbers each, computed
//! once.

use std::borrow::Borrow;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::vec;

use idl_dpoc_loss::Completions;
use idl_lm::CausalLm;
use tch::{Device, Kind, Tensor};
use tempfile::NamedTempFile;

use crate::checkpoint::RunRecord;
use crate::data::Example;
use crate::error::{Error, Result};
use crate::objective::preference_logprobs;
use crate::trainer::callback::Callback;

/// The tensors of a cache file: `[replies of all examples]` each, the last of
/// those examples only that have criterion replies.
const CHOSEN: &str = "chosen";
const REJECTED: &str = "rejected";
const CRITERION: &str = "criterion";

/// The reference's log-probabilities of each example: computed when it is met
/// for the first time, or all before the first step; then kept.
pub(super) struct References(Vec<Option<Completions<Tensor>>>);

impl References {
    pub(super) fn new(examples: usize) -> Self {
        References((0..examples).map(|_| None).collect())
    }

    pub(super) fn get(&self, example: usize) -> Option<&Completions<Tensor>> {
        self.0.get(example)?.as_ref()
    }

    /// Computes what is missing for `examples`, which stand at `indices`, with
    /// the adapter `reference` active.
    pub(super) fn fill(
        &mut self,
        model: &mut CausalLm,
        indices: &[usize],
        examples: &[impl Borrow<Example>],
        reference: Option<&str>,
    ) -> Result<()> {
        if indices.iter().all(|&i| self.0[i].is_some()) {
            return Ok(());
        }
        let _guard = tch::no_grad_guard();
        model.set_active(reference)?;
        for (&i, example) in indices.iter().zip(examples) {
            if self.0[i].is_none() {
                self.0[i] = Some(preference_logprobs(model, example.borrow())?);
            }
        }
        Ok(())
    }

    /// All of them, from the run's cache in a folder where they are there, else
    /// computed and put there.
    pub(super) fn fill_all(
        &mut self,
        model: &mut CausalLm,
        examples: &[Example],
        reference: Option<&str>,
        cache: Option<(&Path, &RunRecord)>,
        callback: &mut dyn Callback,
    ) -> Result<ControlFlow<()>> {
        let file = match cache {
            Some((dir, run)) => Some(file(dir, &run.reference_key(examples)?)),
            None => None,
        };
        if let Some(file) = &file
            && let Some(cached) = read(file, examples, model.options().device)
        {
            self.0 = cached.into_iter().map(Some).collect();
            return Ok(ControlFlow::Continue(()));
        }
        for (i, example) in examples.iter().enumerate() {
            self.fill(model, &[i], from_ref(example), reference)?;
            if callback.on_reference(i + 1, examples.len())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        if let Some(file) = &file {
            let known: Vec<&Completions<Tensor>> = self.0.iter().flatten().collect();
            write(file, &known)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The name holds the key: what another model, adapter or other examples give
/// stands elsewhere.
fn file(dir: &Path, key: &str) -> PathBuf {
    dir.join(format!("references-{}.safetensors", key.get(..32).unwrap_or(key)))
}

/// What the file holds, if it is all that these examples need. One that is not
/// is as good as none.
fn read(path: &Path, examples: &[Example], device: Device) -> Option<Vec<Completions<Tensor>>> {
    let tensors = Tensor::read_safetensors(path).ok()?;
    let part = |name: &str, of: fn(&Example) -> bool| -> Option<vec::IntoIter<Tensor>> {
        let of = examples.iter().filter(|e| of(e));
        let replies: Vec<i64> = of.map(|e| e.alternatives.len() as i64).collect();
        if replies.is_empty() {
            return Some(Vec::new().into_iter());
        }
        let (_, all) = tensors.iter().find(|(n, _)| n == name)?;
        let fits = all.size() == [replies.iter().sum::<i64>()]
            && all.kind() == Kind::Float
            && all.f_isfinite().ok()?.f_all().ok()?.f_int64_value(&[]).ok()? != 0;
        let all = if fits { all.f_to_device(device).ok()? } else { return None };
        Some(all.f_split_with_sizes(&replies[..], 0).ok()?.into_iter())
    };
    let mut chosen = part(CHOSEN, |_| true)?;
    let mut rejected = part(REJECTED, |_| true)?;
    let mut criterion = part(CRITERION, Example::has_criterion)?;
    examples
        .iter()
        .map(|example| {
            Some(Completions {
                chosen: chosen.next()?,
                rejected: rejected.next()?,
                criterion: match example.has_criterion() {
                    true => Some(criterion.next()?),
                    false => None,
                },
            })
        })
        .collect()
}

/// Writes beside the place, then moves it there: a file of this name is whole.
fn write(path: &Path, references: &[&Completions<Tensor>]) -> Result<()> {
    let column = |all: Vec<&Tensor>| -> Result<Tensor> {
        Ok(Tensor::f_cat(&all, 0)?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?)
    };
    let mut tensors = vec![
        (CHOSEN, column(references.iter().map(|r| &r.chosen).collect())?),
        (REJECTED, column(references.iter().map(|r| &r.rejected).collect())?),
    ];
    let criterion: Vec<&Tensor> = references.iter().filter_map(|r| r.criterion.as_ref()).collect();
    if !criterion.is_empty() {
        tensors.push((CRITERION, column(criterion)?));
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    let io = |source| Error::Io { path: path.to_owned(), source };
    fs::create_dir_all(dir).map_err(io)?;
    let temporary = NamedTempFile::new_in(dir).map_err(io)?;
    Tensor::write_safetensors(&tensors, temporary.path())?;
    temporary.as_file().sync_all().map_err(io)?;
    temporary.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}
