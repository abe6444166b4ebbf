//! The one matrix product that everything else serves.

/// `out = scale * a b^T`, row-major, for the rows of `a` `[m, dim]` and of `b`
/// `[n, dim]`; `out` is `[m, n]`. `dim` is not zero.
#[cfg(feature = "faer")]
pub(crate) fn scaled_product(scale: f32, a: &[f32], b: &[f32], dim: usize, out: &mut [f32]) {
    use faer::linalg::matmul::matmul;
    use faer::{Accum, MatMut, MatRef, Par};

    let (m, n) = (a.len() / dim, b.len() / dim);
    matmul(
        MatMut::from_row_major_slice_mut(out, m, n),
        Accum::Replace,
        MatRef::from_row_major_slice(a, m, dim),
        MatRef::from_row_major_slice(b, n, dim).transpose(),
        scale,
        Par::Seq,
    );
}

/// The same by ndarray.
#[cfg(not(feature = "faer"))]
pub(crate) fn scaled_product(scale: f32, a: &[f32], b: &[f32], dim: usize, out: &mut [f32]) {
    use ndarray::linalg::general_mat_mul;
    use ndarray::{ArrayView2, ArrayViewMut2};

    let (m, n) = (a.len() / dim, b.len() / dim);
    // Slices of just these shapes: always right.
    if let (Ok(a), Ok(b), Ok(mut out)) = (
        ArrayView2::from_shape((m, dim), a),
        ArrayView2::from_shape((n, dim), b),
        ArrayViewMut2::from_shape((m, n), out),
    ) {
        general_mat_mul(scale, &a, &b.t(), 0.0, &mut out);
    }
}
