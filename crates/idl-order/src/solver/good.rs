//! Good paths where subsets are too many: which search, for how long.

use crate::solver::costs::Costs;
use crate::solver::input::Distances;
use crate::solver::nearest::nearest_neighbour;
use crate::solver::search::improve;
use crate::solver::subtours::Subtours;

/// So many nearest-neighbour paths are tried as a beginning.
const STARTS: usize = 8;

/// Where an assignment is further below a good tour than that, relatively,
/// branch and bound has no great hope...
const CLOSE: f64 = 0.15;

/// ...and gets only this part of its time, which is enough for few sessions.
const HOPELESS: usize = 20;

/// Beyond so many sessions an assignment alone may take seconds.
const MOST_ASSIGNED: usize = 2000;

/// How long to search. Counted in steps and not in time, so that a matrix has
/// one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Kicks of the local search.
    pub(crate) kicks: usize,
    /// Entries of the matrix that branch and bound may look at.
    pub(crate) entries: usize,
}

impl Effort {
    /// What an order is worth that nobody proves to be the best.
    pub(crate) fn full(n: usize) -> Self {
        Effort { kicks: (400 * n).min(12_000), entries: 100_000_000 }
    }
}

/// A path and whether no other costs less, by proof.
#[derive(Clone, Debug)]
pub(crate) struct GoodPath {
    pub(crate) order: Vec<usize>,
    pub(crate) proven: bool,
}

/// A good path through all nodes, where ending at `v` costs `end[v]`.
pub(crate) fn good_path(distances: &Distances, end: &[f64], effort: Effort) -> GoodPath {
    let costs = Costs::new(distances, end);
    let order = best_nearest_neighbour(distances, &costs);
    let assigned = !costs.is_symmetric() && effort.entries > 0 && distances.len() <= MOST_ASSIGNED;
    let Some(mut subtours) = assigned.then(|| Subtours::new(&costs)).flatten() else {
        return GoodPath { order: improve(&costs, &order, effort.kicks), proven: false };
    };
    // A good tour rules out branches: improve what both beginnings give.
    subtours.offer(closed(improve(&costs, &order, 0), &costs));
    let patched = improve(&costs, &opened(subtours.best(), &costs), 0);
    subtours.offer(closed(patched, &costs));
    let entries = effort.entries / if subtours.gap() < CLOSE { 1 } else { HOPELESS };
    let proven = subtours.search(entries);
    let order = opened(subtours.best(), &costs);
    let order = if proven { order } else { improve(&costs, &order, effort.kicks) };
    GoodPath { order, proven }
}

/// The cheapest of a few nearest-neighbour paths.
fn best_nearest_neighbour(distances: &Distances, costs: &Costs) -> Vec<usize> {
    let n = distances.len();
    let starts = n.min(STARTS);
    let paths = (0..starts).map(|k| nearest_neighbour(distances, k * n / starts));
    let total = |order: &Vec<usize>| costs.path_cost(order);
    paths.min_by(|a, b| total(a).total_cmp(&total(b))).unwrap_or_default()
}

/// A tour through the border, from a path.
fn closed(mut order: Vec<usize>, costs: &Costs) -> Vec<usize> {
    order.push(costs.border());
    order
}

/// The path that a tour is without the border.
fn opened(tour: &[usize], costs: &Costs) -> Vec<usize> {
    let border = tour.iter().position(|&v| v == costs.border()).unwrap_or(0);
    tour[border + 1..].iter().chain(&tour[..border]).copied().collect()
}
