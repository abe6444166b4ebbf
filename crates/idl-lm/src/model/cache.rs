//! Keys and values of the tokens seen so far.

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::config::LlamaConfig;
use crate::model::options::LoadOptions;
use crate::model::state::State;

/// A preallocated key-value cache: what
/// [`CausalLm::forward`](crate::CausalLm::forward) has seen and need not
/// compute again; made by [`CausalLm::new_cache`](crate::CausalLm::new_cache).
/// It goes with one model, and with what that model computes at the time.
/// Room: `2 * layers * batch * kv_heads * capacity * head_dim` numbers of the
/// model's precision.
#[derive(Debug)]
pub struct KvCache {
    /// Keys and values of each layer, `[batch, kv_heads, capacity, head_dim]`.
    /// Only the first `len` tokens are ever read.
    layers: Vec<(Tensor, Tensor)>,
    len: usize,
    capacity: usize,
    /// The model's state when the tokens were computed.
    state: Option<State>,
}

impl KvCache {
    /// Refuses more tokens than there are positions.
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
        Self::with_columns(config, kind, device, batch, capacity)
    }

    /// Columns may be padding, of which there may be any number.
    pub(crate) fn with_columns(
        config: &LlamaConfig,
        kind: Kind,
        device: Device,
        batch: usize,
        capacity: usize,
    ) -> Result<Self> {
        let shape = [batch as i64, config.num_key_value_heads, capacity as i64, config.head_dim];
        let empty = || Tensor::f_empty(shape, (kind, device));
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for _ in 0..config.num_hidden_layers {
            layers.push((empty()?, empty()?));
        }
        Ok(KvCache { layers, len: 0, capacity, state: None })
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

    /// How many tokens it can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Forgets all but the first `len` tokens; no work.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// An independent copy of what it holds, with room for `capacity` tokens
    /// (at least those it holds) and its rows `times` times, one after the
    /// other.
    ///
    /// # Errors
    /// [`Error::Torch`] where the memory is not there.
    pub fn fork(&self, times: usize, capacity: usize) -> Result<Self> {
        let _guard = tch::no_grad_guard();
        let capacity = capacity.max(self.len);
        let (len, times) = (self.len as i64, times as i64);
        let copy = |t: &Tensor| -> Result<Tensor> {
            let mut shape = t.size();
            (shape[0], shape[2]) = (shape[0].saturating_mul(times), capacity as i64);
            let copy = Tensor::f_empty(&shape, (t.kind(), t.device()))?;
            let held = t.f_narrow(2, 0, len)?.f_repeat([times, 1, 1, 1])?;
            copy.f_narrow(2, 0, len)?.f_copy_(&held)?;
            Ok(copy)
        };
        let layers = self.layers.iter().map(|(k, v)| Ok((copy(k)?, copy(v)?)));
        let (layers, state) = (layers.collect::<Result<_>>()?, self.state.clone());
        Ok(KvCache { layers, len: self.len, capacity, state })
    }

    /// Whether it has the shape, precision and device of what a model of
    /// this shape and place computes.
    pub(crate) fn fits(&self, config: &LlamaConfig, options: LoadOptions) -> bool {
        let room = self.capacity as i64;
        let alike = |t: &Tensor| {
            matches!(t.size()[..], [_, heads, columns, dim]
                if (heads, columns, dim) == (config.num_key_value_heads, room, config.head_dim))
                && (t.kind(), t.device()) == (options.kind, options.device)
        };
        self.layers.len() == config.num_hidden_layers
            && self.layers.iter().all(|(k, v)| alike(k) && alike(v))
    }

    /// Whether a model in this state would compute what it holds; so it is where
    /// it holds nothing.
    pub(crate) fn is_of(&self, state: &State) -> bool {
        self.len == 0 || self.state.as_ref() == Some(state)
    }

    /// Before a pass over `batch` sequences by a model of this shape and place,
    /// in this state: refuses what cannot go on from here.
    pub(crate) fn begin(
        &mut self,
        config: &LlamaConfig,
        options: LoadOptions,
        state: State,
        batch: i64,
    ) -> Result<()> {
        if !self.fits(config, options) {
            let message = "the cache is of a model of another shape, precision or device";
            return Err(Error::Input(message.to_owned()));
        }
        let rows = self.layers.first().map_or(batch, |(k, _)| k.size()[0]);
        if rows != batch {
            let message = format!("{batch} sequences for a cache of {rows}");
            return Err(Error::Input(message));
        }
        if !self.is_of(&state) {
            let message = "the cache holds what the model computed before it changed, or what \
                           another one did: truncate it";
            return Err(Error::Input(message.to_owned()));
        }
        self.state = Some(state);
        Ok(())
    }

    /// Keeps the `rows` of the batch, 1-d on the cache's device, in their
    /// order.
    pub(crate) fn select(&mut self, rows: &Tensor) -> Result<()> {
        for (k, v) in &mut self.layers {
            *k = k.f_index_select(0, rows)?;
            *v = v.f_index_select(0, rows)?;
        }
        Ok(())
    }

    /// Writes a layer's new keys and values behind the old and returns all.
    pub(crate) fn extend(
        &mut self,
        layer: usize,
        k: &Tensor,
        v: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let new = k.size4()?.2;
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
