//! Many pairs of sessions at once.

use ndarray::{Array1, Array2};

use crate::session::common_dim;
use crate::{ConvEd, Result, SessionView};

impl ConvEd {
    /// The distances between all pairs of `sessions`, `[n, n]`: entry `(i, j)`
    /// is the distance of session `j` from session `i`.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch).
    pub fn pairwise(&self, sessions: &[SessionView<'_>]) -> Result<Array2<f64>> {
        self.cdist(sessions, sessions)
    }

    /// The distances of `candidates` from `query`, `[candidates.len()]`.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch); `query` counts as session 0.
    pub fn one_to_many(
        &self,
        query: &SessionView<'_>,
        candidates: &[SessionView<'_>],
    ) -> Result<Array1<f64>> {
        common_dim(
            std::iter::once(query.shape()).chain(candidates.iter().map(SessionView::shape)),
        )?;
        candidates.iter().map(|candidate| self.distance(query, candidate)).collect()
    }

    /// The distances of all `columns` from all `rows`,
    /// `[rows.len(), columns.len()]`.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch); sessions are counted over the rows, then
    /// the columns.
    pub fn cdist(
        &self,
        rows: &[SessionView<'_>],
        columns: &[SessionView<'_>],
    ) -> Result<Array2<f64>> {
        common_dim(
            rows.iter().map(SessionView::shape).chain(columns.iter().map(SessionView::shape)),
        )?;
        let mut out = Array2::zeros((rows.len(), columns.len()));
        for (row, mut out) in rows.iter().zip(out.rows_mut()) {
            for (column, out) in columns.iter().zip(&mut out) {
                *out = self.distance(row, column)?;
            }
        }
        Ok(out)
    }
}
