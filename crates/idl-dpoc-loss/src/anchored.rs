//! Losses that hold the chosen reply's likelihood itself, not only its lead.
//!
//! A loss of differences is content when both likelihoods fall, the rejected
//! one faster ("preference degradation"). These are not: adding a constant to
//! every a changes them. Tensors are `[B]`, nothing is checked here. O(B).

use tch::Tensor;

use crate::error::Result;
use crate::ops::neg_log_sigmoid;
use crate::pairwise;

/// DPO-Positive (arXiv 2402.13228): `-log sigmoid(beta (D - q relu(-a_w)))`.
///
/// Gradient, with `g = sigmoid(-z)` and `n = [a_w < 0]`:
/// `dL/da_w = -beta g (1 + q n)`, `dL/da_l = beta g`. At a_w = 0, where relu
/// has a corner, n = 0.
///
/// # Errors
/// What libtorch refuses.
pub fn dpop(chosen: &Tensor, rejected: &Tensor, beta: f64, lambda: f64) -> Result<Tensor> {
    let fallen = chosen.f_neg()?.f_relu()?.f_mul_scalar(lambda)?;
    neg_log_sigmoid(&chosen.f_sub(rejected)?.f_sub(&fallen)?.f_mul_scalar(beta)?)
}

/// Cal-DPO (arXiv 2412.14516):
/// `-log sigmoid(D) + (a_w - 1/(2 beta))^2 + (a_l + 1/(2 beta))^2`.
///
/// Gradient: `dL/da_w = -sigmoid(-D) + 2 (a_w - 1/(2 beta))`,
/// `dL/da_l = sigmoid(-D) + 2 (a_l + 1/(2 beta))`.
///
/// # Errors
/// What libtorch refuses.
pub fn cal_dpo(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    let half = 0.5 / beta;
    let ranking = neg_log_sigmoid(&chosen.f_sub(rejected)?)?;
    let up = chosen.f_sub_scalar(half)?.f_square()?;
    let down = rejected.f_add_scalar(half)?.f_square()?;
    Ok(ranking.f_add(&up)?.f_add(&down)?)
}

/// RPO, DPO + NLL (arXiv 2404.19733): `-log sigmoid(beta D) - gamma ll_w / |w|`.
///
/// `mean_logp` is `ll_w / |w|`, the policy's log-probability of the chosen
/// reply per token. It depends on the same weights as a_w, so that along
/// `ll_w`: `dL/dll_w = -beta sigmoid(-beta D) - gamma / |w|`.
///
/// # Errors
/// What libtorch refuses.
pub fn rpo(
    chosen: &Tensor,
    rejected: &Tensor,
    mean_logp: &Tensor,
    beta: f64,
    nll_weight: f64,
) -> Result<Tensor> {
    let nll = mean_logp.f_mul_scalar(-nll_weight)?;
    Ok(pairwise::dpo(chosen, rejected, beta)?.f_add(&nll)?)
}

/// APO-zero (arXiv 2408.06266, eq. 7): `1 - sigmoid(beta a_w) + sigmoid(beta a_l)`.
///
/// Computed as `sigmoid(-beta a_w) + sigmoid(beta a_l)`, which does not cancel.
/// Gradient: `dL/da_w = -beta s (1 - s)` with `s = sigmoid(beta a_w)`, and
/// `dL/da_l = beta s (1 - s)` with `s = sigmoid(beta a_l)`; both fade with
/// |a|.
///
/// # Errors
/// What libtorch refuses.
pub fn apo_zero(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    let up = chosen.f_mul_scalar(-beta)?.f_sigmoid()?;
    let down = rejected.f_mul_scalar(beta)?.f_sigmoid()?;
    Ok(up.f_add(&down)?)
}

/// NCA on pairs (arXiv 2402.05369):
/// `-log sigmoid(r_w) - 0.5 log sigmoid(-r_w) - 0.5 log sigmoid(-r_l)`, r = beta a.
///
/// Gradient: `dL/da_w = beta (1.5 sigmoid(r_w) - 1)`, zero at
/// `sigmoid(r_w) = 2/3`, and `dL/da_l = 0.5 beta sigmoid(r_l)`.
///
/// # Errors
/// What libtorch refuses.
pub fn nca(chosen: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    let r_w = chosen.f_mul_scalar(beta)?;
    let against = neg_log_sigmoid(&r_w.f_neg()?)?
        .f_add(&neg_log_sigmoid(&rejected.f_mul_scalar(-beta)?)?)?
        .f_mul_scalar(0.5)?;
    Ok(neg_log_sigmoid(&r_w)?.f_add(&against)?)
}
