//! Good orders of many sessions: iterated local search.

use crate::solver::costs::Costs;
use crate::solver::neighbourhood::Neighbourhood;
use crate::solver::path::{Move, Path};
use crate::solver::random::Random;

/// The longest segment that a kick moves.
const KICK: usize = 30;

/// Improves an order to a local optimum, then `kicks` times: swap two random
/// segments, improve what is around, keep it unless it is worse.
///
/// Deterministic. A kick takes `O(n)` in the worst case; for symmetric matrices
/// that is little more than copying the path.
pub(crate) fn improve(costs: &Costs, order: &[usize], kicks: usize) -> Vec<usize> {
    let mut search = Neighbourhood::new(costs, Path::new(costs, order));
    search.improve();
    let mut kept = search.path().clone();
    let mut random = Random::new();
    for _ in 0..if costs.border() < 4 { 0 } else { kicks } {
        let change = search.make(kick(costs.border(), &mut random)) + search.improve();
        if change <= 0.0 {
            kept.copy_from(search.path());
        } else {
            search.go_back(&kept);
        }
    }
    kept.order().to_vec()
}

/// Swaps two neighbouring segments, short ones.
fn kick(n: usize, random: &mut Random) -> Move {
    let first = 1 + random.below(n - 1);
    let middle = first + 1 + random.below(KICK.min(n - first));
    let end = (middle + 1 + random.below(KICK)).min(n + 1);
    Move::Swap { first, middle: middle.min(end - 1), end }
}
