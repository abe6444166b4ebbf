//! Losses of the difference `D = a_w - a_l`, and DPO-Shift, which bends it.
//!
//! `a` is a log-ratio to the reference, `a_y = log pi(y|x) - log pi_ref(y|x)`.
//! All tensors are `[B]` and so are the results; nothing is checked here
//! (see [`PreferenceLoss`](crate::PreferenceLoss)). O(B).

use tch::Tensor;

use crate::error::Result;
use crate::ops::neg_log_sigmoid;

/// DPO (arXiv 2305.18290, eq. 7): `-log sigmoid(beta D)`.
///
/// Gradient: `d(-log sigmoid(z))/dz = -(1 - sigmoid(z)) = -sigmoid(-z)`, so
/// `dL/da_w = -beta sigmoid(-beta D)` and `dL/da_l = +beta sigmoid(-beta D)`.
/// At the start (a = 0) the loss is log 2 and the gradients are -+ beta / 2.
///
/// # Errors
/// What libtorch refuses.
pub fn dpo(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    neg_log_sigmoid(&chosen.f_sub(rejected)?.f_mul_scalar(beta)?)
}

/// Conservative DPO: labels are flipped with probability e,
/// `(1-e)(-log sigmoid(beta D)) + e(-log sigmoid(-beta D))`.
///
/// Gradient, with `s = sigmoid(beta D)`:
/// `dL/da_w = beta [-(1-e)(1-s) + e s] = beta (s - (1 - e))`, zero where the
/// model is as sure as the labels deserve, `s = 1 - e`.
///
/// # Errors
/// What libtorch refuses.
pub fn cdpo(chosen: &Tensor, rejected: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    let z = chosen.f_sub(rejected)?.f_mul_scalar(beta)?;
    let kept = neg_log_sigmoid(&z)?.f_mul_scalar(1.0 - label_smoothing)?;
    let flipped = neg_log_sigmoid(&z.f_neg()?)?.f_mul_scalar(label_smoothing)?;
    Ok(kept.f_add(&flipped)?)
}

/// Robust DPO (arXiv 2403.00409): unbiased under flips of probability e,
/// `[(1-e)(-log sigmoid(beta D)) - e(-log sigmoid(-beta D))] / (1-2e)`.
///
/// Gradient, with `s = sigmoid(beta D)`:
/// `dL/da_w = -beta [(1-e)(1-s) + e s] / (1-2e)`, never zero.
///
/// # Errors
/// What libtorch refuses.
pub fn robust(
    chosen: &Tensor,
    rejected: &Tensor,
    beta: f64,
    label_smoothing: f64,
) -> Result<Tensor> {
    let z = chosen.f_sub(rejected)?.f_mul_scalar(beta)?;
    let kept = neg_log_sigmoid(&z)?.f_mul_scalar(1.0 - label_smoothing)?;
    let flipped = neg_log_sigmoid(&z.f_neg()?)?.f_mul_scalar(label_smoothing)?;
    Ok(kept.f_sub(&flipped)?.f_div_scalar(1.0 - 2.0 * label_smoothing)?)
}

/// Hinge, SLiC's loss on DPO's margin (arXiv 2305.10425): `relu(1 - beta D)`.
///
/// Gradient: `dL/da_w = -beta` where `beta D < 1`, else 0 (0 at the corner).
///
/// # Errors
/// What libtorch refuses.
pub fn hinge(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    // 1 - beta D = 1 + beta (a_l - a_w)
    Ok(rejected.f_sub(chosen)?.f_mul_scalar(beta)?.f_add_scalar(1.0)?.f_relu()?)
}

/// IPO (arXiv 2310.12036, eq. 17): `(D - 1/(2 beta))^2`, where both a are
/// **averaged** over the completion's tokens, as its authors do.
///
/// Gradient: `dL/da_w = 2 (D - 1/(2 beta))`; at a = 0 it is `-1/beta`, and the
/// loss `1/(4 beta^2)`.
///
/// # Errors
/// What libtorch refuses.
pub fn ipo(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    Ok(chosen.f_sub(rejected)?.f_sub_scalar(0.5 / beta)?.f_square()?)
}

/// DPO-Shift (arXiv 2502.07599): `-log sigmoid(beta (a_w - f a_l))`.
///
/// Gradient, with `g = sigmoid(-beta (a_w - f a_l))`: `dL/da_w = -beta g` and
/// `dL/da_l = beta f g`; the rejected reply is pushed down less than the
/// chosen one is pushed up. For f < 1 it is not invariant to a shift of a.
///
/// # Errors
/// What libtorch refuses.
pub fn dpo_shift(chosen: &Tensor, rejected: &Tensor, beta: f64, shift: f64) -> Result<Tensor> {
    neg_log_sigmoid(&chosen.f_sub(&rejected.f_mul_scalar(shift)?)?.f_mul_scalar(beta)?)
}
