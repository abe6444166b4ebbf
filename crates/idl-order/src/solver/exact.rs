//! Held–Karp: dynamic programming over subsets, with pruning.

use crate::solver::input::Distances;

/// Up to so many sessions the order is proven optimal. The table of the next
/// size would take more than 80 MB.
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
/// An entry is pruned if, preceded by the cheapest steps out of every node
/// outside of `S`, it costs more than `known`: the nodes outside come before
/// `S` on the path, and each is left exactly once. A subset whose entries are
/// all pruned costs no time in larger subsets.
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
    let mut alive = vec![false; full + 1];
    for set in 1..=full {
        let outside: f64 = nodes(full & !set).map(|v| cheapest_step[v]).sum();
        if outside > limit {
            continue;
        }
        let (smaller, larger) = rest.split_at_mut(set * n);
        for v in nodes(set) {
            let without = set & !(1 << v);
            let cost = if without == 0 {
                end[v]
            } else if alive[without] {
                // Entries of nodes outside of `without` are infinite.
                least_sum(distances.row(v), &smaller[without * n..(without + 1) * n])
            } else {
                continue;
            };
            if cost + outside <= limit {
                larger[v] = cost;
                alive[set] = true;
            }
        }
    }

    let mut order: Vec<usize> = Vec::with_capacity(n);
    let mut set = full;
    while set != 0 {
        let cost =
            |v: usize| rest[set * n + v] + order.last().map_or(0.0, |&last| distances.get(last, v));
        // `min_by` keeps the first of several equal minima: the smallest index.
        let Some(next) = nodes(set).min_by(|&a, &b| cost(a).total_cmp(&cost(b))) else { break };
        order.push(next);
        set &= !(1 << next);
    }
    order
}

/// The members of a set.
fn nodes(mut set: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let node = set.trailing_zeros();
        set &= set.checked_sub(1)?;
        Some(node as usize)
    })
}

/// The least `x + y`. Four running minima keep the comparisons independent of
/// each other, so that the compiler may use vector instructions.
fn least_sum(x: &[f64], y: &[f64]) -> f64 {
    let min = |a: f64, b: f64| if a < b { a } else { b };
    let (x4, x_rest) = x.as_chunks::<4>();
    let (y4, y_rest) = y.as_chunks::<4>();
    let mut least = [f64::INFINITY; 4];
    for (x, y) in x4.iter().zip(y4) {
        for (least, (x, y)) in least.iter_mut().zip(x.iter().zip(y)) {
            *least = min(x + y, *least);
        }
    }
    let rest = x_rest.iter().zip(y_rest).map(|(x, y)| x + y);
    least.into_iter().chain(rest).fold(f64::INFINITY, |a, b| min(b, a))
}
