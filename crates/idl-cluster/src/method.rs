//! The clusterers behind one configuration.

use kodama::linkage;
use linfa::ParamGuard;
use linfa::traits::Transformer;
use linfa_clustering::Dbscan;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::kmeans::kmeans;
use crate::labels::canonical;
use crate::{Error, Result};

/// How sessions are clustered. The paper uses k-means and names DBSCAN and
/// Ward's method, among others, as alternatives (its footnote 3).
///
/// ```
/// use idl_cluster::Method;
/// use ndarray::array;
///
/// # fn main() -> Result<(), idl_cluster::Error> {
/// let points = array![[0.0, 0.0], [9.0, 9.0], [0.1, 0.0]];
/// let expected = [Some(0), Some(1), Some(0)];
/// assert_eq!(Method::default().labels(points.view(), 2, 7)?, expected);
/// assert_eq!(Method::Ward.labels(points.view(), 2, 7)?, expected);
///
/// // DBSCAN finds the number of clusters itself; the far point is noise.
/// let dbscan = Method::Dbscan { epsilon: 0.5, min_points: 2 };
/// assert_eq!(dbscan.labels(points.view(), 2, 7)?, [Some(0), None, Some(0)]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Method {
    /// k-means (equation 4), greedy k-means++ seeding, the best of `n_runs`
    /// runs, each finished by exchanges of single points until none lowers the
    /// inertia (Hartigan's method, which leaves optima of Lloyd's that are
    /// none). Time O(n_runs * (iterations + log c) * n * c * d).
    Kmeans {
        /// Restarts; the one of least inertia counts.
        n_runs: usize,
        /// Iterations of a run at most, and passes of exchanges after them.
        max_iterations: u64,
        /// The iterations end when the centroids together move less than this
        /// times the points' spread (the root of the mean variance).
        tolerance: f64,
    },
    /// Ward's minimum-variance hierarchy, cut at the number of clusters.
    /// Needs no seed. Time O(n^2 (n + d)) at worst, space O(n^2).
    Ward,
    /// DBSCAN, Euclidean: a session with fewer than `min_points` sessions
    /// (itself included) within `epsilon` that is near no such core is in no
    /// cluster. Ignores the number of clusters and needs no seed. For unit
    /// vectors `epsilon = sqrt(2 (1 - cos))`. Time O(n^2 d).
    Dbscan {
        /// The radius of a neighbourhood.
        epsilon: f64,
        /// Sessions within it that make a core.
        min_points: usize,
    },
}

impl Default for Method {
    /// k-means, 50 runs of at most 300 iterations, tolerance 1e-4. With ten
    /// runs some seeds miss the best partition of overlapping groups by 2 %,
    /// and a person's sessions are so few that runs cost nothing.
    fn default() -> Self {
        Method::Kmeans { n_runs: 50, max_iterations: 300, tolerance: 1e-4 }
    }
}

impl Method {
    /// A label for each row of `points` (`[n, d]`), clusters numbered in order
    /// of first appearance, `None` for noise (DBSCAN only).
    ///
    /// At most `n_clusters` clusters are found: fewer where there are fewer
    /// distinct points. The same `seed` gives the same labels at any number of
    /// threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a parameter out of range or `n_clusters == 0`,
    /// [`Error::NotFinite`] and [`Error::NoDimensions`] for unusable points.
    pub fn labels(
        &self,
        points: ArrayView2<'_, f64>,
        n_clusters: usize,
        seed: u64,
    ) -> Result<Vec<Option<usize>>> {
        self.check()?;
        if n_clusters == 0 {
            return Err(Error::Parameter {
                name: "n_clusters",
                value: "0".into(),
                expected: "at least 1",
            });
        }
        check_points(points)?;
        let (points, factor) = scaled(points);
        let points = points.view();
        let labels = match *self {
            Method::Kmeans { n_runs, max_iterations, tolerance } => {
                kmeans(points, n_clusters, n_runs, max_iterations, tolerance, seed)?
            }
            Method::Ward => ward(points, n_clusters),
            // linfa's neighbour search wants at least one point.
            Method::Dbscan { .. } if points.nrows() == 0 => Vec::new(),
            Method::Dbscan { epsilon, min_points } => {
                let epsilon = (epsilon * factor).clamp(f64::MIN_POSITIVE, f64::MAX);
                let params = Dbscan::params::<f64>(min_points).tolerance(epsilon).check()?;
                params.transform(&points.to_owned()).to_vec()
            }
        };
        Ok(canonical(&labels))
    }

    /// Whether every parameter is in its range.
    pub(crate) fn check(&self) -> Result<()> {
        let fault = |name, value, expected| Err(Error::Parameter { name, value, expected });
        match *self {
            Method::Kmeans { n_runs: 0, .. } => fault("n_runs", "0".into(), "at least 1"),
            Method::Kmeans { max_iterations: 0, .. } => {
                fault("max_iterations", "0".into(), "at least 1")
            }
            Method::Kmeans { tolerance, .. } if !(tolerance > 0.0 && tolerance.is_finite()) => {
                fault("tolerance", tolerance.to_string(), "above 0, finite")
            }
            Method::Dbscan { epsilon, .. } if !(epsilon > 0.0 && epsilon.is_finite()) => {
                fault("epsilon", epsilon.to_string(), "above 0, finite")
            }
            Method::Dbscan { min_points, .. } if min_points < 2 => {
                fault("min_points", min_points.to_string(), "at least 2")
            }
            _ => Ok(()),
        }
    }
}

/// Points that can be compared: finite and of at least one component.
pub(crate) fn check_points(points: ArrayView2<'_, f64>) -> Result<()> {
    if points.nrows() > 0 && points.ncols() == 0 {
        return Err(Error::NoDimensions { sessions: points.nrows() });
    }
    match points.indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((row, column), &value)) => Err(Error::NotFinite { row, column, value: value as f32 }),
        None => Ok(()),
    }
}

/// The points times a power of two that brings the largest component near 1,
/// and that power: no digit changes, and no square overflows or vanishes.
fn scaled(points: ArrayView2<'_, f64>) -> (Array2<f64>, f64) {
    let largest = points.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let exponent = if largest > 0.0 { largest.log2().floor().clamp(-1000.0, 1000.0) } else { 0.0 };
    let factor = (-exponent).exp2();
    (points.mapv(|x| x * factor), factor)
}

/// Ward's hierarchy cut so that `n_clusters` clusters remain.
fn ward(points: ArrayView2<'_, f64>, n_clusters: usize) -> Vec<Option<usize>> {
    let n = points.nrows();
    let mut condensed = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            let squared: f64 =
                points.row(i).iter().zip(points.row(j)).map(|(a, b)| (a - b) * (a - b)).sum();
            condensed.push(squared.sqrt());
        }
    }
    let mut parent: Vec<usize> = (0..2 * n).collect();
    if n > 1 {
        let dendrogram = linkage(&mut condensed, n, kodama::Method::Ward);
        // Step s joins two clusters into the one numbered n + s.
        for (s, step) in dendrogram.steps().iter().take(n.saturating_sub(n_clusters)).enumerate() {
            parent[step.cluster1] = n + s;
            parent[step.cluster2] = n + s;
        }
    }
    let root = |mut i: usize| {
        while parent[i] != i {
            i = parent[i];
        }
        i
    };
    (0..n).map(|i| Some(root(i))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn parameters_out_of_range_are_named() {
        let bad = [
            Method::Kmeans { n_runs: 0, max_iterations: 1, tolerance: 1.0 },
            Method::Kmeans { n_runs: 1, max_iterations: 0, tolerance: 1.0 },
            Method::Kmeans { n_runs: 1, max_iterations: 1, tolerance: f64::NAN },
            Method::Dbscan { epsilon: 0.0, min_points: 2 },
            Method::Dbscan { epsilon: 1.0, min_points: 1 },
        ];
        for method in bad {
            let result = method.labels(array![[1.0]].view(), 1, 0);
            assert!(matches!(result, Err(Error::Parameter { .. })), "{method:?}");
        }
        assert!(Method::Ward.labels(array![[1.0]].view(), 0, 0).is_err());
    }

    #[test]
    fn every_method_takes_no_point_one_point_and_equal_points() {
        for method in
            [Method::default(), Method::Ward, Method::Dbscan { epsilon: 0.5, min_points: 2 }]
        {
            assert!(method.labels(Array2::zeros((0, 2)).view(), 3, 0).unwrap().is_empty());
            assert_eq!(method.labels(array![[1.0, 2.0]].view(), 3, 0).unwrap().len(), 1);
            let equal = method.labels(Array2::ones((5, 2)).view(), 1, 0).unwrap();
            assert_eq!(equal, [Some(0); 5], "{method:?}");
        }
    }

    /// Squares of these overflow or vanish.
    #[test]
    fn the_scale_of_points_does_not_matter() {
        let points = array![[0.0, 0.1], [3.0, 3.0], [0.1, 0.0], [3.1, 3.0]];
        for scale in [1e-200, 1e-3, 1e200] {
            for method in [
                Method::default(),
                Method::Ward,
                Method::Dbscan { epsilon: 0.5 * scale, min_points: 2 },
            ] {
                let labels = method.labels((&points * scale).view(), 2, 0).unwrap();
                assert_eq!(labels, [Some(0), Some(1), Some(0), Some(1)], "{method:?} {scale}");
            }
        }
    }

    #[test]
    fn any_number_of_clusters_may_be_asked_for() {
        for method in [Method::default(), Method::Ward] {
            let labels = method.labels(array![[1.0], [2.0]].view(), usize::MAX, 0).unwrap();
            assert_eq!(labels, [Some(0), Some(1)]);
        }
    }

    #[test]
    fn a_nan_is_located() {
        let result = Method::Ward.labels(array![[0.0, 1.0], [f64::NAN, 0.0]].view(), 1, 0);
        assert!(matches!(result, Err(Error::NotFinite { row: 1, column: 0, .. })));
    }
}
