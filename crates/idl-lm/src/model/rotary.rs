//! Rotary positions (arXiv:2104.09864) as Hugging Face checkpoints want them:
//! component i turns with component i + half, not with its neighbour.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::model::config::{LlamaConfig, RopeScaling};

/// The angle that each pair of components turns by from one position to the
/// next, `[head_dim / 2]`, in 32 bits.
#[derive(Debug)]
pub(crate) struct Rotary {
    frequencies: Tensor,
}

impl Rotary {
    pub(crate) fn new(config: &LlamaConfig, device: Device) -> Result<Self> {
        let dim = config.head_dim;
        let float = (Kind::Float, Device::Cpu);
        let exponents = Tensor::f_arange_start_step(0, dim, 2, float)?.f_div_scalar(dim as f64)?;
        let plain = Tensor::f_full([dim / 2], config.rope_theta, float)?
            .f_pow(&exponents)?
            .f_reciprocal()?;
        let frequencies = match config.rope_scaling {
            RopeScaling::None => plain,
            RopeScaling::Linear { factor } => plain.f_div_scalar(factor)?,
            RopeScaling::Llama3 {
                factor,
                low_freq_factor: low,
                high_freq_factor: high,
                original_max_position_embeddings: original,
            } => {
                // How often a pair turns within the original positions: below
                // `low` times it is stretched whole, above `high` not at all.
                let turns =
                    plain.f_mul_scalar(original)?.f_div_scalar(2.0 * std::f64::consts::PI)?;
                let kept = turns.f_sub_scalar(low)?.f_div_scalar(high - low)?.f_clamp(0.0, 1.0)?;
                let stretched = plain.f_div_scalar(factor)?;
                stretched.f_add(&plain.f_sub(&stretched)?.f_mul(&kept)?)?
            }
        };
        Ok(Rotary { frequencies: frequencies.f_to_device(device)? })
    }

    /// Cosines and sines of `positions` `[batch or 1, tokens]`, as `[batch or
    /// 1, 1, tokens, head_dim]`, to be shared by all heads. The angles are
    /// taken in 32 bits: a table of every position would be as large as a layer
    /// of weights where a model has 131,072 of them. The first half of the sines
    /// is negative, as [`rotate`] wants it.
    pub(crate) fn at(&self, positions: &Tensor, kind: Kind) -> Result<(Tensor, Tensor)> {
        let angles = positions.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?.f_mul(&self.frequencies)?;
        let (cos, sin) = (angles.f_cos()?, angles.f_sin()?);
        let both = |first: &Tensor, second: &Tensor| -> Result<Tensor> {
            Ok(Tensor::f_cat(&[first, second], -1)?.f_unsqueeze(1)?.f_to_kind(kind)?)
        };
        Ok((both(&cos, &cos)?, both(&sin.f_neg()?, &sin)?))
    }
}

/// Rotates each pair (component, component + half): `x cos + swapped(x) sin`.
pub(crate) fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let half = x.size4()?.3 / 2;
    let swapped = x.f_roll([half], [-1])?;
    let (mut straight, across) = (x.f_mul(cos)?, swapped.f_mul(sin)?);
    Ok(if straight.requires_grad() {
        straight.f_add(&across)?
    } else {
        straight.f_add_(&across)?
    })
}
