//! The definition, word for word: the oracle that every kernel is tested
//! against. Slow on purpose; use the methods of [`ConvEd`] instead.

use ndarray::{Array2, ArrayView1};

use crate::kernel::room_for;
use crate::session::common_dim;
use crate::{ConvEd, Result, SessionView};

/// The cosine of two vectors, in `f64`, rounding kept inside `[-1, 1]`.
fn cosine(x: ArrayView1<'_, f32>, y: ArrayView1<'_, f32>) -> f64 {
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        let (x, y) = (f64::from(x), f64::from(y));
        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    // One root of the product, not two: exactly 1 for equal vectors.
    (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0)
}

/// `lev(i, j)` for all prefixes of `a` and `b`: `[a.len() + 1, b.len() + 1]`
/// (the paper's equations 7 to 11), never normalised.
///
/// # Errors
/// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch),
/// [`Error::Memory`](crate::Error::Memory).
pub fn cost_matrix(
    conved: &ConvEd,
    a: &SessionView<'_>,
    b: &SessionView<'_>,
) -> Result<Array2<f64>> {
    common_dim([a.shape(), b.shape()])?;
    room_for::<f64>(a.len() + 1, b.len() + 1)?;
    let mut lev = Array2::<f64>::zeros((a.len() + 1, b.len() + 1));
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            lev[[i, j]] = if i == 0 {
                j as f64 * conved.insertion()
            } else if j == 0 {
                i as f64 * conved.deletion()
            } else {
                let substitution = if a.roles()[i - 1] == b.roles()[j - 1] {
                    let cos = cosine(a.embedding(i - 1), b.embedding(j - 1));
                    conved.lambda() * (1.0 - cos)
                } else {
                    f64::INFINITY
                };
                (lev[[i, j - 1]] + conved.insertion())
                    .min(lev[[i - 1, j]] + conved.deletion())
                    .min(lev[[i - 1, j - 1]] + substitution)
            };
        }
    }
    Ok(lev)
}

/// The distance of `b` from `a`: the last entry of [`cost_matrix`], divided by
/// `a.len() + b.len()` if `conved` normalises. It takes the whole matrix, 8 bytes
/// for each pair of utterances: [`ConvEd::distance`] needs only a row of it.
///
/// # Errors
/// Those of [`cost_matrix`].
pub fn distance(conved: &ConvEd, a: &SessionView<'_>, b: &SessionView<'_>) -> Result<f64> {
    let lev = cost_matrix(conved, a, b)?;
    Ok(conved.scale(lev[[a.len(), b.len()]], a.len(), b.len()))
}
