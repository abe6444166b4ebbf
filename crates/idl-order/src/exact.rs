//! Held–Karp: dynamic programming over subsets, with pruning.

use crate::input::Distances;

/// Up to so many sessions the order is proven optimal.
pub const EXACT_LIMIT: usize = 18;

/// Room for rounding when a bound is compared with a known cost: sums of the
/// same numbers in another order differ by far less.
const SLACK: f64 = 1e-9;

/// The cheapest path through all nodes where ending at `v` costs `end[v]`.
/// `known` is the cost of some path. Among paths of equal cost the
/// lexicographically smallest.
///
/// `rest[S][v]` is the least cost of a path that starts at `v`, visits the
/// rest of `S` and ends; `v` is in `S`. `O(2^n n^2)` time and `O(2^n n)`
/// memory if nothing is pruned.
///
/// A subset is pruned if even its cheapest start, preceded by the cheapest
/// steps out of every node outside of `S`, costs more than `known`: the nodes
/// outside come before `S` on the path, and each is left exactly once.
pub(crate) fn held_karp(distances: &Distances, end: &[f64], known: f64) -> Vec<usize> {
    let n = distances.len();
    let full = (1_usize << n) - 1;
    let cheapest_step: Vec<f64> = (0..n)
        .map(|i| {
            let row = distances.row(i).iter().enumerate().filter(|&(j, _)| j != i);
            row.map(|(_, &d)| d).fold(f64::INFINITY, f64::min)
        })
        .collect();
    let limit = known + known * SLACK + f64::MIN_POSITIVE;

    let mut rest = vec![f64::INFINITY; (full + 1) * n];
    // `before[S]` = sum of the cheapest steps out of the nodes outside of S.
    for set in 1..=full {
        let outside: f64 = (0..n).filter(|v| set >> v & 1 == 0).map(|v| cheapest_step[v]).sum();
        if outside > limit {
            continue;
        }
        for v in (0..n).filter(|v| set >> v & 1 == 1) {
            let without = set & !(1 << v);
            let cost = if without == 0 {
                end[v]
            } else {
                // Entries of nodes outside of `without` are infinite.
                let next = &rest[without * n..(without + 1) * n];
                let steps = distances.row(v).iter().zip(next).map(|(d, r)| d + r);
                steps.fold(f64::INFINITY, |least, x| if x < least { x } else { least })
            };
            if cost + outside <= limit {
                rest[set * n + v] = cost;
            }
        }
    }

    let mut order = Vec::with_capacity(n);
    let mut set = full;
    let mut last = None;
    while set != 0 {
        let cost = |v: usize| rest[set * n + v] + last.map_or(0.0, |last| distances.get(last, v));
        let nodes = (0..n).filter(|v| set >> v & 1 == 1);
        // `min_by` keeps the first of several equal minima: the smallest index.
        let Some(next) = nodes.min_by(|&a, &b| cost(a).total_cmp(&cost(b))) else { break };
        order.push(next);
        set &= !(1 << next);
        last = Some(next);
    }
    order
}
