//! What is trained: listed, switched on and off, saved and restored.

use std::path::Path;

use idl_lm::CausalLm;
use tch::{Tensor, no_grad};

use crate::error::{Error, Result};

/// What a run trains; everything else is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainTarget<'a> {
    /// The adapter of this name.
    Adapter(&'a str),
    /// Every parameter of the base. In 16 bits they are updated through copies
    /// in 32, which the optimiser's state holds, and the gradients of a batch
    /// are added up in 32.
    Base,
}

impl<'a> From<&'a str> for TrainTarget<'a> {
    fn from(adapter: &'a str) -> Self {
        TrainTarget::Adapter(adapter)
    }
}

/// A checkpoint of the base in files of at most this size.
const SHARD_BYTES: usize = 5_000_000_000;

impl TrainTarget<'_> {
    /// What must be active while it is trained.
    pub(super) fn active(&self) -> Option<&str> {
        match self {
            TrainTarget::Adapter(name) => Some(name),
            TrainTarget::Base => None,
        }
    }

    /// Its tensors, sharing storage with the model.
    pub(super) fn parameters(&self, model: &CausalLm) -> Result<Vec<(String, Tensor)>> {
        match self {
            TrainTarget::Adapter(name) => Ok(model.adapter_parameters(name)?),
            TrainTarget::Base => Ok(model.parameters()),
        }
    }

    /// Starts or stops recording gradients for it.
    pub(super) fn set_trainable(&self, model: &CausalLm, trainable: bool) -> Result<()> {
        for (_, parameter) in self.parameters(model)? {
            let _ = parameter.f_set_requires_grad(trainable)?;
        }
        Ok(())
    }

    /// Whether passes of it drop out.
    pub(crate) fn drops_out(&self, model: &CausalLm) -> Result<bool> {
        match self {
            TrainTarget::Adapter(name) => Ok(model.adapter_config(name)?.dropout > 0.0),
            TrainTarget::Base => Ok(false),
        }
    }

    /// Writes it as the folder `dir`: PEFT's, whose `base_model_name_or_path`
    /// shall be `base`, or a whole model's.
    ///
    /// # Errors
    /// The language model's: a name that is no adapter's, a full disk.
    pub fn save(&self, model: &CausalLm, dir: &Path, base: &str) -> Result<()> {
        match self {
            TrainTarget::Adapter(name) => model.save_adapter(name, dir, base)?,
            TrainTarget::Base => model.save(dir, SHARD_BYTES)?,
        }
        Ok(())
    }

    /// Overwrites it by what [`save`](Self::save) has written to `dir`.
    pub(super) fn restore(&self, model: &mut CausalLm, dir: &Path) -> Result<()> {
        match self {
            TrainTarget::Adapter(name) => restore_adapter(model, name, dir),
            TrainTarget::Base => Ok(model.load_parameters(dir)?),
        }
    }
}

/// The adapter keeps its settings: only its tensors are overwritten, once all
/// of them are known to fit.
fn restore_adapter(model: &mut CausalLm, name: &str, dir: &Path) -> Result<()> {
    // No program names an adapter like this.
    let temporary = format!("{name}\u{0}restored");
    model.load_adapter(&temporary, dir)?;
    let values = model.adapter_parameters(&temporary);
    model.remove_adapter(&temporary)?;
    let values = values?;
    let mut parameters = model.adapter_parameters(name)?;
    let shapes = |tensors: &[(String, Tensor)]| -> Vec<(String, Vec<i64>)> {
        tensors.iter().map(|(name, tensor)| (name.clone(), tensor.size())).collect()
    };
    if shapes(&values) != shapes(&parameters) {
        return Err(Error::Resume {
            path: dir.to_owned(),
            problem: format!("its adapter has other layers or another rank than {name:?}"),
        });
    }
    let values: Vec<Tensor> = values.into_iter().map(|(_, tensor)| tensor).collect();
    overwrite(&mut parameters, &values)
}

/// Independent copies of the parameters, in their order.
pub(super) fn copies(parameters: &[(String, Tensor)]) -> Result<Vec<Tensor>> {
    no_grad(|| {
        parameters
            .iter()
            .map(|(_, parameter)| {
                let mut copy = parameter.f_empty_like()?;
                copy.f_copy_(parameter)?;
                Ok(copy)
            })
            .collect()
    })
}

/// Overwrites the parameters with `values`, in their order.
pub(super) fn overwrite(parameters: &mut [(String, Tensor)], values: &[Tensor]) -> Result<()> {
    no_grad(|| {
        for ((_, parameter), value) in parameters.iter_mut().zip(values) {
            parameter.f_copy_(value)?;
        }
        Ok(())
    })
}
