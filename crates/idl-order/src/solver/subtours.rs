//! Asymmetric matrices: branch and bound on subtours of cheapest assignments
//! (Carpaneto, Dell'Amico and Toth).

use crate::solver::assignment::{Assignment, Augmenter, Matrix};
use crate::solver::costs::Costs;

/// A tour that costs less by less than this, relatively, is not looked for.
const SLACK: f64 = 1e-10;

/// A step, from and to.
type Step = (usize, usize);

/// A cheapest assignment among those that take some steps and not others.
struct Branch {
    bound: f64,
    assignment: Assignment,
    forbidden: Vec<Step>,
    taken: Vec<Step>,
}

/// The search for the cheapest tour through all nodes, the border included.
///
/// The cheapest assignment is a lower bound; if its successors form one cycle,
/// it is the cheapest tour. Otherwise the shortest of its cycles is broken: one
/// branch for each of its steps, which is forbidden there while the steps before
/// it are taken. Each branch costs one shortest augmenting path, `O(n^2)`.
/// Where distances have no structure the bound is nearly the cost of the best
/// tour, and hundreds of nodes are solved; where the matrix is nearly symmetric,
/// the assignment falls into pairs, and the search is given up.
pub(crate) struct Subtours {
    costs: Matrix,
    augmenter: Augmenter,
    branches: Vec<Branch>,
    fixed: Vec<bool>,
    work: usize,
    /// The cheapest tour that is known and its cost.
    best: Vec<usize>,
    best_cost: f64,
}

impl Subtours {
    /// Solves the assignment problem and makes a tour of it. `O(n^3)` at worst.
    pub(crate) fn new(costs: &Costs) -> Option<Self> {
        let size = costs.nodes();
        let mut costs =
            Matrix { size, flat: (0..size).flat_map(|i| costs.row(i)).copied().collect() };
        (0..size).for_each(|i| costs.set(i, i, f64::INFINITY));
        let (mut augmenter, mut work) = (Augmenter::new(size), 0);
        let assignment = augmenter.solve(&costs, &mut work)?;
        let bound = assignment.cost(&costs);
        let best = patch(&costs, &assignment);
        let best_cost = tour_cost(&costs, &best);
        let root = Branch { bound, assignment, forbidden: Vec::new(), taken: Vec::new() };
        let (branches, fixed) = (vec![root], vec![false; size]);
        Some(Subtours { costs, augmenter, branches, fixed, work, best, best_cost })
    }

    /// The cheapest tour that is known, from any of its nodes.
    pub(crate) fn best(&self) -> &[usize] {
        &self.best
    }

    /// How far above the bound the cheapest known tour may be, relatively.
    pub(crate) fn gap(&self) -> f64 {
        let bound = self.branches.iter().map(|b| b.bound).fold(self.best_cost, f64::min);
        if self.best_cost > bound { (self.best_cost - bound) / self.best_cost } else { 0.0 }
    }

    /// Hears of a tour that something else has found.
    pub(crate) fn offer(&mut self, tour: Vec<usize>) {
        let cost = tour_cost(&self.costs, &tour);
        if cost < self.best_cost {
            (self.best, self.best_cost) = (tour, cost);
        }
    }

    /// Searches until nothing is left or more than `limit` entries of the
    /// matrix were looked at; tells whether the best tour is proven to be the
    /// cheapest.
    pub(crate) fn search(&mut self, limit: usize) -> bool {
        while let Some(branch) = self.branches.pop() {
            if !self.may_improve(branch.bound) {
                continue;
            }
            if self.work > limit {
                self.branches.push(branch);
                return false;
            }
            self.expand(&branch);
        }
        true
    }

    fn may_improve(&self, bound: f64) -> bool {
        bound < self.best_cost - SLACK * self.best_cost
    }

    /// Replaces a branch by those that break its shortest cycle.
    fn expand(&mut self, branch: &Branch) {
        let cycles = branch.assignment.cycles();
        if cycles.len() == 1 {
            self.offer(cycles.into_iter().flatten().collect());
            return;
        }
        self.offer(patch(&self.costs, &branch.assignment));
        self.work += self.costs.size * cycles.len();

        branch.taken.iter().for_each(|&(_, to)| self.fixed[to] = true);
        // Steps that are taken cannot be forbidden: they give no branch.
        let next = &branch.assignment.next;
        let free = |cycle: &Vec<usize>| cycle.iter().filter(|&&v| !self.fixed[next[v]]).count();
        let Some(cycle) = cycles.iter().min_by_key(|cycle| free(cycle)) else { return };
        let steps: Vec<Step> = cycle.iter().map(|&v| (v, next[v])).collect();
        let steps: Vec<Step> = steps.into_iter().filter(|&(_, to)| !self.fixed[to]).collect();

        let undo: Vec<f64> = branch.forbidden.iter().map(|&(i, j)| self.costs.get(i, j)).collect();
        branch.forbidden.iter().for_each(|&(i, j)| self.costs.set(i, j, f64::INFINITY));
        let first = self.branches.len();
        for (k, &(from, to)) in steps.iter().enumerate() {
            let before = self.costs.get(from, to);
            self.costs.set(from, to, f64::INFINITY);
            let mut assignment = branch.assignment.clone();
            let solved = self.augmenter.release(
                &mut assignment,
                &self.costs,
                from,
                &self.fixed,
                &mut self.work,
            );
            self.costs.set(from, to, before);
            if solved.is_some() {
                let bound = assignment.cost(&self.costs);
                if self.may_improve(bound) {
                    let forbidden = [&branch.forbidden[..], &[(from, to)]].concat();
                    let taken = [&branch.taken[..], &steps[..k]].concat();
                    self.branches.push(Branch { bound, assignment, forbidden, taken });
                }
            }
            self.fixed[to] = true;
        }
        for (&(i, j), cost) in branch.forbidden.iter().zip(undo) {
            self.costs.set(i, j, cost);
        }
        self.fixed.fill(false);
        // The most promising on top of the stack.
        self.branches[first..].sort_by(|a, b| b.bound.total_cmp(&a.bound));
    }
}

fn tour_cost(costs: &Matrix, tour: &[usize]) -> f64 {
    let next = tour.iter().skip(1).chain(tour.first());
    tour.iter().zip(next).map(|(&i, &j)| costs.get(i, j)).sum()
}

/// Makes one cycle of all: the shortest is opened and joined to another where
/// that costs least, again and again. `O(n^2)`.
fn patch(costs: &Matrix, assignment: &Assignment) -> Vec<usize> {
    let mut next = assignment.next.clone();
    let mut cycles = assignment.cycles();
    let mut cycle_of = vec![0; costs.size];
    for (c, cycle) in cycles.iter().enumerate() {
        cycle.iter().for_each(|&v| cycle_of[v] = c);
    }
    let nodes = 0..costs.size;
    for _ in 1..cycles.len() {
        let shortest = (0..cycles.len())
            .filter(|&c| !cycles[c].is_empty())
            .min_by_key(|&c| cycles[c].len())
            .unwrap_or(0);
        let mut best = (f64::INFINITY, 0, 0);
        for &i in &cycles[shortest] {
            for j in nodes.clone().filter(|&j| cycle_of[j] != shortest) {
                let change = costs.get(i, next[j]) + costs.get(j, next[i])
                    - costs.get(i, next[i])
                    - costs.get(j, next[j]);
                if change < best.0 {
                    best = (change, i, j);
                }
            }
        }
        let (_, i, j) = best;
        next.swap(i, j);
        let (moved, into) = (std::mem::take(&mut cycles[shortest]), cycle_of[j]);
        moved.iter().for_each(|&v| cycle_of[v] = into);
        cycles[into].extend(moved);
    }
    let mut tour = Vec::with_capacity(costs.size);
    let mut node = 0;
    for _ in nodes {
        tour.push(node);
        node = next[node];
    }
    tour
}
