//! A model's adapters: added, copied, read, written, switched.

use std::path::Path;

use tch::Tensor;

use crate::error::{Error, Result};
use crate::lora::{Adapter, LoraConfig, is_target};
use crate::model::{CausalLm, linear_layers};

/// Adapters: at most one is active at a time.
impl CausalLm {
    /// Adds a fresh adapter under `name`; the model computes what it did before
    /// until the adapter is trained. An adapter of that name is replaced.
    ///
    /// # Errors
    /// [`Error::Lora`] for settings that make no adapter.
    pub fn add_adapter(&mut self, name: &str, config: &LoraConfig, seed: u64) -> Result<()> {
        config.check()?;
        let mut layers = linear_layers(&self.config);
        layers.retain(|layer, _| is_target(&config.target_modules, layer));
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

    /// Reads a PEFT folder as the adapter `name`.
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
    /// its `base_model_name_or_path` shall say. The folder is replaced whole.
    ///
    /// # Errors
    /// [`Error::NoAdapter`], [`Error::Io`].
    pub fn save_adapter(&self, name: &str, dir: &Path, base: &str) -> Result<()> {
        self.adapter(name)?.save(dir, base)
    }

    /// Makes `name` the active adapter, or none: then the model is the base.
    ///
    /// # Errors
    /// [`Error::NoAdapter`].
    pub fn set_active(&mut self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name {
            self.adapter(name)?;
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

    fn adapter(&self, name: &str) -> Result<&Adapter> {
        self.adapters.get(name).ok_or_else(|| Error::NoAdapter {
            name: name.to_owned(),
            present: self.adapters.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}
