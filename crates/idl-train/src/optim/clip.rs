//! The gradient norm, told and held.

use tch::{Kind, Tensor, no_grad};

use crate::error::{Error, Result, require};

/// Scales all gradients so that their joint 2-norm is at most `max_norm`, and
/// returns the norm they had before. `None` measures without scaling.
///
/// As PyTorch does: the norm of the per-parameter norms (in f32), and the
/// factor `max_norm / (norm + 1e-6)` where that is below one. Parameters
/// without a gradient count as zero. O(parameters), one wait for the device.
///
/// # Errors
/// [`Error::NonFiniteGradient`] for a norm that is NaN or infinite, naming the
/// first parameter concerned; all gradients are left as they were.
/// [`Error::InvalidSetting`] for a `max_norm` that is not above zero.
pub fn clip_grad_norm(params: &[(String, Tensor)], max_norm: Option<f64>) -> Result<f64> {
    let mut gradients = Vec::with_capacity(params.len());
    for (name, param) in params {
        let grad = param.f_grad()?;
        if grad.defined() {
            gradients.push((name.as_str(), grad));
        }
    }
    clip(gradients, max_norm)
}

/// The same of gradients themselves, which are scaled in place.
pub(super) fn clip(mut gradients: Vec<(&str, Tensor)>, max_norm: Option<f64>) -> Result<f64> {
    if let Some(max_norm) = max_norm {
        require(max_norm > 0.0, "max_grad_norm", max_norm, "above 0")?;
    }
    no_grad(|| {
        let mut norms = Vec::with_capacity(gradients.len());
        for (_, grad) in &gradients {
            norms.push(grad.f_norm_scalaropt_dtype(2.0, norm_kind(grad)?)?);
        }
        if norms.is_empty() {
            return Ok(0.0);
        }
        let norms = norms
            .iter()
            .map(|norm| norm.f_to_device(norms[0].device())?.f_to_kind(Kind::Double))
            .collect::<Result<Vec<_>, _>>()?;
        let norms = Vec::<f64>::try_from(Tensor::f_stack(&norms, 0)?)?;
        let norm = norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt();
        if let Some(position) = norms.iter().position(|norm| !norm.is_finite()) {
            return Err(Error::NonFiniteGradient {
                norm,
                parameter: gradients[position].0.to_owned(),
            });
        }
        let factor = max_norm.map_or(1.0, |max_norm| max_norm / (norm + 1e-6));
        if factor < 1.0 {
            for (_, grad) in &mut gradients {
                let _ = grad.f_mul_scalar_(factor)?;
            }
        }
        Ok(norm)
    })
}

/// Half-precision norms are accumulated in f32.
fn norm_kind(grad: &Tensor) -> Result<Kind> {
    Ok(if grad.f_kind()? == Kind::Double { Kind::Double } else { Kind::Float })
}
