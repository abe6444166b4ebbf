//! Sequences of unequal length, continued together.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::CausalLm;
use crate::model::KvCache;
use crate::model::Layout;

/// A batch of sequences that share a cache.
///
/// They end in the same column: the cache holds the columns that all have in
/// common (a prefix, or none), then padding that the shorter ones do not look
/// at, then the rest of each.
#[derive(Debug)]
pub(crate) struct Lanes<'a> {
    model: &'a CausalLm,
    cache: &'a mut KvCache,
    padding: Option<Padding>,
}

/// What each sequence looks at, for the columns that there are and those to
/// come.
#[derive(Debug)]
struct Padding {
    /// `[batch, 1, 1, capacity]`, false at padding.
    real: Tensor,
    /// The position of each column, `[batch, capacity]`.
    positions: Tensor,
}

impl<'a> Lanes<'a> {
    /// Takes `prompts` in, one for each row of `cache`, which has room for the
    /// longest prompt and all that is to come. The tokens that `cache` holds
    /// are the first of every prompt and are not computed again. Returns the
    /// logits `[batch, vocabulary]` of the tokens that come next.
    pub(crate) fn start(
        model: &'a CausalLm,
        cache: &'a mut KvCache,
        prompts: &[&[i64]],
    ) -> Result<(Self, Tensor)> {
        let shared = cache.len();
        let lengths = prompts.iter().map(|p| p.len());
        let (Some(longest), Some(shortest)) = (lengths.clone().max(), lengths.min()) else {
            return Err(Error::Input("no prompts".to_owned()));
        };
        if shortest <= shared {
            return Err(Error::Input(format!(
                "a prompt of {shortest} tokens does not go on behind {shared} cached ones"
            )));
        }
        let device = model.options().device;
        let width = longest - shared;
        let padding = if shortest == longest {
            None
        } else {
            Some(Padding::new(prompts, shared, longest, cache.capacity(), device)?)
        };
        let mut ids = vec![0; prompts.len() * width];
        for (row, prompt) in ids.chunks_mut(width).zip(prompts) {
            row[width + shared - prompt.len()..].copy_from_slice(&prompt[shared..]);
        }
        let ids = Tensor::f_from_slice(&ids)?
            .f_view([prompts.len() as i64, width as i64])?
            .f_to_device(device)?;
        let mut lanes = Lanes { model, cache, padding };
        let logits = lanes.forward(&ids)?;
        Ok((lanes, logits))
    }

    /// Goes on by one token for each sequence; logits as from
    /// [`start`](Self::start).
    pub(crate) fn step(&mut self, ids: &[i64]) -> Result<Tensor> {
        let ids = Tensor::f_from_slice(ids)?.f_unsqueeze(1)?;
        self.forward(&ids.f_to_device(self.model.options().device)?)
    }

    /// Keeps the sequences `rows`, in their order.
    pub(crate) fn keep(&mut self, rows: &[i64]) -> Result<()> {
        let rows = Tensor::f_from_slice(rows)?.f_to_device(self.model.options().device)?;
        self.cache.select(&rows)?;
        if let Some(padding) = &mut self.padding {
            padding.real = padding.real.f_index_select(0, &rows)?;
            padding.positions = padding.positions.f_index_select(0, &rows)?;
        }
        Ok(())
    }

    fn forward(&mut self, ids: &Tensor) -> Result<Tensor> {
        let new = ids.size2()?.1;
        let layout = match &self.padding {
            Some(padding) => Some(padding.layout(self.cache.len() as i64, new)?),
            None => None,
        };
        let hidden = self.model.forward(ids, layout.as_ref(), Some(&mut *self.cache))?;
        self.model.logits(&hidden.f_select(1, -1)?)
    }
}

impl Padding {
    fn new(
        prompts: &[&[i64]],
        shared: usize,
        longest: usize,
        capacity: usize,
        device: tch::Device,
    ) -> Result<Self> {
        let mut real = Vec::with_capacity(prompts.len() * capacity);
        let mut positions = Vec::with_capacity(prompts.len() * capacity);
        for prompt in prompts {
            let pad = longest - prompt.len();
            for column in 0..capacity {
                let position = column.saturating_sub(pad).max(column.min(shared));
                real.push(column < shared || column >= shared + pad);
                positions.push(position as i64);
            }
        }
        let (rows, capacity) = (prompts.len() as i64, capacity as i64);
        Ok(Padding {
            real: Tensor::f_from_slice(&real)?
                .f_view([rows, 1, 1, capacity])?
                .f_to_device(device)?,
            positions: Tensor::f_from_slice(&positions)?
                .f_view([rows, capacity])?
                .f_to_device(device)?,
        })
    }

    /// The layout of `new` columns behind `past` ones.
    fn layout(&self, past: i64, new: i64) -> Result<Layout> {
        let end = past + new;
        let real = self.real.f_narrow(3, 0, end)?;
        let mask = if new == 1 {
            real
        } else {
            let all = Tensor::f_ones([1, 1, new, end], (Kind::Bool, real.device()))?;
            let causal = all.f_tril(past)?;
            // Padding looks at itself, since nothing to look at is not a number.
            let own = causal.f_triu(past)?;
            real.f_logical_and(&causal)?.f_logical_or(&own)?
        };
        Ok(Layout {
            positions: self.positions.f_narrow(1, past, new)?,
            mask: Some(mask),
            key_positions: Some(self.positions.f_narrow(1, 0, end)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn padding_lies_between_what_is_shared_and_the_rest() {
        // Two shared tokens; then three and one.
        let prompts: [&[i64]; 2] = [&[1, 2, 3, 4, 5], &[1, 2, 6]];
        let padding = Padding::new(&prompts, 2, 5, 7, Device::Cpu).unwrap();
        let positions: Vec<i64> = padding.positions.flatten(0, -1).try_into().unwrap();
        assert_eq!(positions[..7], [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(positions[7..], [0, 1, 2, 2, 2, 3, 4]);
        let real: Vec<bool> = padding.real.flatten(0, -1).try_into().unwrap();
        assert_eq!(real[7..], [true, true, false, false, true, true, true]);

        let layout = padding.layout(2, 3).unwrap();
        let mask: Vec<bool> = layout.mask.unwrap().get(1).flatten(0, -1).try_into().unwrap();
        assert_eq!(mask[..5], [true, true, true, false, false], "padding looks at itself");
        assert_eq!(mask[10..], [true, true, false, false, true]);
    }
}
