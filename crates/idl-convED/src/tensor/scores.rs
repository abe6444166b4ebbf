//! The recurrence for all pairs of two blocks, by anti-diagonals.

use tch::Tensor;

use super::error::TensorError;

/// A weight that no matching takes. Finite, so that no NaN can arise.
const NEVER: f64 = -1e30;

/// Sessions of about the same length.
#[derive(Debug)]
pub(super) struct Block {
    /// Unit vectors, `[p, m, d]`, zero where there is no utterance.
    pub(super) vectors: Tensor,
    /// `[p, m]`, negative where there is no utterance.
    pub(super) roles: Tensor,
}

/// `S` of all pairs, `[p, q]`.
///
/// At most `cells` weights exist at a time, or those of one position of `a`: so
/// memory is linear in the length of a session. `a` is cut into stripes of
/// positions, each of which goes on where the one above ended.
pub(super) fn scores(a: &Block, b: &Block, rho: f64, cells: i64) -> Result<Tensor, TensorError> {
    let (p, m, _) = a.vectors.size3()?;
    let (q, n, _) = b.vectors.size3()?;
    let kind = (a.vectors.f_kind()?, a.vectors.device());
    if m == 0 || n == 0 {
        return Ok(Tensor::f_zeros([p, q], kind)?);
    }
    let height = (cells / p.saturating_mul(q).saturating_mul(n)).clamp(1, m);
    let mut above: Option<Tensor> = None;
    let mut start = 0;
    loop {
        let rows = height.min(m - start);
        let ends = start + rows == m;
        let stripe = Block {
            vectors: a.vectors.f_narrow(1, start, rows)?,
            roles: a.roles.f_narrow(1, start, rows)?,
        };
        let weights = weights(&stripe, b, rho)?;
        let below = if ends { None } else { Some(Tensor::f_zeros([n + 1, p, q], kind)?) };
        let found = diagonals(&weights, [rows, n], above.as_ref(), below.as_ref())?;
        if ends {
            return Ok(found);
        }
        above = below;
        start += rows;
    }
}

/// The recurrence over the `weights` of `m` positions and of all `n`,
/// `[m * n, p, q]`: `best(m, n)` of all pairs, `[p, q]`.
///
/// `above` is `best` of the positions before, for all prefixes of the second
/// sessions, `[n + 1, p, q]` (nothing: zero); `below`, which is zero, becomes that
/// of these.
fn diagonals(
    weights: &Tensor,
    [m, n]: [i64; 2],
    above: Option<&Tensor>,
    below: Option<&Tensor>,
) -> Result<Tensor, TensorError> {
    let (_, p, q) = weights.size3()?;
    // best(i, j), for all pairs, is the greatest sum over the first i and j
    // utterances:
    //     best(i, j) = max(best(i-1, j-1) + w(i-1, j-1), best(i-1, j), best(i, j-1))
    // The cells of an anti-diagonal i + j do not depend on each other. Row i of
    // these is the cell (i, j) of the last diagonal and of the one before it;
    // row 0 is what comes from above, and other cells of the boundary are never
    // written, and 0.
    let mut last = Tensor::f_zeros([m + 1, p, q], (weights.f_kind()?, weights.device()))?;
    let mut before = last.f_zeros_like()?;
    if let Some(above) = above {
        last.f_get(0)?.f_copy_(&above.f_get(1)?)?;
    }
    for k in 0..m + n - 1 {
        // The cells (i, k - i) of w: n - 1 apart, one row after the other.
        let first = (k - n + 1).max(0);
        let rows = k.min(m - 1) - first + 1;
        let start = first * n + k - first;
        let step = (n - 1).max(1);
        let mut sums = weights.f_slice(0, start, start + (rows - 1) * step + 1, step)?;
        let _ = sums.f_add_(&before.f_narrow(0, first, rows)?)?;
        // `before` is free from here on and becomes the next diagonal, k + 2.
        let next = before.f_narrow(0, first + 1, rows)?;
        let _ = sums.f_maximum_out(&next, &last.f_narrow(0, first, rows)?)?;
        let _ = next.f_maximum_out(&next, &last.f_narrow(0, first + 1, rows)?)?;
        if let Some(above) = above
            && k + 2 <= n
        {
            before.f_get(0)?.f_copy_(&above.f_get(k + 2)?)?;
        }
        if let Some(below) = below
            && k + 2 > m
        {
            below.f_get(k + 2 - m)?.f_copy_(&before.f_get(m)?)?;
        }
        std::mem::swap(&mut last, &mut before);
    }
    Ok(last.f_get(m)?)
}

/// What matching two utterances adds, `1 - rho (1 - cos)` within a role, all
/// pairs side by side: `[m * n, p, q]`.
fn weights(a: &Block, b: &Block, rho: f64) -> Result<Tensor, TensorError> {
    let (p, m, d) = a.vectors.size3()?;
    let (q, n, _) = b.vectors.size3()?;
    let (x, y) = (a.vectors.f_reshape([p * m, d])?, b.vectors.f_reshape([q * n, d])?);
    let mut weights = x.f_matmul(&y.f_transpose(0, 1)?)?;
    let _ = weights.f_mul_scalar_(rho)?;
    let _ = weights.f_add_scalar_(1.0 - rho)?;
    // No utterance is of no utterance's role.
    let others = b.roles.f_masked_fill(&b.roles.f_lt(0)?, i64::MIN)?;
    let across = a.roles.f_reshape([p * m, 1])?.f_ne_tensor(&others.f_reshape([1, q * n])?)?;
    let _ = weights.f_masked_fill_(&across, NEVER)?;
    Ok(weights.f_reshape([p, m, q, n])?.f_permute([1, 3, 0, 2])?.f_reshape([m * n, p, q])?)
}
