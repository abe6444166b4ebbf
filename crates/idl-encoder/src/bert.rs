//! The BERT encoder: learned positions, attention both ways, LayerNorm after
//! each residual sum (post-norm), GELU by the error function.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use crate::config::BertConfig;
use crate::encoder::EncoderOptions;
use crate::error::Result;
use crate::weights::Weights;

/// The transformer, without the pooler of next-sentence prediction.
#[derive(Debug)]
pub(crate) struct Bert {
    config: BertConfig,
    words: Tensor,
    positions: Tensor,
    segments: Tensor,
    norm: Affine,
    layers: Vec<Layer>,
}

/// The weight and bias of a linear layer or a LayerNorm.
#[derive(Debug)]
struct Affine {
    weight: Tensor,
    bias: Tensor,
}

impl Affine {
    fn linear(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }

    fn layer_norm(&self, x: &Tensor, eps: f64) -> Result<Tensor> {
        Ok(x.f_layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), eps, true)?)
    }
}

#[derive(Debug)]
struct Layer {
    query: Affine,
    key: Affine,
    value: Affine,
    attention_out: Affine,
    attention_norm: Affine,
    up: Affine,
    down: Affine,
    norm: Affine,
}

/// The shape of every tensor of the checkpoint, by its Hugging Face name.
fn expected_tensors(config: &BertConfig) -> BTreeMap<String, Vec<i64>> {
    let (h, m) = (config.hidden_size, config.intermediate_size);
    let mut tensors = BTreeMap::from([
        ("embeddings.word_embeddings.weight".to_owned(), vec![config.vocab_size, h]),
        (
            "embeddings.position_embeddings.weight".to_owned(),
            vec![config.max_position_embeddings, h],
        ),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![config.type_vocab_size, h]),
    ]);
    let mut affine = |name: String, weight: Vec<i64>| {
        tensors.insert(format!("{name}.bias"), vec![weight[0]]);
        tensors.insert(format!("{name}.weight"), weight);
    };
    affine("embeddings.LayerNorm".to_owned(), vec![h]);
    for layer in 0..config.num_hidden_layers {
        for (part, weight) in [
            ("attention.self.query", vec![h, h]),
            ("attention.self.key", vec![h, h]),
            ("attention.self.value", vec![h, h]),
            ("attention.output.dense", vec![h, h]),
            ("attention.output.LayerNorm", vec![h]),
            ("intermediate.dense", vec![m, h]),
            ("output.dense", vec![h, m]),
            ("output.LayerNorm", vec![h]),
        ] {
            affine(format!("encoder.layer.{layer}.{part}"), weight);
        }
    }
    tensors
}

impl Bert {
    /// Takes the model out of a checkpoint, which must hold it and nothing else.
    pub(crate) fn new(
        config: BertConfig,
        mut weights: Weights,
        options: &EncoderOptions,
    ) -> Result<Self> {
        // Old checkpoints carry the numbers 0, 1, ..; the pooler serves
        // next-sentence prediction alone.
        weights.ignore(|n| n == "embeddings.position_ids" || n.starts_with("pooler."));
        weights.check(&expected_tensors(&config))?;
        let affine = |weights: &mut Weights, name: String| -> Result<Affine> {
            Ok(Affine {
                weight: weights.take(&format!("{name}.weight"), options)?,
                bias: weights.take(&format!("{name}.bias"), options)?,
            })
        };
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for layer in 0..config.num_hidden_layers {
            let mut part =
                |part: &str| affine(&mut weights, format!("encoder.layer.{layer}.{part}"));
            layers.push(Layer {
                query: part("attention.self.query")?,
                key: part("attention.self.key")?,
                value: part("attention.self.value")?,
                attention_out: part("attention.output.dense")?,
                attention_norm: part("attention.output.LayerNorm")?,
                up: part("intermediate.dense")?,
                down: part("output.dense")?,
                norm: part("output.LayerNorm")?,
            });
        }
        Ok(Bert {
            norm: affine(&mut weights, "embeddings.LayerNorm".to_owned())?,
            words: weights.take("embeddings.word_embeddings.weight", options)?,
            positions: weights.take("embeddings.position_embeddings.weight", options)?,
            segments: weights.take("embeddings.token_type_embeddings.weight", options)?,
            layers,
            config,
        })
    }

    pub(crate) fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The mean of the last hidden states over the tokens that are not padding,
    /// `[batch, hidden]` in 32 bits, of `ids`, `[batch, tokens]`, and `mask`,
    /// `[batch, tokens]` of booleans; without a mask nothing is padding.
    pub(crate) fn mean_pooled(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let hidden = self.hidden(ids, mask)?.f_to_kind(Kind::Float)?;
        let Some(mask) = mask else {
            return Ok(hidden.f_mean_dim(&[1i64][..], false, None)?);
        };
        let weight = mask.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?;
        let sum = hidden.f_mul(&weight)?.f_sum_dim_intlist(&[1i64][..], false, None)?;
        Ok(sum.f_div(&weight.f_sum_dim_intlist(&[1i64][..], false, None)?)?)
    }

    /// The last hidden states, `[batch, tokens, hidden]`.
    fn hidden(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
        let (batch, tokens) = ids.size2()?;
        let (heads, eps) = (self.config.num_attention_heads, self.config.layer_norm_eps);
        // Shared by all heads and all queries.
        let mask = mask.map(|m| m.f_view([batch, 1, 1, tokens])).transpose()?;
        // A lone sentence is all first segment.
        let place = self.positions.f_narrow(0, 0, tokens)?.f_add(&self.segments.f_select(0, 0)?)?;
        let x = Tensor::f_embedding(&self.words, ids, -1, false, false)?.f_add(&place)?;
        let mut x = self.norm.layer_norm(&x, eps)?;
        for layer in &self.layers {
            let split = |part: &Affine| -> Result<Tensor> {
                Ok(part.linear(&x)?.f_view([batch, tokens, heads, -1])?.f_transpose(1, 2)?)
            };
            let attended = Tensor::f_scaled_dot_product_attention(
                &split(&layer.query)?,
                &split(&layer.key)?,
                &split(&layer.value)?,
                mask.as_ref(),
                0.0,
                false,
                None,
                false,
            )?;
            let attended = attended.f_transpose(1, 2)?.f_reshape([batch, tokens, -1])?;
            let sum = layer.attention_out.linear(&attended)?.f_add(&x)?;
            x = layer.attention_norm.layer_norm(&sum, eps)?;
            let wide = layer.up.linear(&x)?.f_gelu("none")?;
            x = layer.norm.layer_norm(&layer.down.linear(&wide)?.f_add(&x)?, eps)?;
        }
        Ok(x)
    }
}
