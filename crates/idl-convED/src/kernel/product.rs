//! The one matrix product that everything else serves.

use ndarray::ArrayView2;

/// `out = scale * a b^T`, row-major, for `a` `[m, d]` and `b` `[n, d]`; the
/// first `m * n` entries of `out` are overwritten.
pub(crate) fn scaled_product(
    scale: f32,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    out: &mut [f32],
) {
    let (m, n) = (a.nrows(), b.nrows());
    multiply(scale, a, b, &mut out[..m * n]);
}

#[cfg(feature = "faer")]
fn multiply(scale: f32, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: &mut [f32]) {
    use faer::linalg::matmul::matmul;
    use faer::{Accum, MatMut, MatRef, Par};

    // Some rows of a matrix in standard layout: always contiguous.
    let (Some(x), Some(y)) = (a.to_slice(), b.to_slice()) else { return };
    let (m, n, d) = (a.nrows(), b.nrows(), a.ncols());
    matmul(
        MatMut::from_row_major_slice_mut(out, m, n),
        Accum::Replace,
        MatRef::from_row_major_slice(x, m, d),
        MatRef::from_row_major_slice(y, n, d).transpose(),
        scale,
        Par::Seq,
    );
}

#[cfg(not(feature = "faer"))]
fn multiply(scale: f32, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: &mut [f32]) {
    use ndarray::ArrayViewMut2;
    use ndarray::linalg::general_mat_mul;

    // The slice has been cut to this shape: always right.
    if let Ok(mut out) = ArrayViewMut2::from_shape((a.nrows(), b.nrows()), out) {
        general_mat_mul(scale, &a, &b.t(), 0.0, &mut out);
    }
}
