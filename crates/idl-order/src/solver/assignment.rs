//! The assignment problem: a successor for every node, and no two the same.
//! A tour is one; so the cheapest assignment bounds the cheapest tour.

/// No node.
const NONE: usize = usize::MAX;

/// Square costs, row-major. Infinite entries are forbidden.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub(crate) size: usize,
    pub(crate) flat: Vec<f64>,
}

impl Matrix {
    pub(crate) fn get(&self, i: usize, j: usize) -> f64 {
        self.flat[i * self.size + j]
    }

    pub(crate) fn set(&mut self, i: usize, j: usize, cost: f64) {
        self.flat[i * self.size + j] = cost;
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.flat[i * self.size..(i + 1) * self.size]
    }
}

/// A cheapest assignment with the dual prices that prove it: `cost(i, j) -
/// out[i] - into[j]` is nowhere negative and zero where `j` follows `i`.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    /// The successor of each node.
    pub(crate) next: Vec<usize>,
    /// The predecessor of each node.
    previous: Vec<usize>,
    out: Vec<f64>,
    into: Vec<f64>,
}

/// The scratch of the search for shortest augmenting paths.
#[derive(Clone, Debug)]
pub(crate) struct Augmenter {
    distance: Vec<f64>,
    parent: Vec<usize>,
    done: Vec<bool>,
    order: Vec<usize>,
}

impl Augmenter {
    pub(crate) fn new(size: usize) -> Self {
        Augmenter {
            distance: vec![0.0; size],
            parent: vec![0; size],
            done: vec![false; size],
            order: Vec::with_capacity(size),
        }
    }

    /// A cheapest assignment: `O(n^3)`, mostly much less. `None` if the costs
    /// forbid every one. `work` counts the entries that were looked at.
    pub(crate) fn solve(&mut self, costs: &Matrix, work: &mut usize) -> Option<Assignment> {
        let n = costs.size;
        let mut found = Assignment {
            next: vec![NONE; n],
            previous: vec![NONE; n],
            out: vec![0.0; n],
            into: vec![f64::INFINITY; n],
        };
        // Each column at the price of its cheapest entry, which is assigned
        // where its row is still free.
        for i in 0..n {
            for (into, &cost) in found.into.iter_mut().zip(costs.row(i)) {
                *into = into.min(cost);
            }
        }
        if found.into.iter().any(|into| into.is_infinite()) {
            return None;
        }
        for j in 0..n {
            let cheapest = (0..n).find(|&i| costs.get(i, j) == found.into[j]);
            if let Some(i) = cheapest.filter(|&i| found.next[i] == NONE) {
                found.next[i] = j;
                found.previous[j] = i;
            }
        }
        *work += 2 * n * n;
        let nothing = vec![false; n];
        for i in 0..n {
            if found.next[i] == NONE {
                self.augment(&mut found, costs, i, &nothing, work)?;
            }
        }
        Some(found)
    }

    /// The cheapest assignment once `from` may not be followed by its present
    /// successor, whose entry has become infinite. Steps into `fixed` nodes
    /// stay as they are. `O(n^2)`.
    pub(crate) fn release(
        &mut self,
        assignment: &mut Assignment,
        costs: &Matrix,
        from: usize,
        fixed: &[bool],
        work: &mut usize,
    ) -> Option<()> {
        let to = assignment.next[from];
        assignment.next[from] = NONE;
        assignment.previous[to] = NONE;
        self.augment(assignment, costs, from, fixed, work)
    }

    /// Gives `free` a successor: Dijkstra's algorithm on reduced costs to the
    /// nearest node without a predecessor, then along the path back.
    fn augment(
        &mut self,
        assignment: &mut Assignment,
        costs: &Matrix,
        free: usize,
        fixed: &[bool],
        work: &mut usize,
    ) -> Option<()> {
        let Assignment { next, previous, out, into } = assignment;
        self.done.copy_from_slice(fixed);
        self.distance.fill(f64::INFINITY);
        self.order.clear();
        let (mut row, mut travelled) = (free, 0.0);
        let last = loop {
            *work += costs.size;
            let (mut nearest, mut least) = (NONE, f64::INFINITY);
            let base = travelled - out[row];
            for (j, (&cost, &into)) in costs.row(row).iter().zip(into.iter()).enumerate() {
                if self.done[j] {
                    continue;
                }
                let through = base + cost - into;
                if through < self.distance[j] {
                    self.distance[j] = through;
                    self.parent[j] = row;
                }
                if self.distance[j] < least {
                    (nearest, least) = (j, self.distance[j]);
                }
            }
            if nearest == NONE {
                return None;
            }
            travelled = least;
            if previous[nearest] == NONE {
                break nearest;
            }
            self.done[nearest] = true;
            self.order.push(nearest);
            row = previous[nearest];
        };
        out[free] += travelled;
        for &j in &self.order {
            let change = travelled - self.distance[j];
            into[j] -= change;
            out[previous[j]] += change;
        }
        let mut column = last;
        loop {
            let row = self.parent[column];
            previous[column] = row;
            let replaced = std::mem::replace(&mut next[row], column);
            if row == free {
                return Some(());
            }
            column = replaced;
        }
    }
}

impl Assignment {
    /// The sum of the assigned entries.
    pub(crate) fn cost(&self, costs: &Matrix) -> f64 {
        self.next.iter().enumerate().map(|(i, &j)| costs.get(i, j)).sum()
    }

    /// The cycles that the successors form, each from its smallest node.
    pub(crate) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.next.len()];
        let mut cycles = Vec::new();
        for first in 0..self.next.len() {
            let mut cycle = Vec::new();
            let mut node = first;
            while !seen[node] {
                seen[node] = true;
                cycle.push(node);
                node = self.next[node];
            }
            if !cycle.is_empty() {
                cycles.push(cycle);
            }
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers that look random.
    fn matrix(size: usize, seed: u64) -> Matrix {
        let mut state = seed;
        let flat = (0..size * size).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 58) as f64
        });
        Matrix { size, flat: flat.collect() }
    }

    /// The least cost over all permutations.
    fn least(costs: &Matrix, row: usize, taken: &mut Vec<usize>) -> f64 {
        if row == costs.size {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for j in 0..costs.size {
            if !taken.contains(&j) {
                taken.push(j);
                best = best.min(costs.get(row, j) + least(costs, row + 1, taken));
                taken.pop();
            }
        }
        best
    }

    #[test]
    fn assignments_are_cheapest_before_and_after_a_release() {
        for seed in 0..200 {
            let mut costs = matrix(6, seed);
            (0..6).for_each(|i| costs.set(i, i, f64::INFINITY));
            let mut augmenter = Augmenter::new(6);
            let mut assignment = augmenter.solve(&costs, &mut 0).unwrap();
            assert_eq!(assignment.cost(&costs), least(&costs, 0, &mut Vec::new()), "{seed}");
            let from = (seed % 6) as usize;
            costs.set(from, assignment.next[from], f64::INFINITY);
            let nothing = [false; 6];
            augmenter.release(&mut assignment, &costs, from, &nothing, &mut 0).unwrap();
            assert_eq!(assignment.cost(&costs), least(&costs, 0, &mut Vec::new()), "{seed}");
        }
    }

    #[test]
    fn what_is_forbidden_is_not_assigned() {
        let mut costs = matrix(3, 1);
        (0..3).for_each(|i| costs.set(i, 2, f64::INFINITY));
        assert!(Augmenter::new(3).solve(&costs, &mut 0).is_none());
    }
}
