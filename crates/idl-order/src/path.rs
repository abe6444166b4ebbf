//! A path that moves improve.

use crate::input::Distances;

/// A path through all nodes between two copies of a *border*, an additional
/// node that costs nothing to leave and `end[v]` to enter from `v`. So the ends
/// of the path are edges like others.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The border is node `n`.
    n: usize,
    /// Row-major, `[n + 1, n + 1]`.
    cost: Vec<f64>,
    symmetric: bool,
    /// `[border, path, border]`.
    nodes: Vec<usize>,
    /// The index in `nodes` of each node but the border.
    place: Vec<usize>,
}

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

impl Path {
    pub(crate) fn new(distances: &Distances, end: &[f64], order: &[usize]) -> Self {
        let n = distances.len();
        let mut cost = Vec::with_capacity((n + 1) * (n + 1));
        for (v, &end) in end.iter().enumerate() {
            cost.extend_from_slice(distances.row(v));
            cost.push(end);
        }
        cost.resize((n + 1) * (n + 1), 0.0);
        let mut nodes = Vec::with_capacity(n + 2);
        nodes.push(n);
        nodes.extend_from_slice(order);
        nodes.push(n);
        let mut path =
            Path { n, cost, symmetric: distances.is_symmetric(), nodes, place: vec![0; n] };
        path.replace(1, n + 1);
        path
    }

    /// The nodes without the border.
    pub(crate) fn order(&self) -> &[usize] {
        &self.nodes[1..=self.n]
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Whether directions do not matter, but for the ends.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// What stands at a place: the border at 0 and `len() + 1`.
    pub(crate) fn at(&self, place: usize) -> usize {
        self.nodes[place]
    }

    pub(crate) fn place(&self, node: usize) -> usize {
        self.place[node]
    }

    pub(crate) fn cost(&self, from: usize, to: usize) -> f64 {
        self.cost[from * (self.n + 1) + to]
    }

    pub(crate) fn total(&self) -> f64 {
        self.nodes.windows(2).map(|pair| self.cost(pair[0], pair[1])).sum()
    }

    /// Takes over the nodes of another path of the same problem.
    pub(crate) fn copy_from(&mut self, other: &Path) {
        self.nodes.copy_from_slice(&other.nodes);
        self.place.copy_from_slice(&other.place);
    }

    fn edge(&self, from: usize, to: usize) -> f64 {
        self.cost(self.nodes[from], self.nodes[to])
    }

    /// What reversing `first..=last` changes inside.
    fn reversal(&self, first: usize, last: usize) -> f64 {
        if self.symmetric {
            return 0.0;
        }
        (first..last).map(|k| self.edge(k + 1, k) - self.edge(k, k + 1)).sum()
    }

    /// What a move changes. `O(1)` if the matrix is symmetric, otherwise linear
    /// in what is reversed.
    pub(crate) fn change(&self, change: Move) -> f64 {
        match change {
            Move::Reverse { first, last } => {
                self.edge(first - 1, last) + self.edge(first, last + 1)
                    - self.edge(first - 1, first)
                    - self.edge(last, last + 1)
                    + self.reversal(first, last)
            }
            Move::Swap { first, middle, end }
            | Move::SwapReverseFirst { first, middle, end }
            | Move::SwapReverseSecond { first, middle, end } => {
                // Each part's first and last place after the move.
                let (mut a, mut b) = ((first, middle - 1), (middle, end - 1));
                let mut inside = 0.0;
                if matches!(change, Move::SwapReverseFirst { .. }) {
                    inside = self.reversal(a.0, a.1);
                    a = (a.1, a.0);
                }
                if matches!(change, Move::SwapReverseSecond { .. }) {
                    inside = self.reversal(b.0, b.1);
                    b = (b.1, b.0);
                }
                self.edge(first - 1, b.0) + self.edge(b.1, a.0) + self.edge(a.1, end)
                    - self.edge(first - 1, first)
                    - self.edge(middle - 1, middle)
                    - self.edge(end - 1, end)
                    + inside
            }
        }
    }

    /// Makes a move and tells the nodes whose edges it replaced. Linear in the
    /// places that it touches.
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

    /// Notes the places of what stands at `first..end`.
    fn replace(&mut self, first: usize, end: usize) {
        for place in first..end {
            self.place[self.nodes[place]] = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_change_is_what_the_totals_differ_by() {
        for symmetric in [true, false] {
            let d = Array2::from_shape_fn((7, 7), |(i, j)| {
                let (i, j) = if symmetric { (i.min(j), i.max(j)) } else { (i, j) };
                ((i * 31 + j * 17) % 23) as f64
            });
            let end: Vec<f64> = (0..7).map(f64::from).collect();
            let distances = Distances::new(d.view()).unwrap();
            let path = Path::new(&distances, &end, &[3, 0, 6, 2, 5, 1, 4]);
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
                assert!((1..=7).all(|p| after.place(after.at(p)) == p), "{change:?}");
                let mut sorted = after.order().to_vec();
                sorted.sort_unstable();
                assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6]);
            }
        }
    }
}
