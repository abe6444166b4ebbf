//! `config.json` of a Hugging Face LLaMA folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// The shape of a LLaMA model, as its `config.json` gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LlamaConfig {
    /// Components of a hidden state.
    pub hidden_size: i64,
    /// Components inside the feed-forward block.
    pub intermediate_size: i64,
    /// Tokens the model knows.
    pub vocab_size: i64,
    /// Transformer blocks.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: i64,
    /// Key and value heads; each serves a group of query heads.
    pub num_key_value_heads: i64,
    /// Components of a head.
    pub head_dim: i64,
    /// Added to the mean square before its root.
    pub rms_norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// The longest sequence.
    pub max_position_embeddings: usize,
    /// Whether the output matrix is the embedding.
    pub tie_word_embeddings: bool,
    /// Tokens that end a reply; may be empty.
    pub eos_token_ids: Vec<i64>,
}

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
    num_key_value_heads: Option<i64>,
    head_dim: Option<i64>,
    #[serde(default = "default_eps")]
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<serde_json::Value>,
    /// What transformers 5 writes in place of the two above.
    rope_parameters: Option<serde_json::Value>,
    #[serde(default = "default_positions")]
    max_position_embeddings: usize,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    #[serde(default = "default_act")]
    hidden_act: String,
    eos_token_id: Option<OneOrMany>,
}

fn default_eps() -> f64 {
    1e-6
}
fn default_positions() -> usize {
    2048
}
fn default_act() -> String {
    "silu".to_owned()
}

impl LlamaConfig {
    /// Reads `config.json` from the folder `dir`.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for the file, [`Error::Unsupported`]
    /// where it asks for what is not implemented (another architecture, scaled
    /// rotary positions, biases), [`Error::Config`] where the numbers do not
    /// fit together.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: PathBuf) -> Result<Self> {
        let json: serde_json::Value = serde_json::from_str(text)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        // Another architecture lacks LLaMA's keys: name it before they are missed.
        let model_type = json.get("model_type").and_then(|v| v.as_str()).unwrap_or("absent");
        let unsupported = |field, found: String, supported| {
            Err(Error::Unsupported { path: path.clone(), field, found, supported })
        };
        if model_type != "llama" {
            return unsupported("model_type", format!("{model_type:?}"), "\"llama\"");
        }
        let raw: Raw = serde_json::from_value(json)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        let nested = raw.rope_parameters.as_ref();
        let nested_theta =
            nested.and_then(|p| p.get("rope_theta")).and_then(serde_json::Value::as_f64);
        for scaling in [&raw.rope_scaling, &raw.rope_parameters].into_iter().flatten() {
            let kind = scaling.get("rope_type").or_else(|| scaling.get("type"));
            if kind.and_then(|k| k.as_str()) != Some("default") {
                return unsupported(
                    "rope_scaling",
                    scaling.to_string(),
                    "null or rope_type default",
                );
            }
        }
        if raw.attention_bias || raw.mlp_bias {
            return unsupported("attention_bias or mlp_bias", "true".to_owned(), "false");
        }
        if raw.hidden_act != "silu" {
            return unsupported("hidden_act", format!("{:?}", raw.hidden_act), "\"silu\"");
        }
        let heads = raw.num_attention_heads;
        let config = LlamaConfig {
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            vocab_size: raw.vocab_size,
            num_hidden_layers: raw.num_hidden_layers,
            num_attention_heads: heads,
            num_key_value_heads: raw.num_key_value_heads.unwrap_or(heads),
            head_dim: raw.head_dim.unwrap_or(raw.hidden_size / heads.max(1)),
            rms_norm_eps: raw.rms_norm_eps,
            rope_theta: raw.rope_theta.or(nested_theta).unwrap_or(10_000.0),
            max_position_embeddings: raw.max_position_embeddings,
            tie_word_embeddings: raw.tie_word_embeddings,
            eos_token_ids: match raw.eos_token_id {
                None => Vec::new(),
                Some(OneOrMany::One(id)) => vec![id],
                Some(OneOrMany::Many(ids)) => ids,
            },
        };
        config.check().map_err(|message| Error::Config { path, message })?;
        Ok(config)
    }

    /// The conditions without which no model can be built.
    fn check(&self) -> std::result::Result<(), String> {
        let positive = [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
        ];
        for (name, value) in positive {
            if value <= 0 {
                return Err(format!("{name} is {value}, expected a positive number"));
            }
        }
        if self.num_attention_heads % self.num_key_value_heads != 0 {
            return Err(format!(
                "num_attention_heads ({}) is no multiple of num_key_value_heads ({})",
                self.num_attention_heads, self.num_key_value_heads
            ));
        }
        if self.head_dim % 2 != 0 {
            return Err(format!("head_dim is {}, expected an even number", self.head_dim));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(change: impl FnOnce(&mut serde_json::Value)) -> Result<LlamaConfig> {
        let mut json = serde_json::json!({
            "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "vocab_size": 100,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "eos_token_id": 2
        });
        change(&mut json);
        LlamaConfig::parse(&json.to_string(), PathBuf::from("config.json"))
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
            ("model_type", serde_json::json!("gpt2"), "gpt2"),
            ("rope_scaling", serde_json::json!({"rope_type": "yarn", "factor": 2.0}), "yarn"),
            ("attention_bias", serde_json::json!(true), "attention_bias"),
            ("hidden_act", serde_json::json!("gelu"), "gelu"),
        ] {
            let error = parse(|j| j[key] = value).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn the_rotary_base_is_found_under_either_key() {
        assert_eq!(parse(|_| ()).unwrap().rope_theta, 10_000.0);
        assert_eq!(parse(|j| j["rope_theta"] = 5e5.into()).unwrap().rope_theta, 5e5);
        let nested = serde_json::json!({"rope_type": "default", "rope_theta": 1e6});
        assert_eq!(parse(|j| j["rope_parameters"] = nested).unwrap().rope_theta, 1e6);
    }

    #[test]
    fn contradictions_are_named() {
        let error = parse(|j| j["num_key_value_heads"] = 3.into()).unwrap_err();
        assert!(error.to_string().contains("no multiple"), "{error}");
        let error = parse(|j| j["hidden_size"] = 0.into()).unwrap_err();
        assert!(error.to_string().contains("hidden_size"), "{error}");
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = parse(|j| drop(j.as_object_mut().unwrap().remove("vocab_size"))).unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("vocab_size"), "{error}: {cause}");
    }
}
