//! Hartigan's exchanges: single points change clusters as long as that lowers
//! the inertia.
//!
//! Lloyd's algorithm moves a point only if another centroid is nearer to it. It
//! does not see that both centroids would move along: taking a point `x` out of
//! a cluster of `n` saves `n / (n - 1) |x - mean|²`, and adding it to one of `m`
//! costs `m / (m + 1) |x - mean|²`. So every partition that exchanges leave
//! alone is one that Lloyd leaves alone, but not the reverse (Telgarsky and
//! Vattani 2010), and for the few sessions of a person the difference decides.

use ndarray::{Array2, ArrayView1, ArrayView2};

/// A move must save this share of what its point costs: rounding is no saving.
const LEAST_SAVING: f64 = 1e-10;

/// Points in a fixed number of clusters, with the clusters' means.
pub(crate) struct Partition {
    labels: Vec<usize>,
    sizes: Vec<usize>,
    means: Array2<f64>,
}

impl Partition {
    /// `labels` are below `clusters`, one for each row.
    pub(crate) fn new(points: ArrayView2<'_, f64>, labels: Vec<usize>, clusters: usize) -> Self {
        let means = Array2::zeros((clusters, points.ncols()));
        let mut partition = Partition { labels, sizes: vec![0; clusters], means };
        partition.update(points);
        partition
    }

    /// Sizes and means afresh.
    fn update(&mut self, points: ArrayView2<'_, f64>) {
        self.sizes.fill(0);
        self.means.fill(0.0);
        for (point, &label) in points.rows().into_iter().zip(&self.labels) {
            self.sizes[label] += 1;
            let mut mean = self.means.row_mut(label);
            mean += &point;
        }
        for (mut mean, &size) in self.means.rows_mut().into_iter().zip(&self.sizes) {
            mean /= size.max(1) as f64;
        }
    }

    /// Passes over the points until one changes nothing, `max_passes` at most.
    /// An empty cluster costs nothing to join, so that none stays empty while
    /// another has two distinct points. Time of a pass O(n * c * d).
    pub(crate) fn improve(&mut self, points: ArrayView2<'_, f64>, max_passes: u64) {
        for _ in 0..max_passes {
            let mut changed = false;
            for i in 0..self.labels.len() {
                changed |= self.exchange(points.row(i), i);
            }
            if !changed {
                break;
            }
            // What the single steps have rounded away.
            self.update(points);
        }
    }

    /// Moves point `i` to where it costs least; whether it moved.
    fn exchange(&mut self, point: ArrayView1<'_, f64>, i: usize) -> bool {
        let from = self.labels[i];
        let n = self.sizes[from] as f64;
        if self.sizes[from] == 1 {
            return false;
        }
        let saved = n / (n - 1.0) * self.squared_distance(point, from);
        let mut to = (from, saved * (1.0 - LEAST_SAVING));
        for label in (0..self.sizes.len()).filter(|&label| label != from) {
            let m = self.sizes[label] as f64;
            let cost = m / (m + 1.0) * self.squared_distance(point, label);
            if cost < to.1 {
                to = (label, cost);
            }
        }
        let (to, _) = to;
        if to == from {
            return false;
        }
        let m = self.sizes[to] as f64;
        self.means.row_mut(from).zip_mut_with(&point, |mean, x| *mean -= (x - *mean) / (n - 1.0));
        self.means.row_mut(to).zip_mut_with(&point, |mean, x| *mean += (x - *mean) / (m + 1.0));
        self.sizes[from] -= 1;
        self.sizes[to] += 1;
        self.labels[i] = to;
        true
    }

    fn squared_distance(&self, point: ArrayView1<'_, f64>, label: usize) -> f64 {
        point.iter().zip(self.means.row(label)).map(|(a, b)| (a - b) * (a - b)).sum()
    }

    /// The sum of squared distances to the means.
    pub(crate) fn inertia(&self, points: ArrayView2<'_, f64>) -> f64 {
        let rows = points.rows().into_iter().zip(&self.labels);
        rows.map(|(point, &label)| self.squared_distance(point, label)).sum()
    }

    /// A label for each point.
    pub(crate) fn into_labels(self) -> Vec<usize> {
        self.labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn leaves_an_optimum_of_lloyd_that_is_none() {
        // The point at 2.1 is nearer to its own mean, 3.55, than to 0.5.
        let points = array![[0.0], [1.0], [2.1], [5.0]];
        let mut partition = Partition::new(points.view(), vec![0, 0, 1, 1], 2);
        let before = partition.inertia(points.view());
        partition.improve(points.view(), 10);
        assert_eq!(partition.labels, [0, 0, 0, 1]);
        assert!(partition.inertia(points.view()) < before);
    }

    #[test]
    fn an_empty_cluster_is_filled() {
        let points = array![[0.0], [0.0], [3.0], [4.0]];
        let mut partition = Partition::new(points.view(), vec![0, 0, 0, 0], 3);
        partition.improve(points.view(), 10);
        assert!(partition.sizes.iter().all(|&size| size > 0));
        assert_eq!(partition.inertia(points.view()), 0.0);
    }

    proptest! {
        #[test]
        fn inertia_never_rises_and_sizes_stay_true(
            values in proptest::collection::vec(-4i8..5, 3..40),
            clusters in 1usize..5,
        ) {
            let n = values.len();
            let values = values.into_iter().map(f64::from).collect();
            let points = Array2::from_shape_vec((n, 1), values).unwrap();
            let start = (0..n).map(|i| i % clusters).collect();
            let mut partition = Partition::new(points.view(), start, clusters);
            let mut before = partition.inertia(points.view());
            for _ in 0..20 {
                partition.improve(points.view(), 1);
                let after = partition.inertia(points.view());
                prop_assert!(after <= before + 1e-9);
                before = after;
            }
            for label in 0..clusters {
                let members = partition.labels.iter().filter(|&&l| l == label).count();
                prop_assert_eq!(members, partition.sizes[label]);
            }
        }
    }
}
