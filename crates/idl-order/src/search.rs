//! Good orders of many sessions: iterated local search with 2-opt and Or-opt,
//! for asymmetric matrices with 3-opt's swap of segments as well.

use crate::input::Distances;
use crate::nearest::nearest_neighbour;
use crate::path::{Move, Path};

/// So many nearest-neighbour paths are tried as a beginning.
const STARTS: usize = 8;

/// Only so many nearest nodes are tried as new neighbours of a node.
const NEIGHBOURS: usize = 10;

/// The longest segment that Or-opt moves.
const SEGMENT: usize = 3;

/// The longest segment that a kick moves.
const KICK: usize = 30;

/// A good path through all nodes, where ending at `v` costs `end[v]`: nearest
/// neighbour from a few nodes, the best improved to a local optimum, then `kicks`
/// times: move a random segment, improve what is around, keep it if better.
///
/// Deterministic. A kick takes `O(n)` in the worst case; for symmetric matrices
/// that is little more than copying the path.
pub(crate) fn search(distances: &Distances, end: &[f64], kicks: usize) -> Vec<usize> {
    let n = distances.len();
    let starts = n.min(STARTS);
    let first = (0..starts)
        .map(|k| Path::new(distances, end, &nearest_neighbour(distances, k * n / starts)))
        .min_by(|a, b| a.total().total_cmp(&b.total()));
    let Some(path) = first else { return Vec::new() };
    let mut search = Search::new(path);
    search.improve();
    let mut cost = search.path.total();
    let mut kept = search.path.clone();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..if n < 4 { 0 } else { kicks } {
        let change = search.kick(&mut random) + search.improve();
        if change < -search.epsilon {
            cost += change;
            kept.copy_from(&search.path);
        } else {
            search.path.copy_from(&kept);
        }
    }
    debug_assert!((cost - kept.total()).abs() <= 1e-6 * (1.0 + cost));
    kept.order().to_vec()
}

/// SplitMix64: enough for choosing segments, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// A path and the nodes around which something may still be improved.
struct Search {
    path: Path,
    /// For each node the nearest others (from it), nearest first.
    neighbours: Vec<Vec<usize>>,
    queue: Vec<usize>,
    queued: Vec<bool>,
    /// Improvements below this are rounding.
    epsilon: f64,
}

impl Search {
    fn new(path: Path) -> Self {
        let n = path.len();
        let neighbours = (0..n)
            .map(|v| {
                let mut others: Vec<usize> = (0..n).filter(|&u| u != v).collect();
                others.sort_by(|&a, &b| path.cost(v, a).total_cmp(&path.cost(v, b)));
                others.truncate(NEIGHBOURS);
                others
            })
            .collect();
        let epsilon = 1e-12 * path.total();
        // The border, node n, is queued like the others.
        Search { path, neighbours, queue: (0..=n).collect(), queued: vec![true; n + 1], epsilon }
    }

    /// Makes moves until none helps around any queued node; returns the change.
    fn improve(&mut self) -> f64 {
        let mut total = 0.0;
        while let Some(node) = self.queue.pop() {
            self.queued[node] = false;
            while let Some((change, by)) = self.best_move(node) {
                self.make(change);
                total += by;
            }
        }
        total
    }

    fn make(&mut self, change: Move) {
        for node in self.path.apply(change) {
            if !self.queued[node] {
                self.queued[node] = true;
                self.queue.push(node);
            }
        }
    }

    /// Swaps two short segments at random; returns the change.
    fn kick(&mut self, random: &mut Random) -> f64 {
        let n = self.path.len();
        let first = 1 + random.below(n - 1);
        let middle = first + 1 + random.below(KICK.min(n - first));
        let end = (middle + 1 + random.below(KICK)).min(n + 1);
        let change = Move::Swap { first, middle: middle.min(end - 1), end };
        let by = self.path.change(change);
        self.make(change);
        by
    }

    /// The best of the moves that give `node` a new neighbour.
    fn best_move(&self, node: usize) -> Option<(Move, f64)> {
        let n = self.path.len();
        let mut best: Option<(Move, f64)> = None;
        let mut consider = |change: Move| {
            let by = self.path.change(change);
            if by < best.map_or(-self.epsilon, |(_, least)| least) {
                best = Some((change, by));
            }
        };
        if node == n {
            // The border: any node may become the first or the last.
            for place in 2..=n {
                consider(Move::Reverse { first: 1, last: place - 1 });
                consider(Move::Reverse { first: place, last: n });
            }
            return best;
        }
        let i = self.path.place(node);
        let before = self.path.cost(self.path.at(i - 1), node);
        let after = self.path.cost(node, self.path.at(i + 1));
        for &other in &self.neighbours[node] {
            // Every move here adds the edge to `other` and removes edges of
            // `node`; one of these must be longer, or nothing is gained at
            // this end (what is gained at the other end is found from there).
            if self.path.cost(node, other) >= before.max(after) {
                break;
            }
            let j = self.path.place(other);
            let (low, high) = (i.min(j), i.max(j));
            consider(Move::Reverse { first: low + 1, last: high });
            consider(Move::Reverse { first: low, last: high - 1 });
            // Segments that begin or end with `node` go beside `other`.
            for len in 1..=SEGMENT {
                if j > i + len - 1 {
                    self.shift_up(i, i + len, j, &mut consider);
                }
                if i >= len && j > i {
                    self.shift_up(i + 1 - len, i + 1, j, &mut consider);
                }
                if j < i && i + len <= n + 1 {
                    self.shift_down(i, i + len, j, &mut consider);
                }
                if i >= len && j < i + 1 - len {
                    self.shift_down(i + 1 - len, i + 1, j, &mut consider);
                }
            }
        }
        if !self.path.is_symmetric() {
            self.segment_swaps(node, &mut consider);
        }
        // Or to one of the ends.
        for len in 1..=SEGMENT {
            if i + len <= n + 1 {
                self.shift_up(i, i + len, n, &mut consider);
                self.shift_down(i, i + len, 1, &mut consider);
            }
            if i >= len {
                self.shift_up(i + 1 - len, i + 1, n, &mut consider);
                self.shift_down(i + 1 - len, i + 1, 1, &mut consider);
            }
        }
        best
    }

    /// Swaps of neighbouring segments of any length that make a near node the
    /// successor of `node`. Where directions differ in cost, reversals seldom
    /// pay, and these are what is left. `O(n)`.
    fn segment_swaps(&self, node: usize, consider: &mut impl FnMut(Move)) {
        let n = self.path.len();
        let i = self.path.place(node);
        let after = self.path.cost(node, self.path.at(i + 1));
        for &other in &self.neighbours[node] {
            if self.path.cost(node, other) >= after {
                continue;
            }
            // A swap adds the edges first - 1 to middle, middle - 1 to end and
            // end - 1 to first; the new edge may be each of them.
            let j = self.path.place(other);
            if j < i {
                for middle in j + 1..=i {
                    consider(Move::Swap { first: j, middle, end: i + 1 });
                }
            } else {
                for end in j + 1..=n + 1 {
                    consider(Move::Swap { first: i + 1, middle: j, end });
                }
                for first in 1..=i {
                    consider(Move::Swap { first, middle: i + 1, end: j });
                }
            }
        }
    }

    /// Moves the segment `first..middle` right before or after place `j`,
    /// which is above it.
    fn shift_up(&self, first: usize, middle: usize, j: usize, consider: &mut impl FnMut(Move)) {
        for end in [j, j + 1] {
            if end > middle {
                consider(Move::Swap { first, middle, end });
                consider(Move::SwapReverseFirst { first, middle, end });
            }
        }
    }

    /// Moves the segment `middle..end` right before or after place `j`, which
    /// is below it.
    fn shift_down(&self, middle: usize, end: usize, j: usize, consider: &mut impl FnMut(Move)) {
        for first in [j, j + 1] {
            if first < middle {
                consider(Move::Swap { first, middle, end });
                consider(Move::SwapReverseSecond { first, middle, end });
            }
        }
    }
}
