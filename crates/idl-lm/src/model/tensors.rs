//! The tensors of a checkpoint: their Hugging Face names and shapes.

use std::collections::BTreeMap;

use crate::model::config::LlamaConfig;

pub(crate) const EMBEDDING: &str = "model.embed_tokens.weight";
pub(crate) const NORM: &str = "model.norm.weight";
pub(crate) const HEAD: &str = "lm_head.weight";

/// The linear layers of a block: name, and whether it adds a bias.
pub(crate) fn block_layers(config: &LlamaConfig) -> [(&'static str, (i64, i64), bool); 7] {
    let (h, m) = (config.hidden_size, config.intermediate_size);
    let q = config.num_attention_heads * config.head_dim;
    let kv = config.num_key_value_heads * config.head_dim;
    let biases = config.biases;
    [
        ("self_attn.q_proj", (q, h), biases.qkv),
        ("self_attn.k_proj", (kv, h), biases.qkv),
        ("self_attn.v_proj", (kv, h), biases.qkv),
        ("self_attn.o_proj", (h, q), biases.output),
        ("mlp.gate_proj", (m, h), biases.mlp),
        ("mlp.up_proj", (m, h), biases.mlp),
        ("mlp.down_proj", (h, m), biases.mlp),
    ]
}

/// The linear layers of all blocks: name to (outputs, inputs).
pub(crate) fn linear_layers(config: &LlamaConfig) -> BTreeMap<String, (i64, i64)> {
    let parts = block_layers(config);
    (0..config.num_hidden_layers)
        .flat_map(|layer| {
            parts.map(|(name, shape, _)| (format!("model.layers.{layer}.{name}"), shape))
        })
        .collect()
}

/// The shape of every tensor of the checkpoint, by its name.
pub(crate) fn expected(config: &LlamaConfig) -> BTreeMap<String, Vec<i64>> {
    let h = config.hidden_size;
    let mut tensors = BTreeMap::from([
        (EMBEDDING.to_owned(), vec![config.vocab_size, h]),
        (NORM.to_owned(), vec![h]),
    ]);
    if !config.tie_word_embeddings {
        tensors.insert(HEAD.to_owned(), vec![config.vocab_size, h]);
    }
    for layer in 0..config.num_hidden_layers {
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            tensors.insert(format!("model.layers.{layer}.{norm}.weight"), vec![h]);
        }
        for (name, (out, input), bias) in block_layers(config) {
            let name = format!("model.layers.{layer}.{name}");
            if bias {
                tensors.insert(format!("{name}.bias"), vec![out]);
            }
            tensors.insert(format!("{name}.weight"), vec![out, input]);
        }
    }
    tensors
}
