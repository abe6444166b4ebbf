//! Keys and values of the tokens seen so far.

use tch::{Device, Kind, Tensor};

use crate::config::LlamaConfig;
use crate::error::{Error, Result};

/// A preallocated key-value cache: what
/// [`CausalLm::forward`](crate::CausalLm::forward) has seen and need not
/// compute again; made by [`CausalLm::new_cache`](crate::CausalLm::new_cache). Room: `2 * layers * batch * kv_heads * capacity *
/// head_dim` numbers of the model's precision.
#[derive(Debug)]
pub struct KvCache {
    layers: Vec<(Tensor, Tensor)>,
    len: usize,
    capacity: usize,
}

impl KvCache {
    pub(crate) fn new(
        config: &LlamaConfig,
        kind: Kind,
        device: Device,
        batch: usize,
        capacity: usize,
    ) -> Result<Self> {
        let positions = config.max_position_embeddings;
        if capacity > positions {
            return Err(Error::TooLong { tokens: capacity, positions });
        }
        let shape = [batch as i64, config.num_key_value_heads, capacity as i64, config.head_dim];
        let empty = || Tensor::f_empty(shape, (kind, device));
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for _ in 0..config.num_hidden_layers {
            layers.push((empty()?, empty()?));
        }
        Ok(KvCache { layers, len: 0, capacity })
    }

    /// How many tokens it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all but the first `len` tokens; no work.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Writes a layer's new keys and values behind the old and returns all.
    pub(crate) fn extend(
        &mut self,
        layer: usize,
        k: &Tensor,
        v: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let new = k.size()[2];
        let end = self.len + new as usize;
        if end > self.capacity {
            return Err(Error::TooLong { tokens: end, positions: self.capacity });
        }
        let (keys, values) = &self.layers[layer];
        keys.f_narrow(2, self.len as i64, new)?.f_copy_(k)?;
        values.f_narrow(2, self.len as i64, new)?.f_copy_(v)?;
        Ok((keys.f_narrow(2, 0, end as i64)?, values.f_narrow(2, 0, end as i64)?))
    }

    pub(crate) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
