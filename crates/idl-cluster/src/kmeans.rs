//! k-means through linfa-clustering, with its edges filed off.
//!
//! Three things of linfa 0.8 are worked around here and nowhere else:
//! `cluster_count()` describes the last run and not the best one (labels come
//! from `predict`); more clusters than distinct points leave clusters empty
//! without a word (the number is lowered first); and its update counts the old
//! centroid as one more member, so that it stops a little short of the optimum
//! (a few exact Lloyd steps finish the work).

use linfa::prelude::{Fit, Predict};
use linfa::{DatasetBase, ParamGuard};
use linfa_clustering::{KMeans, KMeansInit};
use linfa_nn::distance::L2Dist;
use ndarray::ArrayView2;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Result;
use crate::labels::{assign, centroids};

/// Lloyd steps after linfa's; each lowers the inertia or is the last.
const POLISH: usize = 100;

/// `min(n_clusters, distinct points)` clusters, or fewer where Lloyd's steps
/// empty one. Time O(runs * iterations * n * c * d).
pub(crate) fn kmeans(
    points: ArrayView2<'_, f64>,
    n_clusters: usize,
    n_runs: usize,
    max_iterations: u64,
    tolerance: f64,
    seed: u64,
) -> Result<Vec<Option<usize>>> {
    let n_clusters = n_clusters.min(distinct_at_most(points, n_clusters));
    if n_clusters <= 1 {
        return Ok(vec![Some(0); points.nrows()]);
    }
    let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let dataset = DatasetBase::from(points.to_owned());
    let model = KMeans::params_with(n_clusters, rng, L2Dist)
        .init_method(KMeansInit::KMeansPlusPlus)
        .n_runs(n_runs)
        .max_n_iterations(max_iterations)
        .tolerance(tolerance)
        .check()?
        .fit(&dataset)?;
    let start: Vec<usize> = model.predict(dataset.records()).to_vec();
    Ok(lloyd(points, start))
}

/// Exact Lloyd steps until nothing changes.
fn lloyd(points: ArrayView2<'_, f64>, mut assignment: Vec<usize>) -> Vec<Option<usize>> {
    let mut labels: Vec<Option<usize>> = Vec::new();
    for _ in 0..POLISH {
        labels = assignment.iter().copied().map(Some).collect();
        labels = crate::labels::canonical(&labels);
        let next = assign(points, centroids(points, &labels).view());
        if next.iter().copied().map(Some).eq(labels.iter().copied()) {
            break;
        }
        assignment = next;
    }
    labels
}

/// The number of distinct rows, counted no further than `limit`.
fn distinct_at_most(points: ArrayView2<'_, f64>, limit: usize) -> usize {
    let mut distinct: Vec<_> = Vec::with_capacity(limit);
    for row in points.rows() {
        if distinct.len() == limit {
            break;
        }
        if !distinct.contains(&row) {
            distinct.push(row);
        }
    }
    distinct.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    fn run(points: &Array2<f64>, c: usize, seed: u64) -> Vec<Option<usize>> {
        kmeans(points.view(), c, 10, 300, 1e-4, seed).unwrap()
    }

    #[test]
    fn finds_separate_groups_whatever_the_seed() {
        let points = array![[0.0, 0.1], [5.0, 5.0], [0.1, 0.0], [5.1, 5.0], [-9.0, 9.0]];
        for seed in 0..20 {
            assert_eq!(run(&points, 3, seed), [Some(0), Some(1), Some(0), Some(1), Some(2)]);
        }
    }

    #[test]
    fn identical_points_are_one_cluster() {
        assert_eq!(run(&Array2::ones((4, 3)), 3, 0), [Some(0); 4]);
    }

    #[test]
    fn more_clusters_than_points_gives_one_each() {
        assert_eq!(run(&array![[0.0], [1.0]], 7, 0), [Some(0), Some(1)]);
    }

    #[test]
    fn no_point_and_one_point() {
        assert!(run(&Array2::zeros((0, 2)), 3, 0).is_empty());
        assert_eq!(run(&Array2::zeros((1, 2)), 3, 0), [Some(0)]);
    }
}
