//! From JSON to [`LlamaConfig`]: defaults as `transformers` sets them, and
//! refusal, by name, of what would change the result and is not implemented.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::llama::{Architecture, Biases, LlamaConfig, MOST_LAYERS, RopeScaling};
use crate::error::{Error, Result};

/// `eos_token_id` is a number, a list, or null.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

#[derive(Deserialize)]
struct Raw {
    hidden_size: i64,
    intermediate_size: i64,
    vocab_size: i64,
    num_hidden_layers: usize,
    num_attention_heads: i64,
    /// Absent and null differ: null is as many as query heads.
    #[serde(default, deserialize_with = "present")]
    num_key_value_heads: Option<Option<i64>>,
    head_dim: Option<i64>,
    rms_norm_eps: Option<f64>,
    rope_theta: Option<f64>,
    rope_scaling: Option<Rope>,
    /// What transformers 5 writes in place of the two above.
    rope_parameters: Option<Rope>,
    max_position_embeddings: Option<usize>,
    tie_word_embeddings: Option<bool>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    /// Absent and null differ: null is no window.
    #[serde(default, deserialize_with = "present")]
    sliding_window: Option<Option<usize>>,
    #[serde(default)]
    use_sliding_window: bool,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    eos_token_id: Option<OneOrMany>,
}

/// Wraps what is there, null included, in another `Some`.
fn present<'de, D, T>(value: D) -> std::result::Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(value).map(Some)
}

#[derive(Deserialize)]
struct Rope {
    rope_type: Option<String>,
    /// The older name; some folders have both.
    r#type: Option<String>,
    rope_theta: Option<f64>,
    factor: Option<f64>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    original_max_position_embeddings: Option<f64>,
}

/// What another model family, or a later one of this, may switch on; each has
/// the one value that means it is off.
const MUST_BE_OFF: [(&str, f64); 11] = [
    ("partial_rotary_factor", 1.0),
    ("attention_multiplier", 1.0),
    ("embedding_multiplier", 1.0),
    ("residual_multiplier", 1.0),
    ("logits_scaling", 1.0),
    ("logit_scale", 1.0),
    ("attn_logit_softcapping", 0.0),
    ("final_logit_softcapping", 0.0),
    ("attention_chunk_size", 0.0),
    ("num_local_experts", 0.0),
    ("num_experts", 0.0),
];

/// Switches and settings that must be absent, null, false or empty.
const MUST_BE_ABSENT: [&str; 7] = [
    "quantization_config",
    "auto_map",
    "use_qk_norm",
    "qk_layernorm",
    "no_rope_layers",
    "parallel_attn",
    "add_cross_attention",
];

/// The configuration, beside all that the file holds.
pub(super) fn config(text: &str, path: PathBuf) -> Result<(LlamaConfig, Value)> {
    let json: Value =
        serde_json::from_str(text).map_err(|source| Error::Json { path: path.clone(), source })?;
    // Another architecture lacks LLaMA's keys: name it before they are missed.
    let architecture = architecture(&json, &path)?;
    refuse(&json, architecture, &path)?;
    let raw: Raw = serde_json::from_value(json.clone())
        .map_err(|source| Error::Json { path: path.clone(), source })?;
    let wrong = |message| Error::Config { path: path.clone(), message };
    if !(1..=MOST_LAYERS).contains(&raw.num_hidden_layers) {
        return Err(wrong(format!(
            "num_hidden_layers is {}, expected a number of 1 to {MOST_LAYERS}",
            raw.num_hidden_layers
        )));
    }
    let heads = raw.num_attention_heads;
    let positions = raw.max_position_embeddings.unwrap_or(match architecture {
        Architecture::Llama => 2048,
        Architecture::Mistral => 4096 * 32,
        Architecture::Qwen2 => 32768,
    });
    let (rope_theta, rope_scaling) = rope(&raw, positions, &path)?;
    let config = LlamaConfig {
        architecture,
        hidden_size: raw.hidden_size,
        intermediate_size: raw.intermediate_size,
        vocab_size: raw.vocab_size,
        num_hidden_layers: raw.num_hidden_layers,
        num_attention_heads: heads,
        num_key_value_heads: key_value_heads(&raw, architecture),
        head_dim: raw.head_dim.unwrap_or(raw.hidden_size / heads.max(1)),
        rms_norm_eps: raw.rms_norm_eps.unwrap_or(1e-6),
        rope_theta,
        rope_scaling,
        max_position_embeddings: positions,
        tie_word_embeddings: raw.tie_word_embeddings.unwrap_or(false),
        biases: match architecture {
            Architecture::Llama => {
                Biases { qkv: raw.attention_bias, output: raw.attention_bias, mlp: raw.mlp_bias }
            }
            Architecture::Mistral => Biases::default(),
            Architecture::Qwen2 => Biases { qkv: true, output: false, mlp: false },
        },
        windows: windows(&raw, architecture, &path)?,
        eos_token_ids: match raw.eos_token_id {
            None => Vec::new(),
            Some(OneOrMany::One(id)) => vec![id],
            Some(OneOrMany::Many(ids)) => ids,
        },
    };
    config.check().map_err(wrong)?;
    Ok((config, json))
}

fn architecture(json: &Value, path: &Path) -> Result<Architecture> {
    let supported = "\"llama\", \"mistral\" or \"qwen2\"";
    let unsupported = |field, found: &Value, supported| Error::Unsupported {
        path: path.to_owned(),
        field,
        found: found.to_string(),
        supported,
    };
    let found = match json.get("model_type").and_then(Value::as_str) {
        Some("llama") => Architecture::Llama,
        Some("mistral") => Architecture::Mistral,
        Some("qwen2") => Architecture::Qwen2,
        _ => {
            let absent = Value::String("absent".to_owned());
            let found = json.get("model_type").unwrap_or(&absent);
            return Err(unsupported("model_type", found, supported));
        }
    };
    // The same blocks under another head are another model.
    if let Some(classes) = json.get("architectures").and_then(Value::as_array)
        && !classes.is_empty()
        && !classes.iter().any(|class| class == found.class())
    {
        return Err(unsupported("architectures", &json["architectures"], found.class()));
    }
    Ok(found)
}

/// Refuses what is switched on and not implemented.
fn refuse(json: &Value, architecture: Architecture, path: &Path) -> Result<()> {
    let unsupported = |field, found: &Value, supported| {
        Err(Error::Unsupported {
            path: path.to_owned(),
            field,
            found: found.to_string(),
            supported,
        })
    };
    for (field, off) in MUST_BE_OFF {
        if let Some(found) = json.get(field).filter(|v| !v.is_null())
            && found.as_f64() != Some(off)
        {
            return unsupported(field, found, "null, or the number that switches it off");
        }
    }
    for field in MUST_BE_ABSENT {
        let off = |v: &Value| match v {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if let Some(found) = json.get(field).filter(|v| !off(v)) {
            return unsupported(field, found, "none of it");
        }
    }
    if let Some(found) = json.get("hidden_act").filter(|v| !v.is_null() && *v != "silu") {
        return unsupported("hidden_act", found, "\"silu\"");
    }
    // transformers ignores these keys for the other architectures; a folder
    // that sets them asks for what would not be computed.
    if architecture != Architecture::Llama {
        for field in ["attention_bias", "mlp_bias"] {
            let implied = architecture == Architecture::Qwen2 && field == "attention_bias";
            if let Some(found) = json.get(field).filter(|v| **v == true && !implied) {
                return unsupported(field, found, "false for this model_type");
            }
        }
    }
    Ok(())
}

fn key_value_heads(raw: &Raw, architecture: Architecture) -> i64 {
    let default = match architecture {
        Architecture::Llama => None,
        Architecture::Mistral => Some(8),
        Architecture::Qwen2 => Some(32),
    };
    raw.num_key_value_heads.unwrap_or(default).unwrap_or(raw.num_attention_heads)
}

/// The base of the frequencies and their scaling, from either spelling.
fn rope(raw: &Raw, positions: usize, path: &Path) -> Result<(f64, RopeScaling)> {
    let nested = raw.rope_scaling.as_ref().or(raw.rope_parameters.as_ref());
    let theta = nested.and_then(|r| r.rope_theta).or(raw.rope_theta).unwrap_or(10_000.0);
    let Some(rope) = nested else { return Ok((theta, RopeScaling::None)) };
    let kind = rope.rope_type.as_ref().or(rope.r#type.as_ref()).map_or("default", String::as_str);
    let needed = |name: &str, value: Option<f64>| {
        value.ok_or_else(|| Error::Config {
            path: path.to_owned(),
            message: format!("rope_scaling of type {kind:?} has no {name}"),
        })
    };
    let scaling = match kind {
        "default" => RopeScaling::None,
        "linear" => RopeScaling::Linear { factor: needed("factor", rope.factor)? },
        "llama3" => RopeScaling::Llama3 {
            factor: needed("factor", rope.factor)?,
            low_freq_factor: needed("low_freq_factor", rope.low_freq_factor)?,
            high_freq_factor: needed("high_freq_factor", rope.high_freq_factor)?,
            original_max_position_embeddings: rope
                .original_max_position_embeddings
                .unwrap_or(positions as f64),
        },
        other => {
            return Err(Error::Unsupported {
                path: path.to_owned(),
                field: "rope_scaling",
                found: format!("of type {other:?}"),
                supported: "null or type \"default\", \"linear\" or \"llama3\"",
            });
        }
    };
    Ok((theta, scaling))
}

/// The window of each layer.
fn windows(raw: &Raw, architecture: Architecture, path: &Path) -> Result<Vec<Option<usize>>> {
    let layers = raw.num_hidden_layers;
    let wrong = |message| Err(Error::Config { path: path.to_owned(), message });
    let types = match architecture {
        // transformers ignores both keys for LLaMA.
        Architecture::Llama => return Ok(vec![None; layers]),
        _ => raw.layer_types.as_deref(),
    };
    let window = match architecture {
        Architecture::Qwen2 if !raw.use_sliding_window => None,
        _ => raw.sliding_window.unwrap_or(Some(4096)),
    };
    if window == Some(0) {
        return wrong("sliding_window is 0, expected a positive number or null".to_owned());
    }
    let Some(types) = types else {
        let first = match architecture {
            Architecture::Qwen2 => raw.max_window_layers.unwrap_or(28),
            _ => 0,
        };
        return Ok((0..layers).map(|layer| window.filter(|_| layer >= first)).collect());
    };
    if types.len() != layers {
        return wrong(format!("{} layer_types for {layers} layers", types.len()));
    }
    types
        .iter()
        .map(|kind| match kind.as_str() {
            "full_attention" if architecture == Architecture::Qwen2 || window.is_none() => Ok(None),
            "sliding_attention" if window.is_some() => Ok(window),
            other => Err(Error::Unsupported {
                path: path.to_owned(),
                field: "layer_types",
                found: format!("{other:?} beside a sliding_window of {window:?}"),
                supported: "full_attention; sliding_attention where there is a window",
            }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(change: impl FnOnce(&mut Value)) -> Result<LlamaConfig> {
        let mut json = json!({
            "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "vocab_size": 100,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "eos_token_id": 2
        });
        change(&mut json);
        Ok(config(&json.to_string(), PathBuf::from("config.json"))?.0)
    }

    #[test]
    fn eos_is_a_number_a_list_or_null() {
        assert_eq!(parse(|_| ()).unwrap().eos_token_ids, [2]);
        assert_eq!(parse(|j| j["eos_token_id"] = [2, 7].into()).unwrap().eos_token_ids, [2, 7]);
        assert!(parse(|j| j["eos_token_id"] = ().into()).unwrap().eos_token_ids.is_empty());
    }

    #[test]
    fn what_is_not_implemented_is_refused_by_name() {
        for (key, value, named) in [
            ("model_type", json!("gpt2"), "gpt2"),
            ("model_type", json!(null), "null"),
            ("architectures", json!(["LlamaForSequenceClassification"]), "Classification"),
            ("rope_scaling", json!({"rope_type": "yarn", "factor": 2.0}), "yarn"),
            ("rope_scaling", json!({"type": "dynamic", "factor": 2.0}), "dynamic"),
            ("rope_parameters", json!({"rope_type": "longrope"}), "longrope"),
            ("hidden_act", json!("gelu"), "gelu"),
            ("quantization_config", json!({"quant_method": "gptq"}), "gptq"),
            ("partial_rotary_factor", json!(0.5), "0.5"),
            ("final_logit_softcapping", json!(30.0), "final_logit_softcapping"),
            ("auto_map", json!({"AutoModel": "x.py"}), "auto_map"),
        ] {
            let error = parse(|j| j[key] = value).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        let error = parse(|j| {
            j["model_type"] = "mistral".into();
            j["attention_bias"] = true.into();
        });
        assert!(error.unwrap_err().to_string().contains("attention_bias"));
    }

    #[test]
    fn what_is_switched_off_is_no_obstacle() {
        let config = parse(|j| {
            j["partial_rotary_factor"] = 1.0.into();
            j["quantization_config"] = ().into();
            j["architectures"] = json!(["LlamaForCausalLM"]);
            j["pretraining_tp"] = 1.into();
        });
        assert_eq!(config.unwrap(), parse(|_| ()).unwrap());
    }

    #[test]
    fn rotary_parameters_are_found_under_either_spelling() {
        assert_eq!(parse(|_| ()).unwrap().rope_theta, 10_000.0);
        assert_eq!(parse(|j| j["rope_theta"] = 5e5.into()).unwrap().rope_theta, 5e5);
        let nested = json!({"rope_type": "default", "rope_theta": 1e6});
        assert_eq!(parse(|j| j["rope_parameters"] = nested).unwrap().rope_theta, 1e6);
        let old = parse(|j| {
            j["rope_theta"] = 5e5.into();
            j["rope_scaling"] = json!({"type": "linear", "factor": 4});
        });
        let new = parse(|j| {
            j["rope_parameters"] = json!({"rope_type": "linear", "factor": 4.0, "rope_theta": 5e5});
        });
        let (old, new) = (old.unwrap(), new.unwrap());
        assert_eq!(old.rope_scaling, RopeScaling::Linear { factor: 4.0 });
        assert_eq!(old, new);
        let error = parse(|j| j["rope_scaling"] = json!({"type": "linear"})).unwrap_err();
        assert!(error.to_string().contains("factor"), "{error}");
    }

    #[test]
    fn windows_follow_each_architecture() {
        let windows = |change: fn(&mut Value)| parse(change).unwrap().windows;
        assert_eq!(windows(|j| j["sliding_window"] = 8.into()), [None, None]);
        assert_eq!(windows(|j| j["model_type"] = "mistral".into()), [Some(4096); 2]);
        let none = windows(|j| {
            j["model_type"] = "mistral".into();
            j["sliding_window"] = ().into();
        });
        assert_eq!(none, [None, None]);
        let qwen = |j: &mut Value| {
            j["model_type"] = "qwen2".into();
            j["sliding_window"] = 8.into();
            j["max_window_layers"] = 1.into();
        };
        assert_eq!(parse(qwen).unwrap().windows, [None, None]);
        let used = |j: &mut Value| {
            qwen(j);
            j["use_sliding_window"] = true.into();
        };
        assert_eq!(parse(used).unwrap().windows, [None, Some(8)]);
        let types = parse(|j| {
            used(j);
            j["layer_types"] = json!(["sliding_attention", "full_attention"]);
        });
        assert_eq!(types.unwrap().windows, [Some(8), None]);
    }

    #[test]
    fn contradictions_are_named() {
        for (key, value, named) in [
            ("num_key_value_heads", json!(3), "no multiple"),
            ("hidden_size", json!(0), "hidden_size"),
            ("num_hidden_layers", json!(1_000_000_000), "num_hidden_layers"),
            ("vocab_size", json!(1i64 << 60), "vocab_size"),
            ("max_position_embeddings", json!(0), "max_position_embeddings"),
            ("rope_theta", json!(-1.0), "rope_theta"),
            ("head_dim", json!(3), "even"),
            ("rope_scaling", json!({"type": "linear", "factor": 0}), "factor"),
        ] {
            let error = parse(|j| j[key] = value).unwrap_err();
            assert!(matches!(error, Error::Config { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = parse(|j| drop(j.as_object_mut().unwrap().remove("vocab_size"))).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("vocab_size"), "{error}: {cause}");
    }
}
