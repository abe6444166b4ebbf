//! LoRA adapters.
//!
//! An adapter adds `scale * B A x` to a linear layer's `W x`, with `A` of shape
//! `[r, in]`, `B` of shape `[out, r]`, and `scale = alpha / r` (or `alpha /
//! sqrt(r)` with rsLoRA); Hu et al., arXiv:2106.09685.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::state::Identity;

/// What PEFT puts before the names of the base's layers.
pub(crate) const PREFIX: &str = "base_model.model.";

/// Linear layers: name to (outputs, inputs).
pub(crate) type Layers = BTreeMap<String, (i64, i64)>;

/// No rank is larger: sizes of factors stay numbers.
const MOST_RANKS: i64 = 1 << 20;

/// Which layers to adapt, and how strongly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// The rank of the update.
    pub r: i64,
    /// The update is scaled by `alpha / r`.
    pub alpha: f64,
    /// Scale by `alpha / sqrt(r)` instead (rsLoRA, arXiv:2312.03732).
    pub use_rslora: bool,
    /// The probability with which a component of the layer's input is hidden
    /// from the update in training, 0 to below 1; the others are scaled up. See
    /// [`CausalLm::train`](crate::CausalLm::train).
    pub dropout: f64,
    /// The last parts of the adapted layers' names: one of
    /// [`LoraConfig::ALL_LINEAR`] for that layer of every block, or a longer
    /// path such as `model.layers.3.mlp.up_proj` for one of them.
    pub target_modules: Vec<String>,
}

impl LoraConfig {
    /// Every linear layer of a block.
    pub const ALL_LINEAR: [&'static str; 7] =
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// The same rank and alpha on every linear layer of a block.
    #[must_use]
    pub fn all_linear(r: i64, alpha: f64) -> Self {
        let target_modules = Self::ALL_LINEAR.iter().map(|&s| s.to_owned()).collect();
        LoraConfig { r, alpha, target_modules, ..Self::default() }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=MOST_RANKS).contains(&self.r) {
            return Err(Error::Lora(format!(
                "r is {}, expected a number of 1 to {MOST_RANKS}",
                self.r
            )));
        }
        if !self.alpha.is_finite() {
            return Err(Error::Lora(format!("alpha is {}, expected a number", self.alpha)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::Lora(format!(
                "dropout is {}, expected a number from 0 to below 1",
                self.dropout
            )));
        }
        if self.target_modules.is_empty() {
            return Err(Error::Lora("target_modules is empty".to_owned()));
        }
        Ok(())
    }

    /// Those of `layers` that are adapted.
    pub(crate) fn targets(&self, layers: &Layers) -> Result<Layers> {
        if let Some(other) = self.stray_target(layers) {
            return Err(Error::Lora(format!(
                "target module {other:?} is no linear layer of a block; there are: {}",
                Self::ALL_LINEAR.join(", ")
            )));
        }
        let mut layers = layers.clone();
        layers.retain(|layer, _| self.target_modules.iter().any(|target| ends_in(layer, target)));
        Ok(layers)
    }

    /// A target that is none of `layers`.
    pub(crate) fn stray_target(&self, layers: &Layers) -> Option<&str> {
        let stray = |target: &&String| !layers.keys().any(|layer| ends_in(layer, target));
        self.target_modules.iter().find(stray).map(String::as_str)
    }

    pub(crate) fn scale(&self) -> f64 {
        let r = self.r as f64;
        self.alpha / if self.use_rslora { r.sqrt() } else { r }
    }
}

impl Default for LoraConfig {
    /// The paper's: r 8, alpha 8; on the released code's layers.
    fn default() -> Self {
        LoraConfig {
            r: 8,
            alpha: 8.0,
            use_rslora: false,
            dropout: 0.0,
            target_modules: vec!["q_proj".to_owned(), "v_proj".to_owned()],
        }
    }
}

/// The two factors of one layer's update.
#[derive(Debug)]
pub(crate) struct Factors {
    pub(crate) a: Tensor,
    pub(crate) b: Tensor,
}

/// One adapter: the factors of each adapted layer, by the layer's name.
#[derive(Debug)]
pub(crate) struct Adapter {
    /// Another one under the same name has another.
    pub(crate) identity: Identity,
    pub(crate) config: LoraConfig,
    pub(crate) factors: BTreeMap<String, Factors>,
}

impl Adapter {
    pub(crate) fn new(config: LoraConfig, factors: BTreeMap<String, Factors>) -> Self {
        Adapter { identity: Identity::new(), config, factors }
    }

    /// `A` uniform within `1 / sqrt(in)` (PEFT's Kaiming initialisation with
    /// `a = sqrt(5)`), `B` zero: the adapted model starts as the base.
    pub(crate) fn init(
        config: &LoraConfig,
        layers: &Layers,
        seed: u64,
        device: Device,
    ) -> Result<Self> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut factors = BTreeMap::new();
        for (name, &(out, input)) in layers {
            let bound = 1.0 / (input as f32).sqrt();
            let a: Vec<f32> =
                (0..config.r * input).map(|_| rng.gen_range(-bound..=bound)).collect();
            let a = Tensor::f_from_slice(&a)?.f_reshape([config.r, input])?.f_to_device(device)?;
            let b = Tensor::f_zeros([out, config.r], (Kind::Float, device))?;
            factors.insert(name.clone(), Factors { a, b });
        }
        Ok(Adapter::new(config.clone(), factors))
    }

    /// An independent copy.
    pub(crate) fn duplicate(&self) -> Result<Self> {
        let _guard = tch::no_grad_guard();
        let copy = |t: &Tensor| -> Result<Tensor> {
            let mut copy = t.f_empty_like()?;
            copy.f_copy_(t)?;
            Ok(copy)
        };
        let mut factors = BTreeMap::new();
        for (name, f) in &self.factors {
            factors.insert(name.clone(), Factors { a: copy(&f.a)?, b: copy(&f.b)? });
        }
        Ok(Adapter::new(self.config.clone(), factors))
    }

    /// Every factor under its name in a PEFT file.
    pub(crate) fn named(&self) -> Vec<(String, Tensor)> {
        let mut named = Vec::with_capacity(2 * self.factors.len());
        for (layer, f) in &self.factors {
            for (part, tensor) in [("lora_A", &f.a), ("lora_B", &f.b)] {
                named.push((format!("{PREFIX}{layer}.{part}.weight"), tensor.shallow_clone()));
            }
        }
        named
    }
}

/// Whether `target` is `layer`'s name or its last parts, as PEFT reads it.
fn ends_in(layer: &str, target: &str) -> bool {
    layer.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A merged adapter and what the weights were before.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) name: String,
    pub(crate) originals: BTreeMap<String, Tensor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        for config in [
            LoraConfig { r: 0, ..LoraConfig::default() },
            LoraConfig { r: i64::MAX, ..LoraConfig::default() },
            LoraConfig { alpha: f64::NAN, ..LoraConfig::default() },
            LoraConfig { dropout: 1.0, ..LoraConfig::default() },
            LoraConfig { dropout: f64::NAN, ..LoraConfig::default() },
            LoraConfig { target_modules: vec![], ..LoraConfig::default() },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }

    #[test]
    fn targets_are_the_last_parts_of_names() {
        let names = ["self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj"];
        let layers: Layers = (0..2)
            .flat_map(|i| names.map(|name| (format!("model.layers.{i}.{name}"), (4, 4))))
            .collect();
        let targets = |modules: &[&str]| {
            let target_modules = modules.iter().map(|&m| m.to_owned()).collect();
            LoraConfig { target_modules, ..LoraConfig::default() }.targets(&layers)
        };
        assert_eq!(targets(&["q_proj"]).unwrap().len(), 2);
        assert_eq!(targets(&["self_attn.q_proj", "up_proj"]).unwrap().len(), 4);
        assert_eq!(targets(&["model.layers.1.mlp.up_proj"]).unwrap().len(), 1);
        for none in ["proj", "lm_head", "", "layers.1", "2.mlp.up_proj"] {
            assert!(targets(&["q_proj", none]).is_err(), "{none}");
        }
    }
}
