//! Good orders of many sessions: nearest neighbour, then local search.

use crate::input::Distances;

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

/// The cost of a path that ends: its steps and the end of its last node.
pub(crate) fn total_cost(distances: &Distances, end: &[f64], order: &[usize]) -> f64 {
    distances.path_cost(order) + order.last().map_or(0.0, |&last| end[last])
}

/// A good path: nearest neighbour from several nodes, each improved by moving
/// and reversing segments until nothing helps.
pub(crate) fn search(distances: &Distances, end: &[f64]) -> Vec<usize> {
    let n = distances.len();
    let starts = n.min(16);
    let mut best = (f64::INFINITY, Vec::new());
    for k in 0..starts {
        let mut order = nearest_neighbour(distances, k * n / starts);
        let cost = improve(distances, end, &mut order);
        if cost < best.0 {
            best = (cost, order);
        }
    }
    best.1
}

/// Or-opt and 2-opt to a local optimum; returns its cost.
fn improve(distances: &Distances, end: &[f64], order: &mut Vec<usize>) -> f64 {
    let n = order.len();
    let mut cost = total_cost(distances, end, order);
    let mut improved = true;
    while improved {
        improved = false;
        for from in 0..n {
            for len in 1..=3.min(n - from) {
                for reversed in [false, true] {
                    let mut rest = order.clone();
                    let mut segment: Vec<usize> = rest.drain(from..from + len).collect();
                    if reversed {
                        segment.reverse();
                    }
                    for to in 0..=rest.len() {
                        let mut candidate = rest.clone();
                        candidate.splice(to..to, segment.iter().copied());
                        let c = total_cost(distances, end, &candidate);
                        if c < cost * (1.0 - 1e-12) {
                            (cost, improved) = (c, true);
                            *order = candidate;
                        }
                    }
                }
            }
            for to in from + 2..=n {
                order[from..to].reverse();
                let c = total_cost(distances, end, order);
                if c < cost * (1.0 - 1e-12) {
                    (cost, improved) = (c, true);
                } else {
                    order[from..to].reverse();
                }
            }
        }
    }
    cost
}
