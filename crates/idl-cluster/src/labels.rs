//! Labels: one `Option<usize>` per session, `None` for one in no cluster.

use std::collections::HashMap;

use ndarray::{Array1, Array2, ArrayView2};

/// Numbers clusters 0, 1, .. in the order in which they first appear, so that
/// labels do not depend on how an algorithm happened to number its centroids,
/// and no number is left unused.
pub(crate) fn canonical(labels: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    labels
        .iter()
        .map(|label| {
            let next = numbers.len();
            label.map(|l| *numbers.entry(l).or_insert(next))
        })
        .collect()
}

/// The number of members of each cluster; its length is one more than the
/// largest label.
pub(crate) fn cluster_sizes(labels: &[Option<usize>]) -> Vec<usize> {
    let mut sizes = Vec::new();
    for &label in labels.iter().flatten() {
        if sizes.len() <= label {
            sizes.resize(label + 1, 0);
        }
        sizes[label] += 1;
    }
    sizes
}

/// The mean of each cluster's members: `[clusters, d]`, a row of zeros for a
/// label without members. Points beyond the last label are ignored.
pub(crate) fn centroids(points: ArrayView2<'_, f64>, labels: &[Option<usize>]) -> Array2<f64> {
    let sizes = cluster_sizes(labels);
    let mut means = Array2::<f64>::zeros((sizes.len(), points.ncols()));
    for (point, label) in points.rows().into_iter().zip(labels) {
        if let Some(label) = label {
            let mut mean = means.row_mut(*label);
            mean += &point;
        }
    }
    for (mut mean, &size) in means.rows_mut().into_iter().zip(&sizes) {
        if size > 0 {
            mean /= size as f64;
        }
    }
    means
}

/// The center nearest to `point` among those that `allowed` lets through; the
/// first of several equally near.
pub(crate) fn nearest_center(
    point: &Array1<f64>,
    centers: ArrayView2<'_, f64>,
    allowed: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, center) in centers.rows().into_iter().enumerate().filter(|(i, _)| allowed(*i)) {
        let distance: f64 = point.iter().zip(center).map(|(a, b)| (a - b) * (a - b)).sum();
        if best.is_none_or(|(_, d)| distance < d) {
            best = Some((i, distance));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn canonical_numbers_by_first_appearance() {
        assert_eq!(
            canonical(&[Some(7), None, Some(2), Some(7)]),
            [Some(0), None, Some(1), Some(0)]
        );
    }

    #[test]
    fn centroids_are_means_of_members_only() {
        let points = array![[0.0, 0.0], [2.0, 4.0], [9.0, 9.0]];
        assert_eq!(centroids(points.view(), &[Some(0), Some(0), None]), array![[1.0, 2.0]]);
    }
}
