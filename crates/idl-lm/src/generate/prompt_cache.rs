//! Prompts that begin alike are computed once.

use crate::error::{Error, Result};
use crate::generate::choose::choose;
use crate::generate::generator::Generator;
use crate::generate::lanes::Lanes;
use crate::generate::params::DecodingParams;
use crate::generate::reply::{FinishReason, Generation, OnPiece, Reply, room};
use crate::model::CausalLm;
use crate::model::KvCache;

/// What a model has computed of a prompt, for the next prompt that begins like
/// it: only the tokens behind the longest common beginning are computed.
///
/// A person's sessions stand before every conversation with them. Compute them
/// once, [`fork`](Self::fork) the cache for each conversation, and let it grow
/// turn by turn. Belongs to one model and to what that model computes: another
/// active adapter, one that replaces it under its name, weights that are merged,
/// loaded or trained empty it. (Only what goes behind libtorch's back is not
/// noticed: changes through `Tensor::data` or pointers.)
///
/// Memory: `2 * layers * kv_heads * head_dim` numbers for each token.
#[derive(Debug)]
pub struct PromptCache {
    ids: Vec<i64>,
    cache: KvCache,
    positions: usize,
}

impl PromptCache {
    /// An empty cache for `model`.
    ///
    /// # Errors
    /// [`Error::Torch`] where the memory is not there.
    pub fn new(model: &CausalLm) -> Result<Self> {
        Ok(PromptCache {
            ids: Vec::new(),
            cache: model.new_cache(1, 0)?,
            positions: model.config().max_position_embeddings,
        })
    }

    /// The tokens that are computed.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Computes what of `prompt` is not there yet and forgets what does not
    /// belong to it. Returns how many tokens were computed.
    ///
    /// # Errors
    /// [`Error::Input`] for unknown ids, [`Error::TooLong`]; after either the
    /// cache is as before.
    pub fn fill(&mut self, model: &CausalLm, prompt: &[i64]) -> Result<usize> {
        model.check_ids(prompt)?;
        let positions = model.config().max_position_embeddings;
        if prompt.len() > positions {
            return Err(Error::TooLong { tokens: prompt.len(), positions });
        }
        let _guard = tch::no_grad_guard();
        let common = self.rewind(model, prompt)?;
        if common < prompt.len() {
            self.reserve(prompt.len())?;
            let cache = &mut self.cache;
            self.ids.clear(); // should the next line fail
            let (_, _logits) = Lanes::start(model, cache, &[prompt])?;
            self.ids = prompt.to_vec();
        }
        Ok(prompt.len() - common)
    }

    /// An independent copy.
    ///
    /// # Errors
    /// [`Error::Torch`] where the memory is not there.
    pub fn fork(&self) -> Result<Self> {
        Ok(PromptCache {
            ids: self.ids.clone(),
            cache: self.cache.fork(1, self.roomy(self.ids.len()))?,
            positions: self.positions,
        })
    }

    /// Keys and values of [`ids`](Self::ids).
    pub(crate) fn cache(&self) -> &KvCache {
        &self.cache
    }

    /// Keeps what it has in common with `prompt`; returns how much that is.
    fn rewind(&mut self, model: &CausalLm, prompt: &[i64]) -> Result<usize> {
        if !self.cache.fits(model.config(), model.options()) {
            *self = PromptCache::new(model)?;
        } else if !self.cache.is_of(&model.state()?) {
            self.ids.clear();
        }
        self.positions = model.config().max_position_embeddings;
        let common = self.ids.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        self.ids.truncate(common);
        self.cache.truncate(common);
        Ok(common)
    }

    /// Makes room for `tokens` tokens, of which there are positions.
    fn reserve(&mut self, tokens: usize) -> Result<()> {
        if tokens > self.cache.capacity() {
            self.cache = self.cache.fork(1, self.roomy(tokens))?;
        }
        Ok(())
    }

    /// Room for `tokens` and half as many more: growing token by token copies
    /// each token three times at most.
    fn roomy(&self, tokens: usize) -> usize {
        (tokens + tokens / 2 + 64).min(self.positions)
    }
}

impl Generator<'_> {
    /// Continues `prompt`, of which `cache` may hold a beginning. Afterwards
    /// the cache holds prompt and reply, ready for the next turn.
    ///
    /// # Errors
    /// As [`generate_ids`](Self::generate_ids).
    pub fn generate_cached(
        &self,
        cache: &mut PromptCache,
        prompt: &[i64],
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation> {
        params.check()?;
        self.check_prompt(prompt)?;
        let mut reply = Reply::new(0, self.model, self.tokenizer, prompt, params);
        if reply.is_full() {
            return reply.finish(FinishReason::Length, on_piece);
        }
        let _guard = tch::no_grad_guard();
        // The last token's logits are asked for: it must be computed.
        cache.rewind(self.model, &prompt[..prompt.len() - 1])?;
        cache.reserve(prompt.len() + room(cache.positions, prompt.len(), params) - 1)?;
        // Should a line below fail, the cache is empty.
        cache.ids.clear();
        let (mut lanes, mut logits) = Lanes::start(self.model, &mut cache.cache, &[prompt])?;
        let mut computed = prompt.to_vec();
        let reason = loop {
            let id = choose(&logits, std::iter::once(&mut reply))?[0];
            if let Some(reason) = reply.take(id, on_piece)? {
                break reason;
            }
            logits = lanes.step(&[id])?;
            computed.push(id);
        };
        cache.ids = computed;
        reply.finish(reason, on_piece)
    }
}
