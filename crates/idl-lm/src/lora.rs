//! LoRA adapters and their PEFT folders.
//!
//! An adapter adds `scale * B A x` to a linear layer's `W x`, with `A` of shape
//! `[r, in]`, `B` of shape `[out, r]`, and `scale = alpha / r` (or `alpha /
//! sqrt(r)` with rsLoRA); Hu et al., arXiv:2106.09685.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::weights::Weights;

const CONFIG: &str = "adapter_config.json";
const MODEL: &str = "adapter_model.safetensors";
const PREFIX: &str = "base_model.model.";

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
    /// The last parts of the adapted layers' names, of
    /// [`LoraConfig::ALL_LINEAR`].
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
        if self.r <= 0 {
            return Err(Error::Lora(format!("r is {}, expected a positive number", self.r)));
        }
        if !self.alpha.is_finite() {
            return Err(Error::Lora(format!("alpha is {}, expected a number", self.alpha)));
        }
        if self.target_modules.is_empty() {
            return Err(Error::Lora("target_modules is empty".to_owned()));
        }
        for module in &self.target_modules {
            if !Self::ALL_LINEAR.contains(&module.as_str()) {
                return Err(Error::Lora(format!(
                    "target module {module:?} is none of {}",
                    Self::ALL_LINEAR.join(", ")
                )));
            }
        }
        Ok(())
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
    pub(crate) config: LoraConfig,
    pub(crate) factors: BTreeMap<String, Factors>,
}

impl Adapter {
    /// `A` uniform within `1 / sqrt(in)` (PEFT's Kaiming initialisation with
    /// `a = sqrt(5)`), `B` zero: the adapted model starts as the base.
    pub(crate) fn init(
        config: &LoraConfig,
        layers: &BTreeMap<String, (i64, i64)>,
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
        Ok(Adapter { config: config.clone(), factors })
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
        Ok(Adapter { config: self.config.clone(), factors })
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

    /// Writes a folder that PEFT reads. The folder appears whole or not at all:
    /// it is written beside its place under another name, then renamed.
    pub(crate) fn save(&self, dir: &Path, base: &str) -> Result<()> {
        let parent = match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let name = dir.file_name().map_or_else(Default::default, |n| n.to_string_lossy());
        let temp = parent.join(format!(".{name}.{}.tmp", std::process::id()));
        std::fs::create_dir_all(&temp).map_err(Error::io(&temp))?;
        let written = self.write(&temp, base).and_then(|()| {
            if dir.exists() {
                std::fs::remove_dir_all(dir).map_err(Error::io(dir))?;
            }
            std::fs::rename(&temp, dir).map_err(Error::io(dir))
        });
        if written.is_err() {
            // The first error is the one to tell; what is left is under a name
            // that nothing reads.
            let _ = std::fs::remove_dir_all(&temp);
        }
        written
    }

    fn write(&self, dir: &Path, base: &str) -> Result<()> {
        let mut named = Vec::new();
        for (name, tensor) in self.named() {
            named.push((name, tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?));
        }
        Tensor::write_safetensors(&named, dir.join(MODEL))?;
        let file = dir.join(CONFIG);
        let json = serde_json::to_string_pretty(&PeftConfig::of(&self.config, base))
            .map_err(|source| Error::Json { path: file.clone(), source })?;
        std::fs::write(&file, json).map_err(Error::io(&file))
    }

    /// Reads a PEFT folder; `layers` are the linear layers of the model.
    pub(crate) fn load(
        dir: &Path,
        layers: &BTreeMap<String, (i64, i64)>,
        device: Device,
    ) -> Result<Self> {
        let config = PeftConfig::read(&dir.join(CONFIG))?;
        let weights = Weights::open_file(&dir.join(MODEL))?;
        let targets: BTreeMap<_, _> =
            layers.iter().filter(|(name, _)| is_target(&config.target_modules, name)).collect();
        let mut expected = BTreeMap::new();
        for (&layer, &&(out, input)) in &targets {
            expected.insert(format!("{PREFIX}{layer}.lora_A.weight"), vec![config.r, input]);
            expected.insert(format!("{PREFIX}{layer}.lora_B.weight"), vec![out, config.r]);
        }
        weights.check(&expected)?;
        let mut factors = BTreeMap::new();
        for layer in targets.into_keys() {
            let read =
                |part| weights.read(&format!("{PREFIX}{layer}.{part}.weight"), Kind::Float, device);
            factors.insert(layer.clone(), Factors { a: read("lora_A")?, b: read("lora_B")? });
        }
        Ok(Adapter { config, factors })
    }
}

/// Whether the layer `name` ends in one of the `targets`.
pub(crate) fn is_target(targets: &[String], name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| targets.iter().any(|t| t == last))
}

/// `adapter_config.json`. Keys that change nothing of what is computed here are
/// ignored when read.
#[derive(Serialize, Deserialize)]
struct PeftConfig {
    peft_type: String,
    #[serde(default)]
    task_type: Option<String>,
    #[serde(default)]
    base_model_name_or_path: Option<String>,
    target_modules: serde_json::Value,
    r: i64,
    lora_alpha: f64,
    #[serde(default)]
    lora_dropout: f64,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    fan_in_fan_out: bool,
    #[serde(default)]
    inference_mode: bool,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
}

impl PeftConfig {
    fn of(config: &LoraConfig, base: &str) -> Self {
        let modules: BTreeSet<_> = config.target_modules.iter().cloned().collect();
        PeftConfig {
            peft_type: "LORA".to_owned(),
            task_type: Some("CAUSAL_LM".to_owned()),
            base_model_name_or_path: Some(base.to_owned()),
            target_modules: modules.into_iter().collect(),
            r: config.r,
            lora_alpha: config.alpha,
            lora_dropout: 0.0,
            bias: Some("none".to_owned()),
            fan_in_fan_out: false,
            inference_mode: true,
            use_rslora: config.use_rslora,
            use_dora: false,
            modules_to_save: None,
        }
    }

    /// Reads the file and refuses, by name, what would change the result and
    /// is not implemented.
    fn read(path: &Path) -> Result<LoraConfig> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
        let json = |source| Error::Json { path: path.to_owned(), source };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(json)?;
        let empty = |v: &serde_json::Value| match v {
            serde_json::Value::Null | serde_json::Value::Bool(false) => true,
            serde_json::Value::Object(map) => map.is_empty(),
            serde_json::Value::Array(list) => list.is_empty(),
            serde_json::Value::String(s) => s == "none",
            _ => false,
        };
        for field in [
            "use_dora",
            "rank_pattern",
            "alpha_pattern",
            "lora_bias",
            "modules_to_save",
            "fan_in_fan_out",
            "bias",
            "layers_to_transform",
            "layer_replication",
            "exclude_modules",
        ] {
            if let Some(found) = value.get(field).filter(|v| !empty(v)) {
                return Err(Error::Unsupported {
                    path: path.to_owned(),
                    field,
                    found: found.to_string(),
                    supported: "none of it",
                });
            }
        }
        let peft: PeftConfig = serde_json::from_value(value).map_err(json)?;
        if peft.peft_type != "LORA" {
            return Err(Error::Unsupported {
                path: path.to_owned(),
                field: "peft_type",
                found: format!("{:?}", peft.peft_type),
                supported: "\"LORA\"",
            });
        }
        let target_modules: Vec<String> = match &peft.target_modules {
            serde_json::Value::String(s) if s == "all-linear" => {
                LoraConfig::ALL_LINEAR.iter().map(|&s| s.to_owned()).collect()
            }
            list => serde_json::from_value(list.clone()).map_err(json)?,
        };
        let config = LoraConfig {
            r: peft.r,
            alpha: peft.lora_alpha,
            use_rslora: peft.use_rslora,
            target_modules,
        };
        config.check()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers() -> BTreeMap<String, (i64, i64)> {
        BTreeMap::from([
            ("model.layers.0.self_attn.q_proj".to_owned(), (6, 4)),
            ("model.layers.0.self_attn.k_proj".to_owned(), (2, 4)),
            ("model.layers.0.self_attn.v_proj".to_owned(), (2, 4)),
        ])
    }

    fn adapter() -> Adapter {
        let config = LoraConfig { r: 3, ..LoraConfig::default() };
        let layers: BTreeMap<_, _> = layers()
            .into_iter()
            .filter(|(name, _)| is_target(&config.target_modules, name))
            .collect();
        Adapter::init(&config, &layers, 1, Device::Cpu).unwrap()
    }

    #[test]
    fn a_saved_adapter_reads_back_bit_for_bit() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("adapter");
        let saved = adapter();
        saved.save(&dir, "base").unwrap();
        let read = Adapter::load(&dir, &layers(), Device::Cpu).unwrap();
        assert_eq!(read.config.r, 3);
        assert_eq!(read.factors.len(), 2);
        for (name, f) in &saved.factors {
            assert_eq!(f.a, read.factors[name].a);
            assert_eq!(f.b, read.factors[name].b);
        }
        saved.save(&dir, "base").expect("an older adapter is replaced");
    }

    #[test]
    fn peft_features_that_are_not_implemented_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("adapter");
        adapter().save(&dir, "base").unwrap();
        let path = dir.join(CONFIG);
        let text = std::fs::read_to_string(&path).unwrap();
        for (field, value) in [
            ("use_dora", serde_json::json!(true)),
            ("rank_pattern", serde_json::json!({"q_proj": 4})),
            ("modules_to_save", serde_json::json!(["lm_head"])),
            ("bias", serde_json::json!("all")),
            ("peft_type", serde_json::json!("IA3")),
        ] {
            let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
            json[field] = value;
            std::fs::write(&path, json.to_string()).unwrap();
            let error = Adapter::load(&dir, &layers(), Device::Cpu).unwrap_err();
            assert!(
                matches!(&error, Error::Unsupported { field: f, .. } if *f == field),
                "{error}"
            );
        }
    }

    #[test]
    fn transposed_factors_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("adapter");
        let mut wrong = adapter();
        for f in wrong.factors.values_mut() {
            f.a = f.a.tr().contiguous();
        }
        wrong.save(&dir, "base").unwrap();
        let error = Adapter::load(&dir, &layers(), Device::Cpu).unwrap_err();
        assert!(error.to_string().contains("lora_A"), "{error}");
    }

    #[test]
    fn settings_are_checked() {
        for config in [
            LoraConfig { r: 0, ..LoraConfig::default() },
            LoraConfig { alpha: f64::NAN, ..LoraConfig::default() },
            LoraConfig { target_modules: vec![], ..LoraConfig::default() },
            LoraConfig { target_modules: vec!["qproj".to_owned()], ..LoraConfig::default() },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }
}
