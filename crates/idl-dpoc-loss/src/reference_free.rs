//! Losses without a reference model, of mean log-probabilities `m = ll / |y|`.
//!
//! Tensors are `[B]`, nothing is checked here. O(B).

use tch::Tensor;

use crate::error::Result;
use crate::ops::{log_odds, neg_log_sigmoid};

/// SimPO (arXiv 2405.14734): `-log sigmoid(beta m_w - beta m_l - gamma)`.
///
/// Gradient, with `g = sigmoid(-(beta m_w - beta m_l - gamma))`:
/// `dL/dm_w = -beta g`, `dL/dm_l = beta g`; at m_w = m_l the loss is
/// `log(1 + e^gamma)`.
///
/// # Errors
/// What libtorch refuses.
pub fn simpo(chosen: &Tensor, rejected: &Tensor, beta: f64, gamma: f64) -> Result<Tensor> {
    neg_log_sigmoid(&chosen.f_sub(rejected)?.f_mul_scalar(beta)?.f_sub_scalar(gamma)?)
}

/// ORPO (arXiv 2403.07691): `-m_w - lambda log sigmoid(o_w - o_l)`, where
/// `o = m - log(1 - e^m)` is the log-odds of the mean token.
///
/// Gradient: `do/dm = 1 + e^m / (1 - e^m) = 1 / (1 - e^m)`, so with
/// `g = sigmoid(o_l - o_w)`, `dL/dm_w = -1 - lambda g / (1 - e^{m_w})` and
/// `dL/dm_l = lambda g / (1 - e^{m_l})`. The odds of a certain reply (m = 0)
/// are infinite: m is held at `-f32::EPSILON`, where the odds' gradient stops.
///
/// # Errors
/// What libtorch refuses.
pub fn orpo(chosen: &Tensor, rejected: &Tensor, lambda: f64) -> Result<Tensor> {
    let lead = log_odds(chosen)?.f_sub(&log_odds(rejected)?)?;
    let ranking = neg_log_sigmoid(&lead)?.f_mul_scalar(lambda)?;
    Ok(ranking.f_sub(chosen)?)
}
