//! Distances, checked once and stored for the solvers.

use ndarray::ArrayView2;

use crate::{Error, Result};

/// Checked distances.
#[derive(Clone, Debug)]
pub(crate) struct Distances {
    n: usize,
    /// Row-major, zero on the diagonal.
    flat: Vec<f64>,
    symmetric: bool,
}

/// Sums of as many distances as there is memory for stay finite.
const LARGEST: f64 = 1e300;

fn is_distance(x: f64) -> bool {
    (0.0..=LARGEST).contains(&x)
}

impl Distances {
    /// Copies the matrix. The diagonal is not looked at.
    pub(crate) fn new(matrix: ArrayView2<'_, f64>) -> Result<Self> {
        let (rows, columns) = matrix.dim();
        if rows != columns {
            return Err(Error::NotSquare { rows, columns });
        }
        let mut flat = Vec::with_capacity(rows * rows);
        for ((row, column), &value) in matrix.indexed_iter() {
            if row != column && !is_distance(value) {
                return Err(Error::Distance { row, column, value });
            }
            flat.push(if row == column { 0.0 } else { value });
        }
        let symmetric = matrix.indexed_iter().all(|((i, j), &d)| i >= j || d == matrix[[j, i]]);
        Ok(Distances { n: rows, flat, symmetric })
    }

    /// The number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Whether both directions cost exactly the same everywhere.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// The cost of going from `i` to `j`.
    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.flat[i * self.n + j]
    }

    /// The costs of going from `i` anywhere.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.flat[i * self.n..(i + 1) * self.n]
    }

    /// The sum of the costs between neighbours.
    pub(crate) fn path_cost(&self, order: &[usize]) -> f64 {
        order.windows(2).map(|pair| self.get(pair[0], pair[1])).sum()
    }
}

/// Checks the distances to the target.
pub(crate) fn check_target(sessions: usize, to_target: &[f64]) -> Result<()> {
    if to_target.len() != sessions {
        return Err(Error::TargetLength { sessions, found: to_target.len() });
    }
    match to_target.iter().position(|&x| !is_distance(x)) {
        Some(session) => Err(Error::TargetDistance { session, value: to_target[session] }),
        None => Ok(()),
    }
}
