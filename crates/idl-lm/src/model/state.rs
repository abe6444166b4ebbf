//! Which function a model computes, as far as can be told without computing.

use std::sync::atomic::{AtomicU64, Ordering};

use tch::Tensor;

use crate::error::Result;

/// A number that nothing else in this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

impl Identity {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Identity(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Two equal states compute the same function. Whatever can change it makes
/// another state: another model or active adapter, one that replaces it under
/// its name, and every change of weights or factors in place: merging,
/// unmerging, loading, an optimiser's step.
///
/// The latter libtorch counts itself, tensor by tensor, for gradients rely on
/// it. Counts never fall, so that a sum of them tells as much as all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    model: Identity,
    /// The changes of the base's tensors.
    base: i64,
    /// The active adapter and the changes of its factors.
    adapter: Option<(Identity, i64)>,
}

impl State {
    /// The present state of `model`, its `base` tensors and the `active`
    /// adapter's factors; one cheap call for each tensor.
    pub(crate) fn of<'t>(
        model: Identity,
        base: impl Iterator<Item = &'t Tensor>,
        active: Option<(Identity, impl Iterator<Item = &'t Tensor>)>,
    ) -> Result<Self> {
        let adapter = match active {
            Some((adapter, factors)) => Some((adapter, changes(factors)?)),
            None => None,
        };
        Ok(State { model, base: changes(base)?, adapter })
    }
}

fn changes<'t>(tensors: impl Iterator<Item = &'t Tensor>) -> Result<i64> {
    let mut sum = 0i64;
    for tensor in tensors {
        sum = sum.wrapping_add(tensor.f_internal_version()?);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{CausalLm, LoadOptions, LoraConfig};

    fn dir() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/full_untied")
    }

    fn load() -> CausalLm {
        CausalLm::from_dir(&dir(), LoadOptions::default()).unwrap()
    }

    #[test]
    fn what_changes_the_function_changes_the_state() {
        let mut model = load();
        let config = LoraConfig::default();
        model.add_adapter("a", &config, 1).unwrap();
        model.add_adapter("b", &config, 1).unwrap();
        let mut states = vec![load().state().unwrap()];
        let mut changed = |model: &CausalLm, what: &str| {
            let state = model.state().unwrap();
            assert!(!states.contains(&state), "{what}");
            states.push(state);
        };
        changed(&model, "loaded");
        model.set_active(Some("a")).unwrap();
        changed(&model, "active");
        model.set_active(Some("b")).unwrap();
        changed(&model, "another active");
        model.add_adapter("b", &config, 1).unwrap();
        changed(&model, "replaced by a fresh one");
        model.copy_adapter("a", "b").unwrap();
        changed(&model, "replaced by a copy");
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("b");
        model.save_adapter("b", &folder, "base").unwrap();
        model.load_adapter("b", &folder).unwrap();
        changed(&model, "replaced by a file");
        for (name, mut factor) in model.adapter_parameters("b").unwrap() {
            let _ = tch::no_grad(|| factor.f_mul_scalar_(0.5)).unwrap();
            changed(&model, &name);
        }
        model.merge_adapter("b").unwrap();
        changed(&model, "merged");
        model.unmerge_adapter().unwrap();
        changed(&model, "unmerged");
        model.merge_and_unload("b").unwrap();
        changed(&model, "merged for good");
        model.load_parameters(&dir()).unwrap();
        changed(&model, "loaded again");
        for (name, mut parameter) in model.parameters() {
            let _ = tch::no_grad(|| parameter.f_mul_scalar_(0.5)).unwrap();
            changed(&model, &name);
        }
    }

    #[test]
    fn what_changes_nothing_leaves_the_state() {
        let mut model = load();
        model.add_adapter("a", &LoraConfig::default(), 1).unwrap();
        model.set_active(Some("a")).unwrap();
        let state = model.state().unwrap();
        let ids = Tensor::from_slice(&[1i64, 2, 3]).unsqueeze(0);
        let _ = model.forward(&ids, None, None).unwrap();
        // Neither do other adapters, nor one that was away meanwhile.
        model.copy_adapter("a", "b").unwrap();
        model.set_active(Some("b")).unwrap();
        model.set_active(None).unwrap();
        model.set_active(Some("a")).unwrap();
        model.remove_adapter("b").unwrap();
        assert_eq!(model.state().unwrap(), state);
    }
}
