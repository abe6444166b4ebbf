//! Clusters too small to give a target and a reference.

use ndarray::ArrayView2;

use crate::labels::{canonical, centroids, cluster_sizes, nearest_center};
use crate::params::SmallClusters;

/// Applies the rule to every cluster of fewer than `min_size` sessions.
pub(crate) fn treat(
    points: ArrayView2<'_, f64>,
    labels: Vec<Option<usize>>,
    rule: SmallClusters,
    min_size: usize,
) -> Vec<Option<usize>> {
    match rule {
        SmallClusters::Keep => labels,
        SmallClusters::Drop => {
            let sizes = cluster_sizes(&labels);
            let kept: Vec<Option<usize>> =
                labels.iter().map(|label| label.filter(|&l| sizes[l] >= min_size)).collect();
            canonical(&kept)
        }
        SmallClusters::Merge => merge(points, labels, min_size),
    }
}

/// Joins the smallest cluster with the one whose centroid is nearest to its
/// own, until none is too small or only one is left. Of equally small clusters
/// the one with the lower label goes first. Terminates: each step removes one.
fn merge(
    points: ArrayView2<'_, f64>,
    mut labels: Vec<Option<usize>>,
    min_size: usize,
) -> Vec<Option<usize>> {
    loop {
        let sizes = cluster_sizes(&labels);
        let smallest = sizes.iter().enumerate().min_by_key(|&(label, &size)| (size, label));
        let Some((small, &size)) = smallest else { return labels };
        if size >= min_size || sizes.len() == 1 {
            return labels;
        }
        let means = centroids(points, &labels);
        let target = nearest_center(&means.row(small).to_owned(), means.view(), |i| i != small);
        for label in labels.iter_mut().filter(|l| **l == Some(small)) {
            *label = target;
        }
        labels = canonical(&labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn dropping_leaves_no_cluster_and_renumbers() {
        let points = array![[0.0], [9.0], [9.1]];
        let labels = vec![Some(0), Some(1), Some(1)];
        assert_eq!(treat(points.view(), labels, SmallClusters::Drop, 2), [None, Some(0), Some(0)]);
    }

    #[test]
    fn merging_takes_the_nearest_centroid() {
        let points = array![[0.0], [0.2], [9.0], [9.1], [7.0]];
        let labels = vec![Some(0), Some(0), Some(1), Some(1), Some(2)];
        assert_eq!(
            treat(points.view(), labels, SmallClusters::Merge, 2),
            [Some(0), Some(0), Some(1), Some(1), Some(1)]
        );
    }

    #[test]
    fn when_all_are_small_they_become_big_enough_or_one() {
        let points = array![[0.0], [1.0], [9.0]];
        let labels = vec![Some(0), Some(1), Some(2)];
        assert_eq!(
            treat(points.view(), labels.clone(), SmallClusters::Merge, 4),
            [Some(0), Some(0), Some(0)]
        );
        assert_eq!(treat(points.view(), labels, SmallClusters::Drop, 4), [None; 3]);
    }
}
