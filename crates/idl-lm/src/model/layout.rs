//! Where the tokens of a pass stand, and what each may look at.

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};

/// Where the tokens of a pass stand and what each may look at.
///
/// A layer with a sliding window narrows `mask` by distance in positions, so
/// that several sequences, or the branches of a tree, may share one pass.
#[derive(Debug)]
pub struct Layout {
    /// `[batch or 1, tokens]`, integers below the model's positions.
    pub positions: Tensor,
    /// `[batch or 1, 1, tokens, cached + tokens]`, true where a token (row) may
    /// look. `None`: causal, which is right only without a cache, or for a
    /// single token.
    pub mask: Option<Tensor>,
    /// `[batch or 1, cached + tokens]`: the positions of what is looked at;
    /// used by layers with a window. `None`: the cached tokens stand at 0, 1,
    /// .. in the order of the cache.
    pub key_positions: Option<Tensor>,
}

impl Layout {
    /// `tokens` tokens that follow `past` ones, causally.
    pub(crate) fn following(
        past: usize,
        tokens: usize,
        limit: usize,
        device: Device,
    ) -> Result<Self> {
        let end = past + tokens;
        if end > limit {
            return Err(Error::TooLong { tokens: end, positions: limit });
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
        Ok(Layout { positions, mask, key_positions: None })
    }

    /// The mask of a layer that sees `window` positions, a token's own included,
    /// where `past` tokens are cached.
    pub(crate) fn within(&self, window: usize, past: usize) -> Result<Tensor> {
        let own = &self.positions;
        let keys = match &self.key_positions {
            Some(keys) => keys.shallow_clone(),
            None if past == 0 => own.shallow_clone(),
            None => {
                let cached = Tensor::f_arange(past as i64, (Kind::Int64, own.device()))?;
                let cached = cached.f_unsqueeze(0)?.f_expand([own.size2()?.0, -1], false)?;
                Tensor::f_cat(&[cached, own.shallow_clone()], 1)?
            }
        };
        // [batch or 1, 1, tokens, cached + tokens]
        let distance = own.f_unsqueeze(-1)?.f_sub(&keys.f_unsqueeze(1)?)?.f_unsqueeze(1)?;
        let near = distance.f_lt(window as i64)?;
        match &self.mask {
            Some(mask) => Ok(near.f_logical_and(mask)?),
            None if past == 0 => {
                let n = own.size2()?.1;
                let all = Tensor::f_ones([1, 1, n, n], (Kind::Bool, own.device()))?;
                Ok(near.f_logical_and(&all.f_tril(0)?)?)
            }
            // A single token looks at all that is cached.
            None => Ok(near),
        }
    }
}

/// What one kind of layer looks at, as scaled dot-product attention wants it.
#[derive(Debug)]
pub(crate) struct AttentionMask {
    /// Which keys each token sees; all where there is none.
    pub(crate) allowed: Option<Tensor>,
    pub(crate) causal: bool,
    /// Only this many of the last keys.
    pub(crate) last: Option<i64>,
}

/// The two kinds of a model's layers: those that see all, and those with a
/// window.
#[derive(Debug)]
pub(crate) struct AttentionMasks {
    full: AttentionMask,
    windowed: Option<AttentionMask>,
}

impl AttentionMasks {
    /// `plain`: the layout is that of [`Layout::following`].
    pub(crate) fn new(
        layout: &Layout,
        plain: bool,
        window: Option<usize>,
        past: usize,
    ) -> Result<Self> {
        let tokens = layout.positions.size2()?.1;
        // SDPA aligns `is_causal` to the upper left: right only where no
        // tokens come before. A single token may look at everything.
        let full = AttentionMask {
            allowed: layout.mask.as_ref().map(Tensor::shallow_clone),
            causal: layout.mask.is_none() && tokens > 1,
            last: None,
        };
        let windowed = match window {
            // Nothing is far enough away to be out of sight.
            Some(window) if plain && past + tokens as usize <= window => None,
            Some(window) if plain && tokens == 1 => {
                Some(AttentionMask { allowed: None, causal: false, last: Some(window as i64) })
            }
            Some(window) => {
                let allowed = Some(layout.within(window, past)?);
                Some(AttentionMask { allowed, causal: false, last: None })
            }
            None => None,
        };
        Ok(AttentionMasks { full, windowed })
    }

    /// What a layer looks at.
    pub(crate) fn of(&self, window: Option<usize>) -> &AttentionMask {
        match (&self.windowed, window) {
            (Some(mask), Some(_)) => mask,
            _ => &self.full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(mask: &Tensor) -> Vec<Vec<bool>> {
        let (rows, columns) = (mask.size()[2], mask.size()[3]);
        let flat: Vec<bool> = mask.flatten(0, -1).try_into().unwrap();
        assert_eq!(flat.len() as i64, rows * columns);
        flat.chunks(columns as usize).map(<[bool]>::to_vec).collect()
    }

    #[test]
    fn a_window_counts_the_token_itself() {
        let layout = Layout::following(0, 4, 10, Device::Cpu).unwrap();
        let mask = cells(&layout.within(2, 0).unwrap());
        for (row, line) in mask.iter().enumerate() {
            for (column, &seen) in line.iter().enumerate() {
                assert_eq!(seen, column <= row && row - column < 2, "{row} {column}");
            }
        }
    }

    #[test]
    fn a_window_reaches_into_the_cache() {
        let layout = Layout::following(3, 2, 10, Device::Cpu).unwrap();
        let mask = cells(&layout.within(3, 3).unwrap());
        assert_eq!(mask[0], [false, true, true, true, false]);
        assert_eq!(mask[1], [false, false, true, true, true]);
    }

    #[test]
    fn positions_and_not_columns_make_the_distance() {
        // Two tokens at positions 0 and 1, then a branch that leaves after the
        // first: it stands at position 1, two columns away.
        let layout = Layout {
            positions: Tensor::from_slice(&[0i64, 1, 1]).unsqueeze(0),
            mask: Some(
                Tensor::from_slice(&[true, false, false, true, true, false, true, false, true])
                    .view([1, 1, 3, 3]),
            ),
            key_positions: None,
        };
        let mask = cells(&layout.within(2, 0).unwrap());
        assert_eq!(mask[2], [true, false, true]);
    }
}
