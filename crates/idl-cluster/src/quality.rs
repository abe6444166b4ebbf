//! How good a clustering is, for users who want to look.

use ndarray::ArrayView2;

use crate::labels::{canonical, centroids, cluster_sizes};
use crate::{Error, Result};

/// The sum of squared Euclidean distances of points to their cluster's mean:
/// what k-means minimises. Points in no cluster do not count. Time O(n d).
///
/// # Errors
/// [`Error::Labels`] unless there is one label per row.
pub fn inertia(points: ArrayView2<'_, f64>, labels: &[Option<usize>]) -> Result<f64> {
    let labels = &checked(points, labels)?;
    let means = centroids(points, labels);
    Ok(points
        .rows()
        .into_iter()
        .zip(labels)
        .filter_map(|(p, label)| label.map(|l| squared(p, means.row(l))))
        .sum())
}

/// The mean silhouette coefficient (Euclidean): near 1 for tight clusters far
/// apart, near 0 for overlapping ones. A cluster of one scores 0, as in
/// scikit-learn. Points in no cluster do not count; `None` where there are not
/// at least two clusters, or none that is larger than one. Time O(n^2 d).
///
/// ```
/// use ndarray::array;
/// # fn main() -> Result<(), idl_cluster::Error> {
/// let points = array![[0.0], [0.1], [9.0], [9.1]];
/// let labels = [Some(0), Some(0), Some(1), Some(1)];
/// let score = idl_cluster::silhouette(points.view(), &labels)?;
/// assert!(score.is_some_and(|s| s > 0.98));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Labels`] unless there is one label per row.
pub fn silhouette(points: ArrayView2<'_, f64>, labels: &[Option<usize>]) -> Result<Option<f64>> {
    let labels = &checked(points, labels)?;
    let sizes = cluster_sizes(labels);
    let clustered: Vec<(usize, usize)> =
        labels.iter().enumerate().filter_map(|(i, l)| l.map(|l| (i, l))).collect();
    if sizes.len() < 2 || sizes.len() == clustered.len() {
        return Ok(None);
    }
    let mut total = 0.0;
    let mut sums = vec![0.0; sizes.len()];
    for &(i, own) in &clustered {
        if sizes[own] == 1 {
            continue;
        }
        sums.fill(0.0);
        for &(j, label) in &clustered {
            sums[label] += squared(points.row(i), points.row(j)).sqrt();
        }
        let within = sums[own] / (sizes[own] - 1) as f64;
        let without = (0..sizes.len())
            .filter(|&l| l != own)
            .map(|l| sums[l] / sizes[l] as f64)
            .fold(f64::INFINITY, f64::min);
        let larger = within.max(without);
        if larger > 0.0 {
            total += (without - within) / larger;
        }
    }
    Ok(Some(total / clustered.len() as f64))
}

/// Labels renumbered without gaps, so that a wild label costs no memory.
fn checked(points: ArrayView2<'_, f64>, labels: &[Option<usize>]) -> Result<Vec<Option<usize>>> {
    if points.nrows() == labels.len() {
        Ok(canonical(labels))
    } else {
        Err(Error::Labels { labels: labels.len(), points: points.nrows() })
    }
}

fn squared(a: ndarray::ArrayView1<'_, f64>, b: ndarray::ArrayView1<'_, f64>) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn inertia_by_hand() {
        let points = array![[0.0], [2.0], [10.0], [99.0]];
        let value = inertia(points.view(), &[Some(0), Some(0), Some(1), None]).unwrap();
        assert_eq!(value, 2.0);
    }

    #[test]
    fn silhouette_is_undefined_for_one_cluster() {
        let points = array![[0.0], [1.0]];
        assert_eq!(silhouette(points.view(), &[Some(0), Some(0)]).unwrap(), None);
        assert_eq!(silhouette(points.view(), &[Some(0), Some(1)]).unwrap(), None);
        assert!(silhouette(points.view(), &[Some(0)]).is_err());
    }
}
