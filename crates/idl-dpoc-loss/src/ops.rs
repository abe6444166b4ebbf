//! Two functions that must be computed in one particular way to stay finite.

use tch::Tensor;

use crate::error::Result;

/// Probabilities closer to one than this are taken to be this close: the
/// spacing of f32 below one, beyond which `1 - p` carries no information.
const CLOSEST_TO_ONE: f64 = f32::EPSILON as f64;

/// `-log sigmoid(x)`, finite for every finite x.
///
/// `log(sigmoid(x))` would be `-inf` from x = -104 in f32; `logsigmoid` is
/// `min(0, x) - log1p(exp(-|x|))`.
pub(crate) fn neg_log_sigmoid(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_log_sigmoid()?.f_neg()?)
}

/// `log(e^m / (1 - e^m))`, the log-odds of an event of log-probability m <= 0.
///
/// `log(1 - e^m)` is `log(-expm1(m))` near zero and `log1p(-e^m)` far from it,
/// each accurate where the other cancels. The second branch is clamped to its
/// own half, since `where` lets a NaN gradient through from the branch that
/// was not taken (0 times infinity).
pub(crate) fn log_odds(m: &Tensor) -> Result<Tensor> {
    let m = m.f_clamp_max(-CLOSEST_TO_ONE)?;
    let far = m.f_clamp_max(-std::f64::consts::LN_2)?.f_exp()?.f_neg()?.f_log1p()?;
    let near = m.f_expm1()?.f_neg()?.f_log()?;
    let log_one_minus = near.f_where_self(&m.f_gt(-std::f64::consts::LN_2)?, &far)?;
    Ok(m.f_sub(&log_one_minus)?)
}
