//! The one function of this crate.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::solver::{
    Distances, EXACT_LIMIT, Effort, check_target, good_path, held_karp, nearest_neighbour,
};
use crate::{Error, Policy, Result};

/// Up to so many sessions trying all subsets is faster than looking for a path
/// whose cost rules subsets out.
const NO_SEARCH: usize = 10;

/// An order of sessions and what it costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionOrder {
    /// The sessions, first to last: a permutation of `0..n`.
    pub order: Vec<usize>,
    /// The sum of the distances between neighbours in `order`; under
    /// [`Policy::Anchored`] plus that of the last session to the target.
    pub cost: f64,
    /// Whether no order can cost less, by proof (up to rounding). Always so for
    /// [`Policy::Free`] and [`Policy::Anchored`] up to
    /// [`EXACT_LIMIT`](crate::EXACT_LIMIT) sessions, and beyond for many
    /// asymmetric matrices. The other two policies do not look for the least
    /// cost and say `false`, unless there is but one order.
    pub exact: bool,
}

/// Orders `n` sessions.
///
/// `distance` is `[n, n]`; entry `(i, j)` is what it costs to put session `j`
/// right after session `i`. It need not be symmetric, its diagonal is not
/// read. `to_target` is the distance of each session from the target.
///
/// No session gives the empty order at cost 0, one session itself.
///
/// # Errors
/// [`Error::NotSquare`], [`Error::Distance`] for entries that are negative, NaN,
/// infinite or above 1e300 (whose sums might overflow), [`Error::TargetLength`] and [`Error::TargetDistance`] likewise for
/// `to_target` (whether or not the policy reads it), [`Error::TargetMissing`].
///
/// # Complexity
/// `free` and `anchored`: at most `O(2^n n^2)` time and `O(2^n n)` memory up
/// to [`EXACT_LIMIT`](crate::EXACT_LIMIT) sessions, polynomial beyond;
/// `greedy` `O(n^2)`; `original` reads the matrix.
///
/// ```
/// use idl_order::{Policy, order};
/// use ndarray::arr2;
///
/// let distance = arr2(&[[0.0, 9.0, 1.0], [9.0, 0.0, 2.0], [1.0, 2.0, 0.0]]);
/// let found = order(distance.view(), Policy::Free, Some(&[0.1, 0.9, 0.5]))?;
/// // 0-2-1 and 1-2-0 cost the same; session 0 is nearer to the target.
/// assert_eq!(found.order, [1, 2, 0]);
/// assert_eq!((found.cost, found.exact), (3.0, true));
/// # Ok::<(), idl_order::Error>(())
/// ```
pub fn order(
    distance: ArrayView2<'_, f64>,
    policy: Policy,
    to_target: Option<&[f64]>,
) -> Result<SessionOrder> {
    let distances = Distances::new(distance)?;
    if let Some(to_target) = to_target {
        check_target(distances.len(), to_target)?;
    }
    let needed = || to_target.ok_or(Error::TargetMissing(policy));
    let n = distances.len();
    let trivial = n <= 1;
    Ok(match policy {
        Policy::Free => {
            let end = vec![0.0; n];
            let (mut order, proven) = cheapest_path(&distances, &end);
            if !proven && let Some(to_target) = to_target {
                // What is searched for is never dearer than what is simply followed.
                let greedy = from_the_nearest(&distances, to_target);
                if distances.path_cost(&greedy) < distances.path_cost(&order) {
                    order = greedy;
                }
            }
            if distances.is_symmetric() {
                orient(&mut order, to_target);
            }
            finish(&distances, &end, order, proven)
        }
        Policy::Anchored => {
            let end = needed()?;
            let (order, proven) = cheapest_path(&distances, end);
            finish(&distances, end, order, proven)
        }
        Policy::Greedy => {
            let order = from_the_nearest(&distances, needed()?);
            finish(&distances, &vec![0.0; n], order, trivial)
        }
        Policy::Original => finish(&distances, &vec![0.0; n], (0..n).collect(), trivial),
    })
}

/// From the node nearest to the target on, always to the nearest that is left.
fn from_the_nearest(distances: &Distances, to_target: &[f64]) -> Vec<usize> {
    let nearest = (0..distances.len()).min_by(|&a, &b| to_target[a].total_cmp(&to_target[b]));
    nearest.map_or_else(Vec::new, |first| nearest_neighbour(distances, first))
}

fn finish(distances: &Distances, end: &[f64], order: Vec<usize>, exact: bool) -> SessionOrder {
    SessionOrder { cost: total_cost(distances, end, &order), order, exact }
}

/// The cost of a path that ends: its steps and the end of its last node.
fn total_cost(distances: &Distances, end: &[f64], order: &[usize]) -> f64 {
    distances.path_cost(order) + order.last().map_or(0.0, |&last| end[last])
}

/// The cheapest path whose last node `v` costs `end[v]` in addition, and
/// whether that is proven; beyond [`EXACT_LIMIT`] nodes perhaps only a good one.
fn cheapest_path(distances: &Distances, end: &[f64]) -> (Vec<usize>, bool) {
    let n = distances.len();
    if n <= 1 {
        return ((0..n).collect(), true);
    }
    if n > EXACT_LIMIT {
        let found = good_path(distances, end, Effort::full(n));
        return (found.order, found.proven);
    }
    let good = if n <= NO_SEARCH {
        nearest_neighbour(distances, 0)
    } else {
        good_path(distances, end, Effort { kicks: 2 * n, entries: 0 }).order
    };
    (held_karp(distances, end, total_cost(distances, end, &good)), true)
}

/// Chooses between an order and its reverse, which cost the same.
fn orient(order: &mut [usize], to_target: Option<&[f64]>) {
    let (Some(&first), Some(&last)) = (order.first(), order.last()) else { return };
    let reverse = match to_target {
        Some(d) if d[first] != d[last] => d[first] < d[last],
        // The ends differ, so they decide which is lexicographically smaller.
        _ => last < first,
    };
    if reverse {
        order.reverse();
    }
}
