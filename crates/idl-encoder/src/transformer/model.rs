//! The encoder of BERT and MPNet: learned positions, attention both ways,
//! LayerNorm after each residual sum (post-norm), GELU by the error function.

use tch::{Kind, Tensor};

use super::config::{Architecture, MPNET_PADDING, TransformerConfig};
use super::names::{self, LayerNames};
use super::options::EncoderOptions;
use super::relative;
use super::weights::Weights;
use crate::error::Result;

/// The transformer, without a pooler or a head.
#[derive(Debug)]
pub(crate) struct Transformer {
    config: TransformerConfig,
    words: Tensor,
    /// A row for each position; BERT's with the first segment added, which is
    /// all of a lone sentence.
    positions: Tensor,
    /// MPNet's bias of each kind of distance.
    relative_bias: Option<Tensor>,
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
    fn take(weights: &mut Weights, name: &str, options: &EncoderOptions) -> Result<Self> {
        Ok(Affine {
            weight: weights.take(&format!("{name}.weight"), options)?,
            bias: weights.take(&format!("{name}.bias"), options)?,
        })
    }

    /// Layers that read the same, as one.
    fn stacked(parts: &[Affine]) -> Result<Self> {
        let weights: Vec<&Tensor> = parts.iter().map(|part| &part.weight).collect();
        let biases: Vec<&Tensor> = parts.iter().map(|part| &part.bias).collect();
        Ok(Affine { weight: Tensor::f_cat(&weights, 0)?, bias: Tensor::f_cat(&biases, 0)? })
    }

    fn linear(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_linear(&self.weight, Some(&self.bias))?)
    }

    fn layer_norm(&self, x: &Tensor, eps: f64) -> Result<Tensor> {
        Ok(x.f_layer_norm(self.weight.size(), Some(&self.weight), Some(&self.bias), eps, true)?)
    }
}

#[derive(Debug)]
struct Layer {
    query_key_value: Affine,
    attention_out: Affine,
    attention_norm: Affine,
    up: Affine,
    down: Affine,
    norm: Affine,
}

impl Layer {
    fn take(
        weights: &mut Weights,
        config: &TransformerConfig,
        layer: usize,
        options: &EncoderOptions,
    ) -> Result<Self> {
        let names = LayerNames::of(config.architecture);
        let mut part = |part| Affine::take(weights, &names::in_layer(layer, part), options);
        let query_key_value = [part(names.query)?, part(names.key)?, part(names.value)?];
        Ok(Layer {
            query_key_value: Affine::stacked(&query_key_value)?,
            attention_out: part(names.attention_out)?,
            attention_norm: part(names.attention_norm)?,
            up: part(names.up)?,
            down: part(names.down)?,
            norm: part(names.norm)?,
        })
    }

    /// `x`, `[batch, tokens, hidden]`, one layer on; `mask` is what
    /// scaled_dot_product_attention takes as such.
    fn forward(
        &self,
        x: &Tensor,
        mask: Option<&Tensor>,
        config: &TransformerConfig,
    ) -> Result<Tensor> {
        let (batch, tokens, _) = x.size3()?;
        let (heads, eps) = (config.num_attention_heads, config.layer_norm_eps);
        let parts = self.query_key_value.linear(x)?.f_view([batch, tokens, 3, heads, -1])?;
        // [3, batch, heads, tokens, head], of which one is a view.
        let parts = parts.f_permute([2, 0, 3, 1, 4])?;
        let part = |i| parts.f_select(0, i);
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let attended = Tensor::f_scaled_dot_product_attention(
            &query, &key, &value, mask, 0.0, false, None, false,
        )?;
        let attended = attended.f_transpose(1, 2)?.f_reshape([batch, tokens, -1])?;
        let sum = self.attention_out.linear(&attended)?.f_add(x)?;
        let x = self.attention_norm.layer_norm(&sum, eps)?;
        let wide = self.up.linear(&x)?.f_gelu("none")?;
        self.norm.layer_norm(&self.down.linear(&wide)?.f_add(&x)?, eps)
    }
}

impl Transformer {
    /// Takes the model out of a checkpoint, which must hold it and, beside it,
    /// no more than a head under another prefix.
    pub(crate) fn new(
        config: TransformerConfig,
        mut weights: Weights,
        options: &EncoderOptions,
    ) -> Result<Self> {
        weights.strip(&format!("{}.", config.architecture.model_type()));
        weights.ignore(names::unused);
        weights.check(&names::expected(&config))?;
        let positions = weights.take(names::POSITIONS, options)?;
        let (positions, relative_bias) = match config.architecture {
            Architecture::Bert => {
                let segments = weights.take(names::SEGMENTS, options)?;
                (positions.f_add(&segments.f_select(0, 0)?)?, None)
            }
            Architecture::Mpnet => (positions, Some(weights.take(names::RELATIVE_BIAS, options)?)),
        };
        Ok(Transformer {
            words: weights.take(names::WORDS, options)?,
            positions,
            relative_bias,
            norm: Affine::take(&mut weights, names::NORM, options)?,
            layers: (0..config.num_hidden_layers)
                .map(|layer| Layer::take(&mut weights, &config, layer, options))
                .collect::<Result<_>>()?,
            config,
        })
    }

    pub(crate) fn config(&self) -> &TransformerConfig {
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
        let words = Tensor::f_embedding(&self.words, ids, -1, false, false)?;
        let mut x =
            self.norm.layer_norm(&words.f_add(&self.places(ids)?)?, self.config.layer_norm_eps)?;
        let mask = self.attention_mask(ids, mask)?;
        for layer in &self.layers {
            x = layer.forward(&x, mask.as_ref(), &self.config)?;
        }
        Ok(x)
    }

    /// The vectors of the tokens' positions, `[tokens, hidden]` or
    /// `[batch, tokens, hidden]`.
    fn places(&self, ids: &Tensor) -> Result<Tensor> {
        let (_, tokens) = ids.size2()?;
        match self.config.architecture {
            Architecture::Bert => Ok(self.positions.f_narrow(0, 0, tokens)?),
            Architecture::Mpnet => {
                // A padding token that somebody wrote is not counted either.
                let counts = ids.f_ne(MPNET_PADDING)?.f_to_kind(Kind::Int64)?;
                let numbers = counts.f_cumsum(1, None)?.f_mul(&counts)?;
                let numbers = numbers.f_add_scalar(MPNET_PADDING)?;
                Ok(Tensor::f_embedding(&self.positions, &numbers, -1, false, false)?)
            }
        }
    }

    /// What is added to the attention's scores, or, of booleans, which keys
    /// count: `[batch or 1, heads or 1, tokens or 1, tokens]`, the same for all
    /// layers. `None` where all count alike.
    fn attention_mask(&self, ids: &Tensor, mask: Option<&Tensor>) -> Result<Option<Tensor>> {
        let (batch, tokens) = ids.size2()?;
        let keys = mask.map(|m| m.f_view([batch, 1, 1, tokens])).transpose()?;
        let Some(buckets) = &self.relative_bias else { return Ok(keys) };
        let bias = relative::bias(buckets, tokens)?;
        Ok(Some(match keys {
            None => bias,
            Some(keys) => bias.f_masked_fill(&keys.f_logical_not()?, f64::NEG_INFINITY)?,
        }))
    }
}
