//! k-means: greedy seeding, linfa-clustering's iterations, then exchanges.
//!
//! Of linfa 0.8 four things are worked around here and nowhere else:
//! `cluster_count()` describes the last run and not the best one (labels come
//! from `predict`); more clusters than distinct points leave clusters empty
//! without a word (the number is lowered first); its update counts the old
//! centroid as one more member, so that a run stops short of its optimum; and
//! its runs are compared by what they cost before that last update. So each
//! run starts from [seeds of ours](crate::seeding), is finished by
//! [exchanges](crate::exchange), and is judged by the inertia it then has.

use linfa::prelude::{Fit, Predict};
use linfa::{DatasetBase, ParamGuard};
use linfa_clustering::{KMeans, KMeansInit};
use linfa_nn::distance::L2Dist;
use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Result;
use crate::exchange::Partition;
use crate::seeding::greedy_seeds;

/// The best of `n_runs` runs: `min(n_clusters, distinct points)` clusters, none
/// of them empty. `tolerance` is in units of the points' spread. Time
/// O(n_runs * (iterations + log c) * n * c * d).
pub(crate) fn kmeans(
    points: ArrayView2<'_, f64>,
    n_clusters: usize,
    n_runs: usize,
    max_iterations: u64,
    tolerance: f64,
    seed: u64,
) -> Result<Vec<Option<usize>>> {
    let n_clusters = distinct_at_most(points, n_clusters);
    if n_clusters <= 1 {
        return Ok(vec![Some(0); points.nrows()]);
    }
    // Relative to the spread, so that the scale of embeddings decides nothing.
    let tolerance = (tolerance * spread(points)).max(f64::MIN_POSITIVE);
    let dataset = DatasetBase::from(points.to_owned());
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut best: Option<(f64, Partition)> = None;
    for _ in 0..n_runs {
        let seeds = greedy_seeds(points, n_clusters, &mut rng);
        let model = KMeans::params_with(n_clusters, rng.clone(), L2Dist)
            .init_method(KMeansInit::Precomputed(seeds))
            .n_runs(1)
            .max_n_iterations(max_iterations)
            .tolerance(tolerance)
            .check()?
            .fit(&dataset)?;
        let start = model.predict(dataset.records()).to_vec();
        let mut partition = Partition::new(points, start, n_clusters);
        partition.improve(points, max_iterations);
        let inertia = partition.inertia(points);
        if best.as_ref().is_none_or(|(least, _)| inertia < *least) {
            best = Some((inertia, partition));
        }
    }
    // `n_runs` is at least 1: checked with the other parameters.
    Ok(best.map_or_else(
        || vec![Some(0); points.nrows()],
        |(_, partition)| partition.into_labels().into_iter().map(Some).collect(),
    ))
}

/// The standard deviation of a component, as the root of the mean variance.
fn spread(points: ArrayView2<'_, f64>) -> f64 {
    points.var_axis(Axis(0), 0.0).mean().unwrap_or(0.0).sqrt()
}

/// The number of distinct rows, counted no further than `limit`.
fn distinct_at_most(points: ArrayView2<'_, f64>, limit: usize) -> usize {
    let mut distinct: Vec<_> = Vec::new();
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
        let labels = kmeans(points.view(), c, 10, 300, 1e-4, seed).unwrap();
        crate::labels::canonical(&labels)
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
        for clusters in [2, 7, usize::MAX] {
            assert_eq!(run(&array![[0.0], [1.0], [0.0]], clusters, 0), [Some(0), Some(1), Some(0)]);
        }
    }

    #[test]
    fn no_point_and_one_point() {
        assert!(run(&Array2::zeros((0, 2)), 3, 0).is_empty());
        assert_eq!(run(&Array2::zeros((1, 2)), 3, 0), [Some(0)]);
    }
}
