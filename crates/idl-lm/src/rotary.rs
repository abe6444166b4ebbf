//! Rotary positions (arXiv:2104.09864) as Hugging Face checkpoints want them:
//! component i turns with component i + half, not with its neighbour.

use tch::{Device, Kind, Tensor};

use crate::config::LlamaConfig;
use crate::error::Result;

/// Cosines and sines of every position, `[positions, head_dim]`; both halves of
/// a head repeat the same angles.
pub(crate) fn tables(config: &LlamaConfig, kind: Kind, device: Device) -> Result<(Tensor, Tensor)> {
    let dim = config.head_dim;
    let float = (Kind::Float, device);
    let exponents = Tensor::f_arange_start_step(0, dim, 2, float)?.f_div_scalar(dim as f64)?;
    let frequencies =
        Tensor::f_full([dim / 2], config.rope_theta, float)?.f_pow(&exponents)?.f_reciprocal()?;
    let positions = Tensor::f_arange(config.max_position_embeddings as i64, float)?;
    let angles = positions.f_outer(&frequencies)?;
    let angles = Tensor::f_cat(&[&angles, &angles], -1)?;
    Ok((angles.f_cos()?.f_to_kind(kind)?, angles.f_sin()?.f_to_kind(kind)?))
}

/// Rotates each pair (component, component + half).
pub(crate) fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let halves = x.f_chunk(2, -1)?;
    let turned = Tensor::f_cat(&[&halves[1].f_neg()?, &halves[0]], -1)?;
    Ok(x.f_mul(cos)?.f_add(&turned.f_mul(sin)?)?)
}
