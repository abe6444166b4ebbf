//! The transformer of the LLaMA family: RMSNorm, rotary positions in Hugging
//! Face's half rotation, grouped-query attention, SwiGLU; adapters on its
//! linear layers.

mod block;
mod cache;
mod config;
mod layout;
mod linear;
mod lora;
mod options;
mod parameters;
mod product;
mod rotary;
mod save;
mod state;
mod tensors;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tch::Tensor;

pub(crate) use block::{Block, Pass};
pub use cache::KvCache;
pub use config::{Architecture, Biases, LlamaConfig, RopeScaling};
pub use layout::Layout;
pub(crate) use linear::is_recorded;
pub use lora::LoraConfig;
pub(crate) use lora::{Adapter, Factors, Layers, Merged, PREFIX};
pub use options::LoadOptions;
pub(crate) use tensors::linear_layers;

use crate::error::{Error, Result};
use crate::tokenizer::ChatTokenizer;
use crate::weights::Weights;
use block::rms_norm;
use layout::AttentionMasks;
use linear::Active;
use rotary::Rotary;
use state::{Identity, State};

/// A causal language model with any number of named LoRA adapters, of which one
/// or none is active.
#[derive(Debug)]
pub struct CausalLm {
    pub(crate) identity: Identity,
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
            blocks.push(Block::read(&config, layer, options, &read)?);
        }
        Ok(CausalLm {
            identity: Identity::new(),
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

    /// Every tensor of the base, in no order.
    pub(crate) fn base_tensors(&self) -> impl Iterator<Item = &Tensor> {
        let ends = [&self.embed, &self.norm, &self.head].into_iter();
        ends.chain(self.blocks.iter().flat_map(Block::tensors))
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
            for (part, norm) in block.norms() {
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

    /// Which function it computes now.
    pub(crate) fn state(&self) -> Result<State> {
        let active = self.active.as_ref().and_then(|name| self.adapters.get(name));
        let active = active.map(|a| (a.identity, a.factors.values().flat_map(|f| [&f.a, &f.b])));
        State::of(self.identity, self.base_tensors(), active)
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

    /// Whether passes that record gradients drop something now.
    pub(crate) fn drops_out(&self) -> bool {
        let active = self.active.as_ref().and_then(|name| self.adapters.get(name));
        self.training && active.is_some_and(|adapter| adapter.config.dropout > 0.0)
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
    /// What a cache holds goes with what the model computed then: it is refused
    /// once another adapter is active, or weights or factors have changed. One
    /// that is [truncated](KvCache::truncate) to nothing begins anew.
    ///
    /// # Errors
    /// [`Error::TooLong`] where positions run out or the cache is full,
    /// [`Error::Input`] for a cache of another model, of another number of
    /// sequences, or of the model before it changed,
    /// [`Error::Torch`] for what libtorch refuses, ids beyond the vocabulary
    /// among it.
    pub fn forward(
        &self,
        ids: &Tensor,
        layout: Option<&Layout>,
        mut cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let past = cache.as_ref().map_or(0, |c| c.len());
        let (batch, tokens) = ids.size2()?;
        let tokens = tokens as usize;
        if let Some(cache) = cache.as_deref_mut() {
            cache.begin(&self.config, self.options, self.state()?, batch)?;
        }
        let pass = self.pass(tokens, layout, past)?;
        let all = 0..self.blocks.len();
        let x = self.layers(all, self.embed(ids)?, &pass, cache.as_deref_mut())?;
        if let Some(cache) = cache {
            cache.advance(tokens);
        }
        self.normed(&x)
    }

    /// What the layers of one pass over `tokens` tokens share; see
    /// [`forward`](Self::forward).
    pub(crate) fn pass(&self, tokens: usize, layout: Option<&Layout>, past: usize) -> Result<Pass> {
        let limit = self.config.max_position_embeddings;
        let following;
        let (layout, plain) = match layout {
            Some(layout) => (layout, false),
            None => {
                following = Layout::following(past, tokens, limit, self.options.device)?;
                (&following, true)
            }
        };
        let window = self.config.windows.iter().flatten().next().copied();
        let masks = AttentionMasks::new(layout, plain, window, past)?;
        let (cos, sin) = self.rotary.at(&layout.positions, self.options.kind)?;
        Ok(Pass { cos, sin, masks })
    }

    /// What the first layer is given: `[batch, tokens]` to `[batch, tokens,
    /// hidden]`.
    pub(crate) fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        Ok(Tensor::f_embedding(&self.embed, ids, -1, false, false)?)
    }

    /// The layers `range` on what the one before them gave; `[batch, tokens,
    /// hidden]` both. The cache is not advanced.
    pub(crate) fn layers(
        &self,
        range: Range<usize>,
        mut x: Tensor,
        pass: &Pass,
        mut cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let adapter = self.active.as_ref().and_then(|name| self.adapters.get(name));
        let active = adapter.map(|adapter| Active { adapter, dropout: self.training });
        for block in self.blocks.iter().take(range.end).skip(range.start) {
            x = block.forward(&x, &self.config, pass, active, cache.as_deref_mut())?;
        }
        Ok(x)
    }

    /// The last norm, on what the last layer gave.
    pub(crate) fn normed(&self, x: &Tensor) -> Result<Tensor> {
        rms_norm(x, &self.norm, self.config.rms_norm_eps)
    }

    /// The logits of hidden states: `[.., hidden]` to `[.., vocabulary]`.
    ///
    /// # Errors
    /// [`Error::Torch`] for hidden states of another size.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        product::linear(hidden, &self.head, None)
    }

    /// What [`logits`](Self::logits) multiplies by, `[vocabulary, hidden]`.
    pub(crate) fn head(&self) -> &Tensor {
        &self.head
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
