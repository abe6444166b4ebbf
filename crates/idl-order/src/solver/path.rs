//! A path that moves improve.

use crate::solver::costs::Costs;

/// A path through all nodes between two copies of the border.
#[derive(Clone, Debug)]
pub(crate) struct Path<'c> {
    costs: &'c Costs,
    n: usize,
    /// `[border, path, border]`.
    nodes: Vec<usize>,
    /// The index in `nodes` of each node; the border's is 0.
    place: Vec<usize>,
    /// At place `k` what reversing the places `1..=k` changes inside. Not used
    /// if the costs are symmetric: then it is nothing.
    turned: Vec<Sum>,
}

/// A sum and the same of absolute values, which tells how far off rounding may
/// have put it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    value: f64,
    absolute: f64,
}

/// An improvement of less than this, relative to the costs that it is the sum
/// of, is none. Far above the rounding of a sum of seven numbers.
const ROUNDING: f64 = 1e-12;

/// Replaces edges of the path by others.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// Reverses `first..=last`.
    Reverse { first: usize, last: usize },
    /// Swaps `first..middle` and `middle..end`, which moves a segment without
    /// reversing it.
    Swap { first: usize, middle: usize, end: usize },
    /// The same, and `first..middle` is reversed as well.
    SwapReverseFirst { first: usize, middle: usize, end: usize },
    /// The same, and `middle..end` is reversed as well.
    SwapReverseSecond { first: usize, middle: usize, end: usize },
}

impl<'c> Path<'c> {
    pub(crate) fn new(costs: &'c Costs, order: &[usize]) -> Self {
        let n = costs.border();
        let mut nodes = Vec::with_capacity(n + 2);
        nodes.push(n);
        nodes.extend_from_slice(order);
        nodes.push(n);
        let turned = if costs.is_symmetric() { Vec::new() } else { vec![Sum::default(); n + 1] };
        let mut path = Path { costs, n, nodes, place: vec![0; n + 1], turned };
        path.replace(1, n + 1);
        path
    }

    /// The nodes without the border.
    pub(crate) fn order(&self) -> &[usize] {
        &self.nodes[1..=self.n]
    }

    /// The number of nodes, which is the border's name as well.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// What stands at a place: the border at 0 and `len() + 1`.
    pub(crate) fn at(&self, place: usize) -> usize {
        self.nodes[place]
    }

    pub(crate) fn place(&self, node: usize) -> usize {
        self.place[node]
    }

    /// The place before that of `node`; before the border, that of the last.
    pub(crate) fn place_before(&self, node: usize) -> usize {
        self.place[node].checked_sub(1).unwrap_or(self.n)
    }

    pub(crate) fn cost(&self, from: usize, to: usize) -> f64 {
        self.costs.get(from, to)
    }

    #[cfg(test)]
    pub(crate) fn total(&self) -> f64 {
        self.nodes.windows(2).map(|pair| self.cost(pair[0], pair[1])).sum()
    }

    /// Takes over the nodes of another path of the same problem.
    pub(crate) fn copy_from(&mut self, other: &Path<'_>) {
        self.nodes.copy_from_slice(&other.nodes);
        self.place.copy_from_slice(&other.place);
        self.turned.copy_from_slice(&other.turned);
    }

    fn edge(&self, from: usize, to: usize) -> f64 {
        self.cost(self.nodes[from], self.nodes[to])
    }

    /// What reversing `first..=last` changes inside.
    fn reversal(&self, first: usize, last: usize) -> f64 {
        if self.turned.is_empty() {
            0.0
        } else {
            self.turned[last].value - self.turned[first].value
        }
    }

    /// The edges that a move adds, those that it removes, and the first and last
    /// place of what it reverses.
    fn edges(&self, change: Move) -> ([f64; 3], [f64; 3], Option<(usize, usize)>) {
        match change {
            Move::Reverse { first, last } => (
                [self.edge(first - 1, last), self.edge(first, last + 1), 0.0],
                [self.edge(first - 1, first), self.edge(last, last + 1), 0.0],
                Some((first, last)),
            ),
            Move::Swap { first, middle, end }
            | Move::SwapReverseFirst { first, middle, end }
            | Move::SwapReverseSecond { first, middle, end } => {
                // Each part's first and last place after the move.
                let (mut a, mut b) = ((first, middle - 1), (middle, end - 1));
                let mut reversed = None;
                if matches!(change, Move::SwapReverseFirst { .. }) {
                    reversed = Some(a);
                    a = (a.1, a.0);
                }
                if matches!(change, Move::SwapReverseSecond { .. }) {
                    reversed = Some(b);
                    b = (b.1, b.0);
                }
                (
                    [self.edge(first - 1, b.0), self.edge(b.1, a.0), self.edge(a.1, end)],
                    [
                        self.edge(first - 1, first),
                        self.edge(middle - 1, middle),
                        self.edge(end - 1, end),
                    ],
                    reversed,
                )
            }
        }
    }

    /// What a move changes. `O(1)`.
    pub(crate) fn change(&self, change: Move) -> f64 {
        let ([a, b, c], [x, y, z], reversed) = self.edges(change);
        let inside = reversed.map_or(0.0, |(first, last)| self.reversal(first, last));
        a + b + c - x - y - z + inside
    }

    /// Whether a move that changes the cost `by` so much surely lowers it: not
    /// only as it was computed, but as the exact sum of the costs.
    ///
    /// A computed sum of `k` numbers is off by at most `k` times the relative
    /// rounding times the sum of their absolute values. Those are the edges that
    /// the move replaces, and for what it reverses, two for each place up to its
    /// end. (Where numbers are so small that this bound underflows, sums are
    /// exact.)
    pub(crate) fn surely_lowers(&self, change: Move, by: f64) -> bool {
        let (added, removed, reversed) = self.edges(change);
        let edges: f64 = added.iter().chain(&removed).map(|edge| edge.abs()).sum();
        let inside = match reversed {
            Some((_, last)) if !self.turned.is_empty() => {
                (8 * self.n + 16) as f64 * f64::EPSILON * self.turned[last].absolute
            }
            _ => 0.0,
        };
        by < -(ROUNDING * edges + inside)
    }

    /// Makes a move and tells the nodes whose edges it replaced. Linear in the
    /// places that it touches, and if the costs are asymmetric those after them.
    pub(crate) fn apply(&mut self, change: Move) -> [usize; 6] {
        let (first, middle, end) = match change {
            Move::Reverse { first, last } => (first, last, last + 1),
            Move::Swap { first, middle, end }
            | Move::SwapReverseFirst { first, middle, end }
            | Move::SwapReverseSecond { first, middle, end } => (first, middle, end),
        };
        let touched = [first - 1, first, middle - 1, middle, end - 1, end].map(|p| self.nodes[p]);
        match change {
            Move::Reverse { .. } => self.nodes[first..end].reverse(),
            Move::Swap { .. } => self.nodes[first..end].rotate_left(middle - first),
            Move::SwapReverseFirst { .. } => {
                self.nodes[first..middle].reverse();
                self.nodes[first..end].rotate_left(middle - first);
            }
            Move::SwapReverseSecond { .. } => {
                self.nodes[middle..end].reverse();
                self.nodes[first..end].rotate_left(middle - first);
            }
        }
        self.replace(first, end);
        touched
    }

    /// Notes the places of what stands at `first..end`, and what turns cost
    /// from there on.
    fn replace(&mut self, first: usize, end: usize) {
        for place in first..end {
            self.place[self.nodes[place]] = place;
        }
        if !self.turned.is_empty() {
            for k in first.max(2)..=self.n {
                let (back, forth) = (self.edge(k, k - 1), self.edge(k - 1, k));
                let Sum { value, absolute } = self.turned[k - 1];
                self.turned[k] = Sum {
                    value: value + back - forth,
                    absolute: absolute + back.abs() + forth.abs(),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::solver::input::Distances;

    #[test]
    fn a_change_is_what_the_totals_differ_by() {
        for symmetric in [true, false] {
            let d = Array2::from_shape_fn((7, 7), |(i, j)| {
                let (i, j) = if symmetric { (i.min(j), i.max(j)) } else { (i, j) };
                ((i * 31 + j * 17) % 23) as f64
            });
            let end: Vec<f64> = (0..7).map(f64::from).collect();
            let distances = Distances::new(d.view()).unwrap();
            let costs = Costs::new(&distances, &end);
            let path = Path::new(&costs, &[3, 0, 6, 2, 5, 1, 4]);
            let mut moves = Vec::new();
            for first in 1..=7 {
                for last in first..=7 {
                    moves.push(Move::Reverse { first, last });
                    for middle in first + 1..=last {
                        let end = last + 1;
                        moves.push(Move::Swap { first, middle, end });
                        moves.push(Move::SwapReverseFirst { first, middle, end });
                        moves.push(Move::SwapReverseSecond { first, middle, end });
                    }
                }
            }
            for change in moves {
                let mut after = path.clone();
                after.apply(change);
                let expected = after.total() - path.total();
                assert!((path.change(change) - expected).abs() < 1e-9, "{change:?}");
                let anew = Path::new(&costs, after.order());
                assert_eq!((&after.place, &after.turned), (&anew.place, &anew.turned));
                assert!((1..=7).all(|p| after.place(after.at(p)) == p), "{change:?}");
                let mut sorted = after.order().to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6]);
            }
        }
    }
}
