//! Moves that improve a path: 2-opt and Or-opt with neighbour lists, where
//! directions differ in cost 3-opt's swap of segments as well.

use crate::solver::costs::Costs;
use crate::solver::path::{Move, Path};

/// Only so many nearest nodes are tried as new successors of a node.
const NEIGHBOURS: usize = 10;

/// After so many moves for each node no further are made: mostly one is enough.
const MOVES: usize = 100;

/// The longest segment that Or-opt moves.
const SEGMENT: usize = 3;

/// A path and the nodes around which something may still be improved.
pub(crate) struct Neighbourhood<'c> {
    costs: &'c Costs,
    path: Path<'c>,
    /// For each node, the border included, the nearest others (from it),
    /// nearest first. From the border all are equally near.
    neighbours: Vec<Vec<usize>>,
    queue: Vec<usize>,
    queued: Vec<bool>,
}

impl<'c> Neighbourhood<'c> {
    /// `O(n^2)`.
    pub(crate) fn new(costs: &'c Costs, path: Path<'c>) -> Self {
        let border = costs.border();
        let neighbours = (0..=border)
            .map(|v| {
                let mut others: Vec<usize> = (0..=border).filter(|&u| u != v).collect();
                let nearer = |a: &usize, b: &usize| {
                    costs.get(v, *a).total_cmp(&costs.get(v, *b)).then(a.cmp(b))
                };
                if others.len() > NEIGHBOURS + 1 {
                    // One more, as one is mostly the border.
                    others.select_nth_unstable_by(NEIGHBOURS, nearer);
                    others.truncate(NEIGHBOURS + 1);
                }
                others.sort_unstable_by(nearer);
                others
            })
            .collect();
        let (queue, queued) = ((0..=border).collect(), vec![true; border + 1]);
        Neighbourhood { costs, path, neighbours, queue, queued }
    }

    pub(crate) fn path(&self) -> &Path<'c> {
        &self.path
    }

    /// Replaces the path by another, which is a local optimum.
    pub(crate) fn go_back(&mut self, path: &Path<'_>) {
        self.path.copy_from(path);
    }

    /// Makes moves until none helps around any queued node; returns the change.
    ///
    /// That ends, whatever the costs are: each move lowers the path's cost not
    /// only by what was computed, which rounding could make of a circle of moves
    /// that change nothing, but in exact arithmetic ([`Path::surely_lowers`]).
    /// So no path occurs twice, and there are finitely many. As these might
    /// still be too many to wait for, moves are counted: after [`MOVES`] for each
    /// node the path stays as it is, as good as it has become.
    pub(crate) fn improve(&mut self) -> f64 {
        let (mut total, mut left) = (0.0, MOVES * (self.path.len() + 1));
        while let Some(node) = self.queue.pop() {
            self.queued[node] = false;
            while left > 0
                && let Some(change) = self.best_move(node)
            {
                total += self.make(change);
                left -= 1;
            }
        }
        total
    }

    /// Makes a move, queues what it touches and returns what it changes.
    pub(crate) fn make(&mut self, change: Move) -> f64 {
        let by = self.path.change(change);
        for node in self.path.apply(change) {
            if !self.queued[node] {
                self.queued[node] = true;
                self.queue.push(node);
            }
        }
        by
    }

    /// The best of the moves that give `node` a new neighbour.
    fn best_move(&self, node: usize) -> Option<Move> {
        let n = self.path.len();
        let mut best: Option<(Move, f64)> = None;
        let mut consider = |change: Move| {
            let by = self.path.change(change);
            let least = best.map_or(0.0, |(_, least)| least);
            if by < least && self.path.surely_lowers(change, by) {
                best = Some((change, by));
            }
        };
        if !self.costs.is_symmetric() {
            self.segment_swaps(node, &mut consider);
        }
        if node == n {
            // The border: any node may become the first or the last.
            for place in 2..=n {
                consider(Move::Reverse { first: 1, last: place - 1 });
                consider(Move::Reverse { first: place, last: n });
            }
            return best.map(|(change, _)| change);
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
            if other == n {
                continue; // the ends have moves of their own, below
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
        best.map(|(change, _)| change)
    }

    /// Swaps of neighbouring segments of any length: sequential 3-opt without
    /// reversal, which is what pays where directions differ in cost.
    ///
    /// In the tour `a b .. d c .. f e ..`, through the border, the steps from
    /// `a`, `d` and `f` are replaced by `a c`, `d e` and `f b`. The gain must be
    /// positive after each of the first two: any three steps that gain together
    /// can be begun where that is so.
    fn segment_swaps(&self, a: usize, consider: &mut impl FnMut(Move)) {
        let (path, size) = (&self.path, self.path.len() + 1);
        let p = path.place(a);
        let beyond = |place: usize| (place + size - p) % size;
        let b = path.at(p + 1);
        for &c in &self.neighbours[a] {
            let first = path.cost(a, b) - path.cost(a, c);
            if first <= 0.0 {
                break;
            }
            let q = path.place_before(c);
            let d = path.at(q);
            for &e in &self.neighbours[d] {
                if first + path.cost(d, c) - path.cost(d, e) <= 0.0 {
                    break;
                }
                let r = path.place_before(e);
                if beyond(q) < beyond(r) {
                    let mut places = [p, q, r];
                    places.sort_unstable();
                    let [p, q, r] = places.map(|place| place + 1);
                    consider(Move::Swap { first: p, middle: q, end: r });
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
