//! Losses that also place a *criterion* completion, between chosen and rejected.
//!
//! The criterion reply c is fluent but wrong about the person (it contradicts
//! or invents a persona); the wanted order is `a_w > a_c > a_l`. Tensors are
//! `[B]`, nothing is checked here. O(B).
//!
//! **Corners.** `relu` has no derivative at 0, where every run starts (the
//! policy *is* the reference, so a = 0). Its subgradient is taken to be 0, as
//! libtorch's relu does: at the start the penalty does not pull.
//!
//! **Eq. 11.** The paper's appendix prints DPOC with the sign of both penalty
//! terms reversed, so that violating the order *lowers* the loss. That form is
//! not offered; `tests/losses/criterion.rs` shows that neither form here is it.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::ops::neg_log_sigmoid;
use crate::pairwise;

/// `p [relu(a_c - a_w) + relu(a_l - a_c)]`, by how much the order is violated.
///
/// Gradient, with `u = [a_w < a_c]`, `v = [a_c < a_l]`:
/// `d/da_w = -p u`, `d/da_c = p (u - v)`, `d/da_l = p v`.
///
/// # Errors
/// What libtorch refuses.
pub fn penalty(
    chosen: &Tensor,
    criterion: &Tensor,
    rejected: &Tensor,
    weight: f64,
) -> Result<Tensor> {
    let above_chosen = criterion.f_sub(chosen)?.f_relu()?;
    let below_rejected = rejected.f_sub(criterion)?.f_relu()?;
    Ok(above_chosen.f_add(&below_rejected)?.f_mul_scalar(weight)?)
}

/// DPOC as the paper's eqs. 5 and 6 have it: the penalty is **added** to DPO,
/// `-log sigmoid(beta D) + p [relu(a_c - a_w) + relu(a_l - a_c)]`.
///
/// Gradient, with `g = sigmoid(-beta D)`, u and v as in [`penalty`]:
/// `dL/da_w = -beta g - p u`, `dL/da_l = beta g + p v`, `dL/da_c = p (u - v)`.
///
/// # Errors
/// What libtorch refuses.
pub fn dpoc_paper(
    chosen: &Tensor,
    criterion: &Tensor,
    rejected: &Tensor,
    beta: f64,
    weight: f64,
) -> Result<Tensor> {
    let order = penalty(chosen, criterion, rejected, weight)?;
    Ok(pairwise::dpo(chosen, rejected, beta)?.f_add(&order)?)
}

/// DPOC as released: the penalty is **inside** the sigmoid,
/// `-log sigmoid(beta z)`, `z = D + p [min(0, a_w - a_c) + min(0, a_c - a_l)]`.
///
/// `min(0, x) = -relu(-x)`, so `z = D - penalty`. Gradient, with
/// `g = sigmoid(-beta z)`, u and v as in [`penalty`]:
/// `dL/da_w = -beta g (1 + p u)`, `dL/da_l = beta g (1 + p v)`,
/// `dL/da_c = beta g p (u - v)`; unlike the paper's form, it fades with the
/// margin.
///
/// # Errors
/// What libtorch refuses.
pub fn dpoc_released(
    chosen: &Tensor,
    criterion: &Tensor,
    rejected: &Tensor,
    beta: f64,
    weight: f64,
) -> Result<Tensor> {
    let order = penalty(chosen, criterion, rejected, weight)?;
    neg_log_sigmoid(&chosen.f_sub(rejected)?.f_sub(&order)?.f_mul_scalar(beta)?)
}

/// DPO on the whole ranking w > c > l by Plackett and Luce:
/// `-log softmax(beta a)_w over {w, c, l} - log sigmoid(beta (a_c - a_l))`.
///
/// First w is drawn among three, then c among the remaining two. Gradient,
/// with `q = softmax(beta a)` and `h = sigmoid(-beta (a_c - a_l))`:
/// `dL/da_w = beta (q_w - 1)`, `dL/da_c = beta (q_c - h)`,
/// `dL/da_l = beta (q_l + h)`; they sum to zero, since q sums to one. At a = 0
/// the loss is `log 3 + log 2 = log 6`: six orders, all equally likely.
///
/// # Errors
/// What libtorch refuses.
pub fn pl_dpo(chosen: &Tensor, criterion: &Tensor, rejected: &Tensor, beta: f64) -> Result<Tensor> {
    let rewards = Tensor::f_stack(&[chosen, criterion, rejected], 0)?.f_mul_scalar(beta)?;
    let first = rewards.f_log_softmax(0, None::<Kind>)?.f_select(0, 0)?;
    Ok(pairwise::dpo(criterion, rejected, beta)?.f_sub(&first)?)
}
