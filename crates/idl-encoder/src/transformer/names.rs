//! What the tensors of a checkpoint are called, and their shapes.

use std::collections::BTreeMap;

use super::config::{Architecture, MPNET_BUCKETS, TransformerConfig};

pub(crate) const WORDS: &str = "embeddings.word_embeddings.weight";
pub(crate) const POSITIONS: &str = "embeddings.position_embeddings.weight";
pub(crate) const SEGMENTS: &str = "embeddings.token_type_embeddings.weight";
pub(crate) const NORM: &str = "embeddings.LayerNorm";
pub(crate) const RELATIVE_BIAS: &str = "encoder.relative_attention_bias.weight";

/// The parts of a layer, each with a weight and a bias.
pub(crate) struct LayerNames {
    pub(crate) query: &'static str,
    pub(crate) key: &'static str,
    pub(crate) value: &'static str,
    pub(crate) attention_out: &'static str,
    pub(crate) attention_norm: &'static str,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    pub(crate) norm: &'static str,
}

impl LayerNames {
    pub(crate) fn of(architecture: Architecture) -> Self {
        let [query, key, value, attention_out, attention_norm] = match architecture {
            Architecture::Bert => [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "attention.output.LayerNorm",
            ],
            Architecture::Mpnet => [
                "attention.attn.q",
                "attention.attn.k",
                "attention.attn.v",
                "attention.attn.o",
                "attention.LayerNorm",
            ],
        };
        let [up, down, norm] = ["intermediate.dense", "output.dense", "output.LayerNorm"];
        LayerNames { query, key, value, attention_out, attention_norm, up, down, norm }
    }
}

/// The full name of a part of layer `layer`.
pub(crate) fn in_layer(layer: usize, part: &str) -> String {
    format!("encoder.layer.{layer}.{part}")
}

/// The shape of every tensor of the checkpoint, by its Hugging Face name.
pub(crate) fn expected(config: &TransformerConfig) -> BTreeMap<String, Vec<i64>> {
    let (h, m) = (config.hidden_size, config.intermediate_size);
    let mut tensors = BTreeMap::from([
        (WORDS.to_owned(), vec![config.vocab_size, h]),
        (POSITIONS.to_owned(), vec![config.max_position_embeddings, h]),
    ]);
    match config.architecture {
        Architecture::Bert => {
            tensors.insert(SEGMENTS.to_owned(), vec![config.type_vocab_size, h]);
        }
        Architecture::Mpnet => {
            let shape = vec![MPNET_BUCKETS, config.num_attention_heads];
            tensors.insert(RELATIVE_BIAS.to_owned(), shape);
        }
    }
    let mut affine = |name: String, weight: Vec<i64>| {
        tensors.insert(format!("{name}.bias"), vec![weight[0]]);
        tensors.insert(format!("{name}.weight"), weight);
    };
    affine(NORM.to_owned(), vec![h]);
    let names = LayerNames::of(config.architecture);
    for layer in 0..config.num_hidden_layers {
        for (part, weight) in [
            (names.query, vec![h, h]),
            (names.key, vec![h, h]),
            (names.value, vec![h, h]),
            (names.attention_out, vec![h, h]),
            (names.attention_norm, vec![h]),
            (names.up, vec![m, h]),
            (names.down, vec![h, m]),
            (names.norm, vec![h]),
        ] {
            affine(in_layer(layer, part), weight);
        }
    }
    tensors
}

/// Whether a checkpoint may hold this tensor although no vector depends on it:
/// the numbers 0, 1, .. of old ones, and the pooler of sentence pairs.
pub(crate) fn unused(name: &str) -> bool {
    name == "embeddings.position_ids" || name.starts_with("pooler.")
}
