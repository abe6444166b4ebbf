//! The tensors of a checkpoint, checked by name and shape before any is used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::Tensor;

use super::options::EncoderOptions;
use crate::error::{Error, Result};

/// The tensors of a safetensors file, by name.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// Reads `path` whole: a sentence encoder is small.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // Else a missing file would be told as a damaged one.
        std::fs::metadata(path).map_err(Error::io(path))?;
        let tensors = Tensor::read_safetensors(path)
            .map_err(|source| Error::Safetensors { path: path.to_owned(), source })?;
        Ok(Weights { path: path.to_owned(), tensors: tensors.into_iter().collect() })
    }

    /// In a checkpoint whose model has a prefix, takes it off and forgets what
    /// has none: that is a head.
    pub(crate) fn strip(&mut self, prefix: &str) {
        if self.tensors.keys().any(|name| name.starts_with(prefix)) {
            let all = std::mem::take(&mut self.tensors).into_iter();
            let model =
                all.filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_owned(), t)));
            self.tensors = model.collect();
        }
    }

    /// Forgets tensors that an encoder never needs.
    pub(crate) fn ignore(&mut self, unused: impl Fn(&str) -> bool) {
        self.tensors.retain(|name, _| !unused(name));
    }

    /// Checks that the tensors are those of `expected`, by name and shape.
    pub(crate) fn check(&self, expected: &BTreeMap<String, Vec<i64>>) -> Result<()> {
        let missing: Vec<_> =
            expected.keys().filter(|n| !self.tensors.contains_key(*n)).cloned().collect();
        let extra: Vec<_> =
            self.tensors.keys().filter(|n| !expected.contains_key(*n)).cloned().collect();
        let misshapen: Vec<_> = self
            .tensors
            .iter()
            .filter_map(|(name, tensor)| {
                let (found, shape) = (tensor.size(), expected.get(name)?);
                (*shape != found).then(|| (name.clone(), found, shape.clone()))
            })
            .collect();
        if missing.is_empty() && extra.is_empty() && misshapen.is_empty() {
            return Ok(());
        }
        Err(Error::Tensors { path: self.path.clone(), missing, extra, misshapen })
    }

    /// Takes one tensor, cast and moved.
    pub(crate) fn take(&mut self, name: &str, options: &EncoderOptions) -> Result<Tensor> {
        let tensor = self.tensors.remove(name).ok_or_else(|| Error::Tensors {
            path: self.path.clone(),
            missing: vec![name.to_owned()],
            extra: vec![],
            misshapen: vec![],
        })?;
        Ok(tensor.f_to_device(options.device)?.f_to_kind(options.kind)?)
    }
}
