//! A path as a tour: what every step costs, the first and the last included.

use crate::solver::input::Distances;

/// Differences of distances below this, relative to the largest distance, are
/// rounding.
const ROUNDING: f64 = 1e-9;

/// The costs of steps between `n` nodes and a *border*, node `n`: the path
/// leaves it for its first node and enters it from its last. So a path is a
/// tour through `n + 1` nodes, and its ends are edges like others.
///
/// The costs need not be the distances that they were made of, but differ from
/// them by the same for every tour.
#[derive(Clone, Debug)]
pub(crate) struct Costs {
    n: usize,
    /// Row-major, `[n + 1, n + 1]`.
    flat: Vec<f64>,
    symmetric: bool,
}

impl Costs {
    /// The costs of paths where ending at `v` costs `end[v]`. `O(n^2)`.
    ///
    /// Some asymmetric matrices are so by a potential: `d(i, j) - d(j, i) =
    /// p(j) - p(i)`. convED is if insertions and deletions differ in cost,
    /// with the sessions' lengths in `p`. Along a path these differences add up
    /// to `p(last) - p(first)`: half of it goes into the steps from and to the
    /// border, and what is left is symmetric.
    pub(crate) fn new(distances: &Distances, end: &[f64]) -> Self {
        let n = distances.len();
        let potential =
            if distances.is_symmetric() { Some(vec![0.0; n]) } else { potential(distances) };
        let mut flat = Vec::with_capacity((n + 1) * (n + 1));
        for (v, &end) in end.iter().enumerate() {
            match &potential {
                Some(p) => {
                    flat.extend((0..n).map(|u| (distances.get(v, u) + distances.get(u, v)) / 2.0));
                    flat.push(end + p[v] / 2.0);
                }
                None => {
                    flat.extend_from_slice(distances.row(v));
                    flat.push(end);
                }
            }
        }
        match &potential {
            Some(p) => flat.extend(p.iter().map(|p| -p / 2.0)),
            None => flat.resize(flat.len() + n, 0.0),
        }
        flat.push(0.0);
        Costs { n, flat, symmetric: potential.is_some() }
    }

    /// The number of nodes without the border, and the border.
    pub(crate) fn border(&self) -> usize {
        self.n
    }

    /// The number of nodes with the border.
    pub(crate) fn nodes(&self) -> usize {
        self.n + 1
    }

    /// Whether directions do not matter, but for the steps from and to the
    /// border.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// The cost of going from `i` to `j`.
    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.flat[i * (self.n + 1) + j]
    }

    /// The costs of going from `i` anywhere.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.flat[i * (self.n + 1)..(i + 1) * (self.n + 1)]
    }

    /// The sum of the steps of a path, from the border and to it.
    pub(crate) fn path_cost(&self, order: &[usize]) -> f64 {
        let from = std::iter::once(&self.n).chain(order);
        let to = order.iter().chain(std::iter::once(&self.n));
        from.zip(to).map(|(&i, &j)| self.get(i, j)).sum()
    }
}

/// `p` with `d(i, j) - d(j, i) = p(j) - p(i)` and `p(0) = 0`, if there is one.
fn potential(distances: &Distances) -> Option<Vec<f64>> {
    let n = distances.len();
    let p: Vec<f64> = (0..n).map(|j| distances.get(0, j) - distances.get(j, 0)).collect();
    let largest = (0..n).flat_map(|i| distances.row(i)).fold(0.0, |a: f64, &b| a.max(b));
    let fits = |i: usize, j: usize| {
        let difference = distances.get(i, j) - distances.get(j, i);
        (difference - (p[j] - p[i])).abs() <= ROUNDING * largest
    };
    (0..n).all(|i| (0..i).all(|j| fits(i, j))).then_some(p)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_potential_moves_to_the_ends() {
        let symmetric = |i: usize, j: usize| ((i * j) % 7 + i + j) as f64;
        let p = [3.0, 0.0, 2.5, 1.0, 4.0];
        let d = Array2::from_shape_fn((5, 5), |(i, j)| 10.0 + symmetric(i, j) + p[j] - p[i]);
        let end = [0.5, 1.0, 0.0, 2.0, 0.25];
        let distances = Distances::new(d.view()).unwrap();
        assert!(!distances.is_symmetric());
        let costs = Costs::new(&distances, &end);
        assert!(costs.is_symmetric());
        for order in [[0, 1, 2, 3, 4], [4, 0, 3, 1, 2], [2, 4, 1, 3, 0]] {
            let expected = distances.path_cost(&order) + end[order[4]];
            assert!((costs.path_cost(&order) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn other_asymmetric_matrices_stay_as_they_are() {
        let d = Array2::from_shape_fn((4, 4), |(i, j)| ((5 * i + 3 * j) % 11) as f64);
        let distances = Distances::new(d.view()).unwrap();
        let costs = Costs::new(&distances, &[1.0, 2.0, 3.0, 4.0]);
        assert!(!costs.is_symmetric());
        assert_eq!((costs.get(1, 2), costs.get(2, 4), costs.get(4, 2)), (d[[1, 2]], 3.0, 0.0));
    }
}
