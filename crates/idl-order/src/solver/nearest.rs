//! The nearest-neighbour order.

use crate::solver::input::Distances;

/// From `first` to the nearest node that is left, and so on. Ties go to the
/// smaller index. `O(n^2)`.
pub(crate) fn nearest_neighbour(distances: &Distances, first: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..distances.len()).filter(|&v| v != first).collect();
    let mut order = vec![first];
    let mut last = first;
    while !left.is_empty() {
        let mut best = 0;
        for k in 1..left.len() {
            if distances.get(last, left[k]) < distances.get(last, left[best]) {
                best = k;
            }
        }
        // `remove` and not `swap_remove`: the indices stay in order.
        last = left.remove(best);
        order.push(last);
    }
    order
}
