//! A model's adapters: added, copied, read, written, switched.

mod merge;
mod peft;

use std::path::Path;

use tch::Tensor;

use crate::error::{Error, Result};
use crate::model::{Adapter, CausalLm, LoraConfig, linear_layers};

/// Adapters: at most one is active at a time.
impl CausalLm {
    /// Adds a fresh adapter under `name`; the model computes what it did before
    /// until the adapter is trained. An adapter of that name is replaced.
    ///
    /// # Errors
    /// [`Error::Lora`] for settings that make no adapter.
    pub fn add_adapter(&mut self, name: &str, config: &LoraConfig, seed: u64) -> Result<()> {
        config.check()?;
        let layers = config.targets(&linear_layers(&self.config))?;
        let adapter = Adapter::init(config, &layers, seed, self.options.device)?;
        self.adapters.insert(name.to_owned(), adapter);
        Ok(())
    }

    /// Copies the adapter `from` to the name `to`; from then on they are
    /// independent.
    ///
    /// # Errors
    /// [`Error::NoAdapter`].
    pub fn copy_adapter(&mut self, from: &str, to: &str) -> Result<()> {
        let copy = self.adapter(from)?.duplicate()?;
        self.adapters.insert(to.to_owned(), copy);
        Ok(())
    }

    /// Forgets the adapter `name`; where it was active, none is.
    ///
    /// # Errors
    /// [`Error::NoAdapter`]; [`Error::Lora`] while it is merged.
    pub fn remove_adapter(&mut self, name: &str) -> Result<()> {
        self.adapter(name)?;
        if self.merged() == Some(name) {
            self.check_unmerged(name)?;
        }
        self.adapters.remove(name);
        if self.active() == Some(name) {
            self.active = None;
        }
        Ok(())
    }

    /// The names of the adapters, in order.
    pub fn adapter_names(&self) -> impl Iterator<Item = &str> {
        self.adapters.keys().map(String::as_str)
    }

    /// The settings of the adapter `name`.
    ///
    /// # Errors
    /// [`Error::NoAdapter`].
    pub fn adapter_config(&self, name: &str) -> Result<&LoraConfig> {
        Ok(&self.adapter(name)?.config)
    }

    /// Reads a PEFT folder as the adapter `name`; one of that name is replaced.
    ///
    /// # Errors
    /// [`Error::Unsupported`] names PEFT features that are not implemented,
    /// [`Error::Tensors`] every factor that does not fit this model.
    pub fn load_adapter(&mut self, name: &str, dir: &Path) -> Result<()> {
        let layers = linear_layers(&self.config);
        let adapter = Adapter::load(dir, &layers, self.options.device)?;
        self.adapters.insert(name.to_owned(), adapter);
        Ok(())
    }

    /// Writes the adapter `name` as a folder that PEFT reads. `base` is what
    /// its `base_model_name_or_path` shall say.
    ///
    /// The folder is replaced whole: after a crash there is the old adapter or
    /// the new one, and the next save removes what was left over. A folder that
    /// is there already and holds no adapter is not replaced.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::Io`], [`Error::Config`] for a folder of
    /// something else.
    pub fn save_adapter(&self, name: &str, dir: &Path, base: &str) -> Result<()> {
        self.adapter(name)?.save(dir, base)
    }

    /// Makes `name` the active adapter, or none: then the model is the base.
    ///
    /// # Errors
    /// [`Error::NoAdapter`]; [`Error::Lora`] while an adapter is merged.
    pub fn set_active(&mut self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name {
            self.adapter(name)?;
            self.check_unmerged(name)?;
        }
        self.active = name.map(str::to_owned);
        Ok(())
    }

    /// The active adapter's name.
    #[must_use]
    pub fn active(&self) -> Option<&str> {
        self.active.as_deref()
    }

    /// The adapter's factors under their PEFT names, sharing storage with the
    /// model: what an optimiser steps.
    ///
    /// # Errors
    /// [`Error::NoAdapter`].
    pub fn adapter_parameters(&self, name: &str) -> Result<Vec<(String, Tensor)>> {
        Ok(self.adapter(name)?.named())
    }

    pub(crate) fn adapter(&self, name: &str) -> Result<&Adapter> {
        self.adapters.get(name).ok_or_else(|| Error::NoAdapter {
            name: name.to_owned(),
            present: self.adapters.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}
