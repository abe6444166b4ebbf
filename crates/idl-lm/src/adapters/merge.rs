//! Adapters merged into the weights, and taken out again.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::{Adapter, Block, CausalLm, Merged};

/// Merging: the adapted model at the base's speed.
impl CausalLm {
    /// Adds the update of the adapter `name` to the weights, `W + scale B A`,
    /// computed in 32 bits and rounded once to the weights' precision. The
    /// adapter itself stays; none is active, and none can be made so, until it
    /// is taken out again.
    ///
    /// The weights it replaces are kept, so that
    /// [`unmerge_adapter`](Self::unmerge_adapter) restores them bit for bit:
    /// a second copy of the adapted layers.
    /// [`merge_and_unload`](Self::merge_and_unload) keeps none.
    ///
    /// # Errors
    /// [`Error::NoAdapter`]; [`Error::Lora`] where one is merged already.
    pub fn merge_adapter(&mut self, name: &str) -> Result<()> {
        self.check_unmerged(name)?;
        let originals = self.originals(self.adapter(name)?)?;
        let _guard = tch::no_grad_guard();
        // Known as merged before it is: should both the update and its way back
        // fail, `unmerge_adapter` can still be asked again.
        self.merged = Some(Merged { name: name.to_owned(), originals });
        if let Err(error) = self.adapter(name).and_then(|adapter| self.update(adapter)) {
            self.restore()?;
            return Err(error);
        }
        self.active = None;
        Ok(())
    }

    /// Takes the merged adapter out again: the weights are those of before, bit
    /// for bit. None is active then.
    ///
    /// # Errors
    /// [`Error::Lora`] where none is merged. Where libtorch fails on the way
    /// ([`Error::Torch`]), the adapter still counts as merged: try again.
    pub fn unmerge_adapter(&mut self) -> Result<()> {
        if self.merged.is_none() {
            return Err(Error::Lora("no adapter is merged".to_owned()));
        }
        self.restore()?;
        self.active = None;
        Ok(())
    }

    /// Merges the adapter `name` for good and forgets it. Layer by layer: the
    /// peak is one layer's update above the model.
    ///
    /// # Errors
    /// As [`merge_adapter`](Self::merge_adapter). Where libtorch fails on the
    /// way ([`Error::Torch`]: memory), the layers before are merged.
    pub fn merge_and_unload(&mut self, name: &str) -> Result<()> {
        self.check_unmerged(name)?;
        self.adapter(name)?;
        let Some(adapter) = self.adapters.remove(name) else { return Ok(()) };
        let _guard = tch::no_grad_guard();
        self.active = None;
        self.update(&adapter)
    }

    /// The merged adapter's name.
    #[must_use]
    pub fn merged(&self) -> Option<&str> {
        self.merged.as_ref().map(|merged| merged.name.as_str())
    }

    pub(crate) fn check_unmerged(&self, name: &str) -> Result<()> {
        match self.merged() {
            None => Ok(()),
            Some(merged) => Err(Error::Lora(format!(
                "cannot use {name:?}: {merged:?} is merged into the weights; unmerge it first"
            ))),
        }
    }

    /// Copies of the weights that `adapter` changes.
    fn originals(&self, adapter: &Adapter) -> Result<BTreeMap<String, Tensor>> {
        let _guard = tch::no_grad_guard();
        let mut originals = BTreeMap::new();
        for linear in self.blocks.iter().flat_map(Block::linears) {
            if adapter.factors.contains_key(&linear.name) {
                let mut copy = linear.weight.f_empty_like()?;
                copy.f_copy_(&linear.weight)?;
                originals.insert(linear.name.clone(), copy);
            }
        }
        Ok(originals)
    }

    /// `W + scale B A` in the place of every adapted weight.
    fn update(&self, adapter: &Adapter) -> Result<()> {
        for linear in self.blocks.iter().flat_map(Block::linears) {
            if let Some(weight) = updated_weight(adapter, &linear.name, &linear.weight)? {
                linear.overwrite(&weight)?;
            }
        }
        Ok(())
    }

    /// Puts back what was there before the merged adapter, which is none then.
    fn restore(&mut self) -> Result<()> {
        let _guard = tch::no_grad_guard();
        if let Some(Merged { originals, .. }) = &self.merged {
            for linear in self.blocks.iter().flat_map(Block::linears) {
                if let Some(original) = originals.get(&linear.name) {
                    linear.overwrite(original)?;
                }
            }
        }
        self.merged = None;
        Ok(())
    }
}

/// `W + scale B A`, or none where the adapter leaves the layer alone.
fn updated_weight(adapter: &Adapter, layer: &str, weight: &Tensor) -> Result<Option<Tensor>> {
    let Some(f) = adapter.factors.get(layer) else { return Ok(None) };
    let update = f.b.f_matmul(&f.a)?.f_mul_scalar(adapter.config.scale())?;
    let sum = weight.f_to_kind(Kind::Float)?.f_add(&update)?;
    Ok(Some(sum.f_to_kind(weight.kind())?))
}
