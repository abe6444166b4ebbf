//! The transformer of the LLaMA family: RMSNorm, rotary positions in Hugging
//! Face's half rotation, grouped-query attention, SwiGLU; adapters on its
//! linear layers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use crate::cache::KvCache;
use crate::config::LlamaConfig;
use crate::error::{Error, Result};
use crate::layout::{Layout, Sight, Sights};
use crate::linear::{Active, Linear};
use crate::lora::Adapter;
use crate::merge::Merged;
use crate::product;
use crate::rotary::{self, Rotary};
use crate::tensors;
use crate::tokenizer::ChatTokenizer;
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

impl LoadOptions {
    /// Refuses a device that is not there, and a precision that is not meant.
    pub(crate) fn check(self) -> Result<()> {
        let present = match self.device {
            Device::Cpu => true,
            Device::Cuda(index) => {
                tch::Cuda::is_available() && (index as i64) < tch::Cuda::device_count()
            }
            Device::Mps => tch::utils::has_mps(),
            Device::Vulkan => tch::utils::has_vulkan(),
        };
        if !present {
            return Err(Error::Device { device: self.device });
        }
        match self.kind {
            Kind::Float | Kind::BFloat16 => Ok(()),
            kind => Err(Error::Precision { kind }),
        }
    }
}

/// A causal language model with any number of named LoRA adapters, of which one
/// or none is active.
#[derive(Debug)]
pub struct CausalLm {
    pub(crate) config: LlamaConfig,
    pub(crate) options: LoadOptions,
    /// All that its `config.json` held.
    pub(crate) config_json: serde_json::Value,
    /// The folder it was read from.
    pub(crate) folder: PathBuf,
    embed: Tensor,
    pub(crate) blocks: Vec<Block>,
    norm: Tensor,
    head: Tensor,
    rotary: Rotary,
    /// Whether passes drop out what adapters see.
    training: bool,
    pub(crate) merged: Option<Merged>,
    pub(crate) adapters: BTreeMap<String, Adapter>,
    pub(crate) active: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Block {
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

impl CausalLm {
    /// Loads a Hugging Face folder: `config.json` and `model.safetensors`, or
    /// the shards of `model.safetensors.index.json`.
    ///
    /// # Errors
    /// [`Error::Device`] and [`Error::Precision`] for the options; see
    /// [`LlamaConfig::from_dir`]; [`Error::Safetensors`] for a damaged file;
    /// [`Error::Tensors`] names every tensor that is missing, extra, duplicate
    /// or of another shape.
    pub fn from_dir(dir: &Path, options: LoadOptions) -> Result<Self> {
        options.check()?;
        let (config, config_json) = LlamaConfig::with_json(dir)?;
        let mut weights = Weights::open_model(dir)?;
        // Old checkpoints carry the rotary frequencies; tied ones may repeat
        // the embedding as the head.
        let tied = config.tie_word_embeddings;
        weights.ignore(|n| n.ends_with("rotary_emb.inv_freq") || (tied && n == tensors::HEAD));
        weights.check(&tensors::expected(&config))?;
        Self::assemble(config, config_json, dir, options, |name| {
            weights.read(name, options.kind, options.device)
        })
    }

    /// A model of the tensors that `read` gives, asked for one by one.
    pub(crate) fn assemble(
        config: LlamaConfig,
        config_json: serde_json::Value,
        dir: &Path,
        options: LoadOptions,
        read: impl Fn(&str) -> Result<Tensor>,
    ) -> Result<Self> {
        let embed = read(tensors::EMBEDDING)?;
        let tied = config.tie_word_embeddings;
        let head = if tied { embed.shallow_clone() } else { read(tensors::HEAD)? };
        let mut blocks = Vec::with_capacity(config.num_hidden_layers);
        for layer in 0..config.num_hidden_layers {
            let linear = |part: &str, bias: bool| -> Result<Linear> {
                let name = format!("model.layers.{layer}.{part}");
                let weight = read(&format!("{name}.weight"))?;
                let bias = if bias { Some(read(&format!("{name}.bias"))?) } else { None };
                Ok(Linear { name, weight, bias })
            };
            let norm = |part: &str| read(&format!("model.layers.{layer}.{part}.weight"));
            let biases = config.biases;
            blocks.push(Block {
                input_norm: norm("input_layernorm")?,
                q: linear("self_attn.q_proj", biases.qkv)?,
                k: linear("self_attn.k_proj", biases.qkv)?,
                v: linear("self_attn.v_proj", biases.qkv)?,
                o: linear("self_attn.o_proj", biases.output)?,
                post_norm: norm("post_attention_layernorm")?,
                gate: linear("mlp.gate_proj", biases.mlp)?,
                up: linear("mlp.up_proj", biases.mlp)?,
                down: linear("mlp.down_proj", biases.mlp)?,
            });
        }
        Ok(CausalLm {
            config_json,
            folder: dir.to_owned(),
            embed,
            blocks,
            norm: read(tensors::NORM)?,
            head,
            rotary: Rotary::new(&config, options.device)?,
            config,
            options,
            training: false,
            merged: None,
            adapters: BTreeMap::new(),
            active: None,
        })
    }

    /// Every tensor of the base under its name, sharing storage.
    pub(crate) fn named_tensors(&self) -> BTreeMap<String, Tensor> {
        let mut named = BTreeMap::from([
            (tensors::EMBEDDING.to_owned(), self.embed.shallow_clone()),
            (tensors::NORM.to_owned(), self.norm.shallow_clone()),
        ]);
        if !self.config.tie_word_embeddings {
            named.insert(tensors::HEAD.to_owned(), self.head.shallow_clone());
        }
        for (layer, block) in self.blocks.iter().enumerate() {
            for (part, norm) in [
                ("input_layernorm", &block.input_norm),
                ("post_attention_layernorm", &block.post_norm),
            ] {
                named.insert(format!("model.layers.{layer}.{part}.weight"), norm.shallow_clone());
            }
            for linear in block.linears() {
                named.insert(format!("{}.weight", linear.name), linear.weight.shallow_clone());
                if let Some(bias) = &linear.bias {
                    named.insert(format!("{}.bias", linear.name), bias.shallow_clone());
                }
            }
        }
        named
    }

    /// From here on, passes that record gradients drop out what the active
    /// adapter sees, by its [`LoraConfig::dropout`](crate::LoraConfig::dropout).
    ///
    /// `seed` seeds torch's generator, process-wide: the same passes then drop
    /// the same components, on the same device and number of threads. Call it
    /// with a seed of its own for every step, and a run that is resumed draws
    /// as one that was not interrupted.
    pub fn train(&mut self, seed: u64) {
        tch::manual_seed(seed as i64);
        self.training = true;
    }

    /// From here on nothing is dropped out; so it is when a model is loaded.
    pub fn eval(&mut self) {
        self.training = false;
    }

    /// Whether passes that record gradients drop out.
    #[must_use]
    pub fn is_training(&self) -> bool {
        self.training
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
        tensors::expected(&self.config).values().map(|s| s.iter().product::<i64>() as usize).sum()
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
        let limit = self.config.max_position_embeddings;
        let following;
        let (layout, plain) = match layout {
            Some(layout) => (layout, false),
            None => {
                following = Layout::following(past, tokens as usize, limit, self.options.device)?;
                (&following, true)
            }
        };
        let window = self.config.windows.iter().flatten().next().copied();
        let sights = Sights::new(layout, plain, window, past)?;
        let (cos, sin) = self.rotary.at(&layout.positions, self.options.kind)?;
        let adapter = self.active.as_ref().and_then(|name| self.adapters.get(name));
        let adapter = adapter.map(|adapter| Active { adapter, dropout: self.training });
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
            let attended = self.attend(&q, &k, &v, sights.of(self.config.windows[index]))?;
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
        product::linear(hidden, &self.head, None)
    }

    /// Scaled dot-product attention, `[batch, heads, tokens, head_dim]`.
    fn attend(&self, q: &Tensor, k: &Tensor, v: &Tensor, sight: &Sight) -> Result<Tensor> {
        let grouped = self.config.num_key_value_heads != self.config.num_attention_heads;
        let (k, v) = match sight.last {
            Some(last) => {
                let start = k.size4()?.2 - last;
                (k.f_narrow(2, start, last)?, v.f_narrow(2, start, last)?)
            }
            None => (k.shallow_clone(), v.shallow_clone()),
        };
        let mask = sight.mask.as_ref();
        Ok(Tensor::f_scaled_dot_product_attention(
            q,
            &k,
            &v,
            mask,
            0.0,
            sight.causal,
            None,
            grouped,
        )?)
    }

    /// `w x / sqrt(mean(x^2) + eps)`, the mean in 32 bits.
    fn rms_norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        if x.kind() == Kind::Float {
            let size = [self.config.hidden_size];
            return Ok(x.f_rms_norm(&size[..], Some(weight), self.config.rms_norm_eps)?);
        }
        let wide = x.f_to_kind(Kind::Float)?;
        let mean = wide.f_square()?.f_mean_dim(&[-1i64][..], true, None)?;
        let scale = mean.f_add_scalar(self.config.rms_norm_eps)?.f_rsqrt()?;
        Ok(wide.f_mul(&scale)?.f_to_kind(x.kind())?.f_mul(weight)?)
    }

    /// Refuses a tokenizer that gives ids which the model does not know: call
    /// it once, where model and tokenizer of different folders meet. One that
    /// knows fewer tokens than the model is fine: embeddings are often padded.
    /// Without this check such an id is refused where it is used.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] with both numbers.
    pub fn check_tokenizer(&self, tokenizer: &ChatTokenizer) -> Result<()> {
        let (largest, vocabulary) = (tokenizer.largest_id(), self.config.vocab_size);
        if largest < vocabulary {
            return Ok(());
        }
        Err(Error::Vocabulary { largest, vocabulary })
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

impl Block {
    /// Its linear layers.
    pub(crate) fn linears(&self) -> [&Linear; 7] {
        [&self.q, &self.k, &self.v, &self.o, &self.gate, &self.up, &self.down]
    }

    /// Its linear layers, to be changed.
    pub(crate) fn linears_mut(&mut self) -> [&mut Linear; 7] {
        [
            &mut self.q,
            &mut self.k,
            &mut self.v,
            &mut self.o,
            &mut self.gate,
            &mut self.up,
            &mut self.down,
        ]
    }
}
