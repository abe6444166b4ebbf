//! The same distances on tensors, on any device.
//!
//! What is computed is what the CPU's kernels compute (see the top of
//! `kernel/mod.rs`): the greatest sum `S` of `1 - rho (1 - cos)` over a monotone
//! matching, from which the distance follows.

mod error;
mod scores;
mod sessions;

use std::ops::Range;

use tch::{Kind, Tensor};

pub use error::TensorError;
pub use sessions::TensorSessions;

use crate::ConvEd;
use crate::matrix::MAX_RHO;
use scores::scores;

impl ConvEd {
    /// [`pairwise`](Self::pairwise) on tensors: the distances between all pairs
    /// of `sessions`, `[n, n]` in [`Kind::Double`] on the sessions' device;
    /// entry `(i, j)` is the distance of session `j` from session `i`.
    ///
    /// `cells` bounds the memory: at most so many pairs of utterances are in
    /// work at a time, or its square root times the longest session if that is
    /// more, at about 10 bytes each. Pairs of sessions that have more are computed
    /// in stripes. The benches use `1 << 20` on a CPU; a GPU wants as many as its memory holds.
    ///
    /// `O(n^2 m^2 d)` time in `f32`, and `2 m - 1` steps of the recurrence for
    /// all pairs in work. Products across roles are computed and then masked:
    /// on a CPU [`pairwise`](Self::pairwise) is faster. Nothing is recorded for
    /// gradients.
    ///
    /// # Errors
    /// [`TensorError::Tch`] if libtorch fails, for example for want of memory.
    pub fn pairwise_tensor(
        &self,
        sessions: &TensorSessions,
        cells: usize,
    ) -> Result<Tensor, TensorError> {
        let mut distances = self.tensor_distances(sessions, sessions, cells, true)?;
        let _ = distances.f_fill_diagonal_(0.0, false)?;
        Ok(distances)
    }

    /// [`cdist`](Self::cdist) on tensors: the distances of all `columns` from
    /// all `rows`, `[rows.len(), columns.len()]` in [`Kind::Double`]. `cells` and
    /// costs are those of [`pairwise_tensor`](Self::pairwise_tensor).
    ///
    /// # Errors
    /// [`TensorError::Dimension`] if the components are not equally many;
    /// [`TensorError::Tch`] if libtorch fails or the devices differ.
    pub fn cdist_tensor(
        &self,
        rows: &TensorSessions,
        columns: &TensorSessions,
        cells: usize,
    ) -> Result<Tensor, TensorError> {
        self.tensor_distances(rows, columns, cells, false)
    }

    fn tensor_distances(
        &self,
        rows: &TensorSessions,
        columns: &TensorSessions,
        cells: usize,
        same: bool,
    ) -> Result<Tensor, TensorError> {
        let (found, expected) = (columns.dim(), rows.dim());
        if found != expected {
            return Err(TensorError::Dimension { rows: expected, columns: found });
        }
        let shape = [rows.len(), columns.len()];
        let pair_cost = self.insertion() + self.deletion();
        if pair_cost == 0.0 {
            return Ok(Tensor::f_zeros(shape, (Kind::Double, rows.device()))?);
        }
        let rho = self.lambda() / pair_cost;
        let kind = if rho <= MAX_RHO { Kind::Float } else { Kind::Double };
        let matrix = Tensor::f_zeros(shape, (kind, rows.device()))?;

        // Blocks of this many utterances on either side have `cells` pairs.
        let cells = i64::try_from(cells).unwrap_or(i64::MAX);
        let side = cells.isqrt().clamp(1, 1 << 31);
        for upper in rows.blocks(side) {
            let a = rows.block(&upper, kind)?;
            for lower in columns.blocks(side) {
                if same && lower.start < upper.start {
                    continue;
                }
                let b = columns.block(&lower, kind)?;
                let found = scores(&a, &b, rho, cells)?;
                let part = |x: &Range<i64>, y: &Range<i64>| {
                    matrix.f_narrow(0, x.start, x.end - x.start)?.f_narrow(
                        1,
                        y.start,
                        y.end - y.start,
                    )
                };
                part(&upper, &lower)?.f_copy_(&found)?;
                if same && lower != upper {
                    part(&lower, &upper)?.f_copy_(&found.f_transpose(0, 1)?)?;
                }
            }
        }
        let matrix = columns.in_order(&rows.in_order(&matrix, 0)?, 1)?;

        // As on the CPU: what deleting and inserting everything costs, less
        // what the matching saves.
        let (m, n) = (rows.lengths().f_unsqueeze(1)?, columns.lengths().f_unsqueeze(0)?);
        let all = (m.f_mul_scalar(self.deletion())?).f_add(&n.f_mul_scalar(self.insertion())?)?;
        let saved = matrix.f_to_kind(Kind::Double)?.f_mul_scalar(pair_cost)?;
        let distances = all.f_sub(&saved)?.f_clamp_min(0.0)?;
        if !self.is_normalized() {
            return Ok(distances);
        }
        // Two empty sessions are at distance 0.
        Ok(distances.f_div(&m.f_add(&n)?.f_clamp_min(1.0)?)?)
    }
}
