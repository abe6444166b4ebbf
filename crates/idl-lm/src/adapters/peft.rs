//! Adapters as PEFT's folders: `adapter_config.json` and
//! `adapter_model.safetensors`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{Device, Kind};

use crate::error::{Error, Result};
use crate::model::{Adapter, Factors, Layers, LoraConfig, PREFIX};
use crate::weights::{Weights, folder, write};

const CONFIG: &str = "adapter_config.json";
const MODEL: &str = "adapter_model.safetensors";

impl Adapter {
    /// Writes a folder that PEFT reads; it appears whole or not at all.
    pub(crate) fn save(&self, dir: &Path, base: &str) -> Result<()> {
        folder::replace(dir, CONFIG, |new| {
            write::file(&new.join(MODEL), &self.named().into_iter().collect())?;
            folder::write_json(&new.join(CONFIG), &PeftConfig::of(&self.config, base))
        })
    }

    /// Reads a PEFT folder; `layers` are the linear layers of the model.
    pub(crate) fn load(dir: &Path, layers: &Layers, device: Device) -> Result<Self> {
        let dir = folder::resolve(dir);
        let config = read_config(&dir.join(CONFIG), layers)?;
        let weights = Weights::open_file(&dir.join(MODEL))?;
        let targets = config.targets(layers)?;
        let mut expected = BTreeMap::new();
        for (layer, &(out, input)) in &targets {
            expected.insert(format!("{PREFIX}{layer}.lora_A.weight"), vec![config.r, input]);
            expected.insert(format!("{PREFIX}{layer}.lora_B.weight"), vec![out, config.r]);
        }
        weights.check(&expected)?;
        let mut factors = BTreeMap::new();
        for layer in targets.into_keys() {
            let read =
                |part| weights.read(&format!("{PREFIX}{layer}.{part}.weight"), Kind::Float, device);
            let pair = Factors { a: read("lora_A")?, b: read("lora_B")? };
            factors.insert(layer, pair);
        }
        Ok(Adapter::new(config, factors))
    }
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
    target_modules: Value,
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

/// What must be off: it would change what is computed.
const MUST_BE_OFF: [&str; 21] = [
    "use_dora",
    "rank_pattern",
    "alpha_pattern",
    "lora_bias",
    "modules_to_save",
    "fan_in_fan_out",
    "bias",
    "layers_to_transform",
    "layers_pattern",
    "layer_replication",
    "exclude_modules",
    "target_parameters",
    "trainable_token_indices",
    "alora_invocation_tokens",
    "use_qalora",
    "use_bdlora",
    "arrow_config",
    "kasa_config",
    "velora_config",
    "monteclora_config",
    "megatron_config",
];

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
            lora_dropout: config.dropout,
            bias: Some("none".to_owned()),
            fan_in_fan_out: false,
            inference_mode: true,
            use_rslora: config.use_rslora,
            use_dora: false,
            modules_to_save: None,
        }
    }
}

/// Reads the file and refuses, by name, what would change the result and is not
/// implemented.
fn read_config(path: &Path, layers: &Layers) -> Result<LoraConfig> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let json = |source| Error::Json { path: path.to_owned(), source };
    let value: Value = serde_json::from_str(&text).map_err(json)?;
    let unsupported = |field, found: String, supported| Error::Unsupported {
        path: path.to_owned(),
        field,
        found,
        supported,
    };
    let off = |v: &Value| match v {
        Value::Null | Value::Bool(false) => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(s) => s == "none",
        Value::Bool(true) | Value::Number(_) => false,
    };
    for field in MUST_BE_OFF {
        if let Some(found) = value.get(field).filter(|v| !off(v)) {
            return Err(unsupported(field, found.to_string(), "none of it"));
        }
    }
    // These initialisations move a part of the base's weights into the factors:
    // on the base as it was, the adapter computes something else.
    let init = value.get("init_lora_weights").and_then(Value::as_str).unwrap_or_default();
    if ["pissa", "olora", "corda", "loftq", "lora_ga"].iter().any(|kind| init.starts_with(kind)) {
        let supported = "one that leaves the base as it is, such as true or \"gaussian\"";
        return Err(unsupported("init_lora_weights", format!("{init:?}"), supported));
    }
    let peft: PeftConfig = serde_json::from_value(value).map_err(json)?;
    if peft.peft_type != "LORA" {
        return Err(unsupported("peft_type", format!("{:?}", peft.peft_type), "\"LORA\""));
    }
    let target_modules: Vec<String> = match &peft.target_modules {
        Value::String(s) if s == "all-linear" => {
            LoraConfig::ALL_LINEAR.iter().map(|&s| s.to_owned()).collect()
        }
        list => serde_json::from_value(list.clone()).map_err(|_| {
            unsupported("target_modules", list.to_string(), "a list of names, or \"all-linear\"")
        })?,
    };
    let config = LoraConfig {
        r: peft.r,
        alpha: peft.lora_alpha,
        use_rslora: peft.use_rslora,
        dropout: peft.lora_dropout,
        target_modules,
    };
    config.check()?;
    if let Some(other) = config.stray_target(layers) {
        let supported = "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj";
        return Err(unsupported("target_modules", format!("{other:?}"), supported));
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn layers() -> Layers {
        Layers::from([
            ("model.layers.0.self_attn.q_proj".to_owned(), (6, 4)),
            ("model.layers.0.self_attn.k_proj".to_owned(), (2, 4)),
            ("model.layers.0.self_attn.v_proj".to_owned(), (2, 4)),
        ])
    }

    fn adapter() -> Adapter {
        let config = LoraConfig { r: 3, dropout: 0.25, ..LoraConfig::default() };
        Adapter::init(&config, &config.targets(&layers()).unwrap(), 1, Device::Cpu).unwrap()
    }

    /// A saved adapter; the folder lives as long as the first.
    fn saved() -> (tempfile::TempDir, std::path::PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("adapter");
        adapter().save(&dir, "base").unwrap();
        (parent, dir)
    }

    #[test]
    fn a_saved_adapter_reads_back_bit_for_bit() {
        let (_parent, dir) = saved();
        let saved = adapter();
        let read = Adapter::load(&dir, &layers(), Device::Cpu).unwrap();
        assert_eq!(read.config.r, 3);
        assert_eq!(read.config.dropout, 0.25);
        assert_eq!(read.factors.len(), 2);
        for (name, f) in &saved.factors {
            assert_eq!(f.a, read.factors[name].a);
            assert_eq!(f.b, read.factors[name].b);
        }
        saved.save(&dir, "base").expect("an older adapter is replaced");
    }

    #[test]
    fn peft_features_that_are_not_implemented_are_refused_by_name() {
        let (_parent, dir) = saved();
        let path = dir.join(CONFIG);
        let text = std::fs::read_to_string(&path).unwrap();
        for (field, value) in [
            ("use_dora", json!(true)),
            ("rank_pattern", json!({"q_proj": 4})),
            ("modules_to_save", json!(["lm_head"])),
            ("bias", json!("all")),
            ("peft_type", json!("IA3")),
            ("layers_to_transform", json!([0])),
            ("exclude_modules", json!("k_proj")),
            ("trainable_token_indices", json!([1])),
            ("init_lora_weights", json!("pissa_niter_4")),
            ("target_modules", json!(".*_proj")),
            ("target_modules", json!(["q_proj", "lm_head"])),
            ("target_modules", json!(7)),
        ] {
            let mut json: Value = serde_json::from_str(&text).unwrap();
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
        let (_parent, dir) = saved();
        let mut wrong = adapter();
        for f in wrong.factors.values_mut() {
            f.a = f.a.tr().contiguous();
        }
        wrong.save(&dir, "base").unwrap();
        let error = Adapter::load(&dir, &layers(), Device::Cpu).unwrap_err();
        assert!(error.to_string().contains("lora_A"), "{error}");
    }

    /// What `load` makes of the folder once the file holds `bytes`.
    fn load_damaged(path: &Path, bytes: &[u8]) -> Result<Adapter> {
        std::fs::write(path, bytes).unwrap();
        Adapter::load(path.parent().unwrap(), &layers(), Device::Cpu)
    }

    /// A file cut anywhere is an error, unless nothing but space is lost.
    #[test]
    fn half_an_adapter_is_an_error() {
        for name in [CONFIG, MODEL] {
            let (_parent, dir) = saved();
            let path = dir.join(name);
            let whole = std::fs::read(&path).unwrap();
            for cut in 0..whole.len() {
                let (rest, lost) = whole.split_at(cut);
                let harmless = name == CONFIG && lost.iter().all(u8::is_ascii_whitespace);
                let read = load_damaged(&path, rest);
                assert_eq!(read.is_ok(), harmless, "{name} cut at {cut}: {:?}", read.err());
            }
        }
    }

    /// A byte changed anywhere: an error or an adapter of the model's shapes,
    /// and no panic.
    #[test]
    fn a_damaged_folder_never_panics() {
        for name in [CONFIG, MODEL] {
            let (_parent, dir) = saved();
            let path = dir.join(name);
            let whole = std::fs::read(&path).unwrap();
            for at in 0..whole.len() {
                let good = whole[at];
                // A neighbour, no ASCII, and what means something in JSON.
                for byte in [good ^ 1, good ^ 0x80, b'9', b'"'] {
                    let mut damaged = whole.clone();
                    damaged[at] = byte;
                    let Ok(read) = load_damaged(&path, &damaged) else { continue };
                    let layers = read.config.targets(&layers()).unwrap();
                    assert!(read.factors.keys().eq(layers.keys()), "{name}: {byte} at {at}");
                    for (f, (out, input)) in read.factors.values().zip(layers.into_values()) {
                        assert_eq!(f.a.size(), [read.config.r, input], "{name}: {byte} at {at}");
                        assert_eq!(f.b.size(), [out, read.config.r], "{name}: {byte} at {at}");
                    }
                }
            }
        }
    }
}
