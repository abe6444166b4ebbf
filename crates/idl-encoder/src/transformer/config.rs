//! `config.json` of a Hugging Face BERT or MPNet folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::read_json;
use crate::error::{Error, Result};

/// The architectures that this crate computes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Architecture {
    /// BERT: learned positions and segments.
    Bert,
    /// MPNet: learned positions from 2 on, and a bias of the attention that
    /// depends on how far apart two tokens are.
    Mpnet,
}

impl Architecture {
    /// Its `model_type`, which is also the prefix of its tensors in a checkpoint
    /// that has a head.
    pub(crate) fn model_type(self) -> &'static str {
        match self {
            Architecture::Bert => "bert",
            Architecture::Mpnet => "mpnet",
        }
    }
}

/// MPNet's padding token. Its position has the same number; the first token's
/// is the next.
pub(crate) const MPNET_PADDING: i64 = 1;

/// Kinds of distance that MPNet tells apart: transformers' code knows no other
/// number, whatever the configuration says.
pub(crate) const MPNET_BUCKETS: i64 = 32;

/// The shape of a model, as its `config.json` gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransformerConfig {
    /// What is made of the numbers.
    pub architecture: Architecture,
    /// Components of a hidden state, and of a sentence's vector.
    pub hidden_size: i64,
    /// Components inside the feed-forward block.
    pub intermediate_size: i64,
    /// Tokens the model knows.
    pub vocab_size: i64,
    /// Segments the model knows, of which sentences use the first; MPNet's none.
    pub type_vocab_size: i64,
    /// Transformer blocks.
    pub num_hidden_layers: usize,
    /// Attention heads.
    pub num_attention_heads: i64,
    /// Positions the model has vectors for.
    pub max_position_embeddings: i64,
    /// Added to the variance before its root.
    pub layer_norm_eps: f64,
}

#[derive(Deserialize)]
struct Raw {
    hidden_size: i64,
    intermediate_size: i64,
    vocab_size: i64,
    num_hidden_layers: usize,
    num_attention_heads: i64,
    max_position_embeddings: i64,
    #[serde(default = "default_segments")]
    type_vocab_size: i64,
    #[serde(default = "default_eps")]
    layer_norm_eps: f64,
    #[serde(default = "default_act")]
    hidden_act: String,
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default = "default_buckets")]
    relative_attention_num_buckets: i64,
}

fn default_segments() -> i64 {
    2
}
fn default_eps() -> f64 {
    1e-12
}
fn default_act() -> String {
    "gelu".to_owned()
}
fn default_buckets() -> i64 {
    MPNET_BUCKETS
}

impl TransformerConfig {
    /// Reads `config.json` from the folder `dir`.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for the file, [`Error::Unsupported`]
    /// where it asks for what is not implemented (another architecture,
    /// activation or kind of positions), [`Error::Config`] where the numbers do
    /// not fit together.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let path = dir.join("config.json");
        Self::parse(read_json(&path)?, path)
    }

    /// The longest sequence, special tokens included.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        let positions = match self.architecture {
            Architecture::Bert => self.max_position_embeddings,
            Architecture::Mpnet => self.max_position_embeddings - MPNET_PADDING - 1,
        };
        usize::try_from(positions).unwrap_or(0)
    }

    fn parse(json: serde_json::Value, path: PathBuf) -> Result<Self> {
        // Another architecture may lack these keys: name it before they are missed.
        let model_type = json.get("model_type").and_then(|v| v.as_str()).unwrap_or("absent");
        let unsupported = |field, found: &str, supported| {
            let found = format!("{found:?}");
            Err(Error::Unsupported { path: path.clone(), field, found, supported })
        };
        let architecture = match model_type {
            "bert" => Architecture::Bert,
            "mpnet" => Architecture::Mpnet,
            other => return unsupported("model_type", other, "\"bert\" and \"mpnet\""),
        };
        let raw: Raw = serde_json::from_value(json)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        if raw.hidden_act != "gelu" {
            return unsupported("hidden_act", &raw.hidden_act, "\"gelu\"");
        }
        match raw.position_embedding_type.as_deref() {
            None | Some("absolute") => {}
            Some(other) => return unsupported("position_embedding_type", other, "\"absolute\""),
        }
        if raw.is_decoder {
            return unsupported("is_decoder", "true", "false");
        }
        if architecture == Architecture::Mpnet
            && raw.relative_attention_num_buckets != MPNET_BUCKETS
        {
            let found = raw.relative_attention_num_buckets.to_string();
            return unsupported("relative_attention_num_buckets", &found, "32");
        }
        let config = TransformerConfig {
            architecture,
            hidden_size: raw.hidden_size,
            intermediate_size: raw.intermediate_size,
            vocab_size: raw.vocab_size,
            type_vocab_size: match architecture {
                Architecture::Bert => raw.type_vocab_size,
                Architecture::Mpnet => 0,
            },
            num_hidden_layers: raw.num_hidden_layers,
            num_attention_heads: raw.num_attention_heads,
            max_position_embeddings: raw.max_position_embeddings,
            layer_norm_eps: raw.layer_norm_eps,
        };
        config.check().map_err(|message| Error::Config { path, message })?;
        Ok(config)
    }

    /// The conditions without which no model can be built.
    fn check(&self) -> std::result::Result<(), String> {
        let segments = match self.architecture {
            Architecture::Bert => self.type_vocab_size,
            Architecture::Mpnet => 1,
        };
        for (name, value) in [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("vocab_size", self.vocab_size),
            ("type_vocab_size", segments),
            ("num_attention_heads", self.num_attention_heads),
            ("max_position_embeddings", self.max_position_embeddings),
        ] {
            if value <= 0 {
                return Err(format!("{name} is {value}, expected a positive number"));
            }
        }
        if self.hidden_size % self.num_attention_heads != 0 {
            return Err(format!(
                "hidden_size ({}) is no multiple of num_attention_heads ({})",
                self.hidden_size, self.num_attention_heads
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use serde_json::json;

    use super::*;

    fn parse(change: impl FnOnce(&mut serde_json::Value)) -> Result<TransformerConfig> {
        let mut json = json!({
            "model_type": "bert", "hidden_size": 16, "intermediate_size": 24, "vocab_size": 100,
            "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64
        });
        change(&mut json);
        TransformerConfig::parse(json, PathBuf::from("config.json"))
    }

    #[test]
    fn absent_keys_have_transformers_defaults() {
        let config = parse(|_| ()).unwrap();
        assert_eq!((config.type_vocab_size, config.layer_norm_eps), (2, 1e-12));
        assert_eq!(config.max_tokens(), 64);
        let config = parse(|j| j["model_type"] = "mpnet".into()).unwrap();
        assert_eq!((config.type_vocab_size, config.layer_norm_eps), (0, 1e-12));
        assert_eq!(config.max_tokens(), 62);
    }

    #[test]
    fn what_is_not_implemented_is_refused_by_name() {
        for (key, value, named) in [
            ("model_type", json!("roberta"), "roberta"),
            ("model_type", json!(null), "absent"),
            ("hidden_act", json!("relu"), "relu"),
            ("position_embedding_type", json!("relative_key"), "relative_key"),
            ("is_decoder", json!(true), "is_decoder"),
        ] {
            let error = parse(|j| j[key] = value).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        let error = parse(|j| {
            j["model_type"] = "mpnet".into();
            j["relative_attention_num_buckets"] = 16.into();
        });
        assert!(matches!(error.unwrap_err(), Error::Unsupported { .. }));
    }

    #[test]
    fn contradictions_and_missing_keys_are_named() {
        let error = parse(|j| j["num_attention_heads"] = 3.into()).unwrap_err();
        assert!(error.to_string().contains("no multiple"), "{error}");
        let error = parse(|j| j["vocab_size"] = 0.into()).unwrap_err();
        assert!(error.to_string().contains("vocab_size"), "{error}");
        let error = parse(|j| drop(j.as_object_mut().unwrap().remove("hidden_size"))).unwrap_err();
        // The cause says it, and only the cause.
        assert!(!error.to_string().contains("hidden_size"), "{error}");
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains("hidden_size"), "{cause}");
    }
}
