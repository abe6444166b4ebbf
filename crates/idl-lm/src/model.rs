//! The LLaMA transformer: RMSNorm, rotary positions in Hugging Face's half
//! rotation, grouped-query attention, SwiGLU; adapters on its linear layers.

use std::collections::BTreeMap;
use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::cache::KvCache;
use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::lora::Adapter;
use crate::rotary;
use crate::weights::Weights;

/// Where a model lives and in which precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadOptions {
    /// The device of the weights.
    pub device: Device,
    /// Their precision: [`Kind::Float`] or [`Kind::BFloat16`].
    pub kind: Kind,
}

impl Default for LoadOptions {
    /// The CPU, in 32 bits.
    fn default() -> Self {
        LoadOptions { device: Device::Cpu, kind: Kind::Float }
    }
}

/// A causal language model with any number of named LoRA adapters, of which one
/// or none is active.
#[derive(Debug)]
pub struct CausalLm {
    pub(crate) config: LlamaConfig,
    pub(crate) options: LoadOptions,
    embed: Tensor,
    blocks: Vec<Block>,
    norm: Tensor,
    head: Tensor,
    cos: Tensor,
    sin: Tensor,
    pub(crate) adapters: BTreeMap<String, Adapter>,
    pub(crate) active: Option<String>,
}

#[derive(Debug)]
struct Linear {
    name: String,
    weight: Tensor,
}

#[derive(Debug)]
struct Block {
    input_norm: Tensor,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    post_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
}

impl Linear {
    /// `W x`, and the active adapter's `scale * B A x` on top.
    fn apply(&self, x: &Tensor, adapter: Option<&Adapter>) -> Result<Tensor> {
        let y = x.f_linear(&self.weight, None::<&Tensor>)?;
        let Some(adapter) = adapter else { return Ok(y) };
        let Some(f) = adapter.factors.get(&self.name) else { return Ok(y) };
        let kind = x.kind();
        let down = x.f_linear(&f.a.f_to_kind(kind)?, None::<&Tensor>)?;
        let up = down.f_linear(&f.b.f_to_kind(kind)?, None::<&Tensor>)?;
        Ok(y.f_add(&up.f_mul_scalar(adapter.config.scale())?)?)
    }
}

/// The shape of every tensor of the checkpoint, by its Hugging Face name.
fn expected_tensors(config: &LlamaConfig) -> BTreeMap<String, Vec<i64>> {
    let h = config.hidden_size;
    let mut tensors = BTreeMap::from([
        ("model.embed_tokens.weight".to_owned(), vec![config.vocab_size, h]),
        ("model.norm.weight".to_owned(), vec![h]),
    ]);
    if !config.tie_word_embeddings {
        tensors.insert("lm_head.weight".to_owned(), vec![config.vocab_size, h]);
    }
    for layer in 0..config.num_hidden_layers {
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            tensors.insert(format!("model.layers.{layer}.{norm}.weight"), vec![h]);
        }
    }
    for (name, (out, input)) in linear_layers(config) {
        tensors.insert(format!("{name}.weight"), vec![out, input]);
    }
    tensors
}

/// The linear layers of the blocks: name to (outputs, inputs).
pub(crate) fn linear_layers(config: &LlamaConfig) -> BTreeMap<String, (i64, i64)> {
    let (h, m) = (config.hidden_size, config.intermediate_size);
    let q = config.num_attention_heads * config.head_dim;
    let kv = config.num_key_value_heads * config.head_dim;
    let mut layers = BTreeMap::new();
    for layer in 0..config.num_hidden_layers {
        for (name, shape) in [
            ("self_attn.q_proj", (q, h)),
            ("self_attn.k_proj", (kv, h)),
            ("self_attn.v_proj", (kv, h)),
            ("self_attn.o_proj", (h, q)),
            ("mlp.gate_proj", (m, h)),
            ("mlp.up_proj", (m, h)),
            ("mlp.down_proj", (h, m)),
        ] {
            layers.insert(format!("model.layers.{layer}.{name}"), shape);
        }
    }
    layers
}

impl CausalLm {
    /// Loads a Hugging Face folder: `config.json` and `model.safetensors`, or
    /// the shards of `model.safetensors.index.json`.
    ///
    /// # Errors
    /// See [`LlamaConfig::from_dir`]; [`Error::Safetensors`] for a damaged
    /// file; [`Error::Tensors`] names every tensor that is missing, extra or of
    /// another shape.
    pub fn from_dir(dir: &Path, options: LoadOptions) -> Result<Self> {
        let config = LlamaConfig::from_dir(dir)?;
        let mut weights = Weights::open_model(dir)?;
        // Old checkpoints carry the rotary frequencies; tied ones may repeat
        // the embedding as the head.
        let tied = config.tie_word_embeddings;
        weights.ignore(|n| n.ends_with("rotary_emb.inv_freq") || (tied && n == "lm_head.weight"));
        weights.check(&expected_tensors(&config))?;
        let read = |name: &str| weights.read(name, options.kind, options.device);
        let embed = read("model.embed_tokens.weight")?;
        let head = if tied { embed.shallow_clone() } else { read("lm_head.weight")? };
        let mut blocks = Vec::with_capacity(config.num_hidden_layers);
        for layer in 0..config.num_hidden_layers {
            let linear = |part: &str| {
                let name = format!("model.layers.{layer}.{part}");
                read(&format!("{name}.weight")).map(|weight| Linear { name, weight })
            };
            let norm = |part: &str| read(&format!("model.layers.{layer}.{part}.weight"));
            blocks.push(Block {
                input_norm: norm("input_layernorm")?,
                q: linear("self_attn.q_proj")?,
                k: linear("self_attn.k_proj")?,
                v: linear("self_attn.v_proj")?,
                o: linear("self_attn.o_proj")?,
                post_norm: norm("post_attention_layernorm")?,
                gate: linear("mlp.gate_proj")?,
                up: linear("mlp.up_proj")?,
                down: linear("mlp.down_proj")?,
            });
        }
        let (cos, sin) = rotary::tables(&config, options.kind, options.device)?;
        Ok(CausalLm {
            embed,
            blocks,
            norm: read("model.norm.weight")?,
            head,
            cos,
            sin,
            config,
            options,
            adapters: BTreeMap::new(),
            active: None,
        })
    }

    /// The shape of the model.
    #[must_use]
    pub fn config(&self) -> &LlamaConfig {
        &self.config
    }

    /// Where the model lives and in which precision.
    #[must_use]
    pub fn options(&self) -> LoadOptions {
        self.options
    }

    /// The number of parameters of the base, a tied head counted once.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        expected_tensors(&self.config).values().map(|s| s.iter().product::<i64>() as usize).sum()
    }

    /// An empty cache with room for `capacity` tokens of `batch` sequences.
    ///
    /// # Errors
    /// [`Error::TooLong`] for more tokens than the model has positions,
    /// [`Error::Torch`] where the memory is not there.
    pub fn new_cache(&self, batch: usize, capacity: usize) -> Result<KvCache> {
        KvCache::new(&self.config, self.options.kind, self.options.device, batch, capacity)
    }

    /// The last hidden states, `[batch, tokens, hidden]`, of `ids`, `[batch,
    /// tokens]`.
    ///
    /// Without `layout` the tokens follow those in the cache (or start at
    /// position 0) and attend causally.
    ///
    /// # Errors
    /// [`Error::TooLong`] where positions run out or the cache is full,
    /// [`Error::Torch`] for what libtorch refuses, ids beyond the vocabulary
    /// among it.
    pub fn forward(
        &self,
        ids: &Tensor,
        layout: Option<&Layout>,
        mut cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let (batch, tokens) = ids.size2()?;
        let past = cache.as_ref().map_or(0, |c| c.len());
        let layout = match layout {
            Some(layout) => Layout {
                positions: layout.positions.shallow_clone(),
                mask: layout.mask.as_ref().map(Tensor::shallow_clone),
            },
            None => Layout::following(past, tokens as usize, &self.config, self.options.device)?,
        };
        let rows = layout.positions.f_flatten(0, -1)?;
        let table = |t: &Tensor| -> Result<Tensor> {
            // [batch or 1, 1, tokens, head_dim], to be shared by all heads.
            let shape = [layout.positions.size2()?.0, 1, tokens, self.config.head_dim];
            Ok(t.f_index_select(0, &rows)?.f_reshape(shape)?)
        };
        let (cos, sin) = (table(&self.cos)?, table(&self.sin)?);
        let adapter = self.active.as_ref().and_then(|name| self.adapters.get(name));
        let mut x = Tensor::f_embedding(&self.embed, ids, -1, false, false)?;
        for (index, block) in self.blocks.iter().enumerate() {
            let h = self.rms_norm(&x, &block.input_norm)?;
            let split = |layer: &Linear, heads: i64| -> Result<Tensor> {
                let shape = [batch, tokens, heads, self.config.head_dim];
                Ok(layer.apply(&h, adapter)?.f_view(shape)?.f_transpose(1, 2)?)
            };
            let q = rotary::rotate(&split(&block.q, self.config.num_attention_heads)?, &cos, &sin)?;
            let mut k =
                rotary::rotate(&split(&block.k, self.config.num_key_value_heads)?, &cos, &sin)?;
            let mut v = split(&block.v, self.config.num_key_value_heads)?;
            if let Some(cache) = cache.as_deref_mut() {
                (k, v) = cache.extend(index, &k, &v)?;
            }
            let grouped = self.config.num_key_value_heads != self.config.num_attention_heads;
            // SDPA aligns `is_causal` to the upper left: right only where no
            // tokens come before. A single token may look at everything.
            let causal = layout.mask.is_none() && tokens > 1;
            let attended = Tensor::f_scaled_dot_product_attention(
                &q,
                &k,
                &v,
                layout.mask.as_ref(),
                0.0,
                causal,
                None,
                grouped,
            )?;
            let attended = attended.f_transpose(1, 2)?.f_reshape([batch, tokens, -1])?;
            x = x.f_add(&block.o.apply(&attended, adapter)?)?;
            let h = self.rms_norm(&x, &block.post_norm)?;
            let gated =
                block.gate.apply(&h, adapter)?.f_silu()?.f_mul(&block.up.apply(&h, adapter)?)?;
            x = x.f_add(&block.down.apply(&gated, adapter)?)?;
        }
        if let Some(cache) = cache {
            cache.advance(tokens as usize);
        }
        self.rms_norm(&x, &self.norm)
    }

    /// The logits of hidden states: `[.., hidden]` to `[.., vocabulary]`.
    ///
    /// # Errors
    /// [`Error::Torch`] for hidden states of another size.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        Ok(hidden.f_linear(&self.head, None::<&Tensor>)?)
    }

    /// `w x / sqrt(mean(x^2) + eps)`, the mean in 32 bits.
    fn rms_norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let wide = x.f_to_kind(Kind::Float)?;
        let mean = wide.f_square()?.f_mean_dim(&[-1i64][..], true, None)?;
        let scale = mean.f_add_scalar(self.config.rms_norm_eps)?.f_rsqrt()?;
        Ok(wide.f_mul(&scale)?.f_to_kind(x.kind())?.f_mul(weight)?)
    }

    /// Refuses ids that the model does not know.
    pub(crate) fn check_ids(&self, ids: &[i64]) -> Result<()> {
        match ids.iter().find(|&&id| id < 0 || id >= self.config.vocab_size) {
            None => Ok(()),
            Some(id) => Err(Error::Input(format!(
                "token id {id} is beyond the model's vocabulary of {}",
                self.config.vocab_size
            ))),
        }
    }
}

/// Where the tokens of a pass stand and what each may look at.
#[derive(Debug)]
pub struct Layout {
    /// `[batch or 1, tokens]`, integers below the model's positions.
    pub positions: Tensor,
    /// `[batch or 1, 1, tokens, cached + tokens]`, true where a token (row) may
    /// look. `None`: causal, which is right only without a cache, or for a
    /// single token.
    pub mask: Option<Tensor>,
}

impl Layout {
    /// `tokens` tokens that follow `past` ones, causally.
    fn following(past: usize, tokens: usize, config: &LlamaConfig, device: Device) -> Result<Self> {
        let end = past + tokens;
        if end > config.max_position_embeddings {
            return Err(Error::TooLong { tokens: end, positions: config.max_position_embeddings });
        }
        let (start, end) = (past as i64, end as i64);
        let positions =
            Tensor::f_arange_start(start, end, (Kind::Int64, device))?.f_unsqueeze(0)?;
        let mask = if past > 0 && tokens > 1 {
            let all = Tensor::f_ones([1, 1, end - start, end], (Kind::Bool, device))?;
            Some(all.f_tril(start)?)
        } else {
            None
        };
        Ok(Layout { positions, mask })
    }
}
