//! A checkpoint's tensors in a model's variables, checked by name and shape.

use std::collections::BTreeMap;
use std::path::Path;

use tch::nn::VarStore;
use tch::{Tensor, no_grad};

use crate::error::{Error, Result};

/// Fills a model's variables, but for those that are `constant`, from a
/// checkpoint, which must hold them and, beside them, no more than `unused`
/// tensors. Where the checkpoint lacks the variables' common `prefix`, it is
/// thought of as there; where it has it, what lacks it is a head, and not read.
pub(crate) fn fill(
    store: &mut VarStore,
    path: &Path,
    prefix: &str,
    constant: impl Fn(&str) -> bool,
    unused: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut tensors = read(path)?;
    if !prefix.is_empty() && tensors.keys().any(|name| name.starts_with(prefix)) {
        let model = |(name, t): (String, Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), t));
        tensors = tensors.into_iter().filter_map(model).collect();
    }
    tensors.retain(|name, _| !unused(name));
    let variables: BTreeMap<String, Tensor> = store
        .variables()
        .into_iter()
        .map(|(name, t)| (name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name), t))
        .filter(|(name, _)| !constant(name))
        .collect();
    let misfits = misfits(&tensors, &variables);
    if !misfits.is_empty() {
        return Err(Error::Tensors { path: path.to_owned(), misfits });
    }
    store.freeze();
    for (name, mut variable) in variables {
        if let Some(tensor) = tensors.get(&name) {
            // The copy casts and moves.
            no_grad(|| variable.f_copy_(tensor))?;
        }
    }
    Ok(())
}

/// The tensors of a safetensors file by name, read whole.
pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, Tensor>> {
    // Else a missing file would be told as a damaged one.
    std::fs::metadata(path).map_err(Error::io(path))?;
    let tensors = Tensor::read_safetensors(path)
        .map_err(|source| Error::Safetensors { path: path.to_owned(), source })?;
    Ok(tensors.into_iter().collect())
}

/// All that is wrong with `tensors` where `variables` are to be filled.
fn misfits(
    tensors: &BTreeMap<String, Tensor>,
    variables: &BTreeMap<String, Tensor>,
) -> Vec<String> {
    let mut misfits = Vec::new();
    for (name, variable) in variables {
        match tensors.get(name).map(Tensor::size) {
            None => misfits.push(format!("{name} is missing")),
            Some(found) if found != variable.size() => {
                misfits.push(format!("{name} is {found:?}, expected {:?}", variable.size()));
            }
            Some(_) => {}
        }
    }
    let extra = tensors.keys().filter(|name| !variables.contains_key(*name));
    misfits.extend(extra.map(|name| format!("{name} is not of this model")));
    misfits
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn every_misfit_is_named() {
        let of = |names: &[(&str, i64)]| -> BTreeMap<String, Tensor> {
            let zeros = |n| Tensor::zeros([n], (Kind::Float, Device::Cpu));
            names.iter().map(|&(name, n)| (name.to_owned(), zeros(n))).collect()
        };
        let variables = of(&[("a", 1), ("b", 2), ("c", 3)]);
        assert!(misfits(&of(&[("a", 1), ("b", 2), ("c", 3)]), &variables).is_empty());
        let found = misfits(&of(&[("a", 1), ("b", 3), ("d", 1)]), &variables);
        let expected = ["b is [3], expected [2]", "c is missing", "d is not of this model"];
        assert_eq!(found, expected);
    }
}
