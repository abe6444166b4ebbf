//! A rectangle of pairs: one product for each class, then the recurrences.

use std::ops::Range;

use super::block::{FILLER, Group};
use super::lanes::{LANES, advance};
use super::memory::Buffer;
use super::product::scaled_product;
use super::sides::{PRODUCT, Sides};

/// A stripe has so many rows at least: fewer would hardly be a matrix product.
const STRIPE: usize = 64;

/// A weight that no matching takes. Finite, so that no NaN can arise.
const NEVER: f32 = -1e30;

/// What a thread needs, kept from one rectangle to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    products: Products,
    best: Vec<f32>,
}

impl Scratch {
    /// `S` for the sessions of some groups of either side, written to `out`,
    /// `[places of the first, columns.places()]`.
    pub(super) fn rectangle(
        &mut self,
        sides: Sides<'_>,
        first: Range<usize>,
        second: Range<usize>,
        out: &mut [f32],
    ) {
        let Sides { rows, columns, .. } = sides;
        self.products.make(sides, rows.rows(first.clone()), columns.rows(second.clone()));
        let places = rows.groups[first].iter().flat_map(Group::places);
        for (place, out) in places.zip(out.chunks_exact_mut(columns.places())) {
            for group in &columns.groups[second.clone()] {
                let state = sides.state(group);
                self.best.resize(self.best.len().max(state), 0.0);
                let best = &mut self.best[..state];
                best.fill(0.0);
                self.products.advance(sides, &rows.script[place], group, best);
                out[group.places()].copy_from_slice(&best[state - group.lanes..]);
            }
        }
    }

    /// The same for one first group, a few of its cycles at a time: memory is
    /// linear in the lengths of the sessions and not in their product.
    pub(super) fn stripes(
        &mut self,
        sides: Sides<'_>,
        first: &Group,
        second: Range<usize>,
        out: &mut [f32],
    ) {
        let Sides { rows, columns, .. } = sides;
        for group in &columns.groups[second] {
            let (width, state) = (group.cycles * group.lanes, sides.state(group));
            let step = (PRODUCT / width.max(1)).max(STRIPE).div_ceil(first.lanes);
            // The sums of the first sessions so far, one after the other.
            self.best.clear();
            self.best.resize(first.lanes * state, 0.0);
            for start in (0..first.cycles).step_by(step) {
                let cycles = start..first.cycles.min(start + step);
                let said = first.rows(cycles);
                self.products.make(sides, said.clone(), group.rows(0..group.cycles));
                for (place, best) in first.places().zip(self.best.chunks_exact_mut(state)) {
                    // Rows ascend in a script.
                    let script = &rows.script[place];
                    let from = script.partition_point(|&(_, row)| row < said.start);
                    let to = script.partition_point(|&(_, row)| row < said.end);
                    self.products.advance(sides, &script[from..to], group, best);
                }
            }
            let sums = self.best.chunks_exact(state);
            for (best, out) in sums.zip(out.chunks_exact_mut(columns.places())) {
                out[group.places()].copy_from_slice(&best[state - group.lanes..]);
            }
        }
    }
}

/// What matching some rows of either side adds.
#[derive(Debug, Default)]
struct Products {
    /// For each class the weights but for `offset`, `[a_rows, b_rows]`.
    weights: Vec<Buffer>,
    offset: f32,
    a_rows: Range<usize>,
    b_rows: Range<usize>,
}

impl Products {
    fn make(&mut self, sides: Sides<'_>, a_rows: Range<usize>, b_rows: Range<usize>) {
        let Sides { rows, columns, layout, weights } = sides;
        let (height, width) = (a_rows.len(), b_rows.len());
        self.weights.resize_with(layout.classes(), Buffer::default);
        // A filler's cosine counts as 0, which must not pay.
        let masked = layout.mixes_roles() || weights.rho < 1.0;
        for (class, product) in self.weights.iter_mut().enumerate() {
            product.reserve(height * width);
            if product.is_empty() {
                continue;
            }
            let (a, b) = (rows.vectors(class, &a_rows), columns.vectors(class, &b_rows));
            scaled_product(weights.rho, a, b, rows.dim(), product);
            if masked {
                let roles = &columns.roles[class][b_rows.clone()];
                let product = product.chunks_exact_mut(width);
                for (&role, row) in rows.roles[class][a_rows.clone()].iter().zip(product) {
                    mask(row, role, roles, 1.0 - weights.rho);
                }
            }
        }
        self.offset = if masked { 0.0 } else { 1.0 - weights.rho };
        (self.a_rows, self.b_rows) = (a_rows, b_rows);
    }

    /// Lets what `script` says, which is among the first rows, be matched with
    /// what a group says, which is among the second. `best` as for [`advance`].
    fn advance(
        &self,
        sides: Sides<'_>,
        script: &[(usize, usize)],
        group: &Group,
        best: &mut [f32],
    ) {
        let layout = sides.layout;
        let (width, start) = (self.b_rows.len(), group.first_row - self.b_rows.start);
        let utterances = script.iter().map(|&(class, row)| {
            let at = (row - self.a_rows.start) * width + start;
            let weights = &self.weights[class][at..at + group.cycles * group.lanes];
            (layout.position(class, group.first_class), weights)
        });
        match group.lanes {
            1 => advance::<1>(layout.classes(), utterances, self.offset, best),
            _ => advance::<LANES>(layout.classes(), utterances, self.offset, best),
        }
    }
}

impl Sides<'_> {
    /// How many numbers [`advance`] keeps for one first session and a group.
    fn state(&self, group: &Group) -> usize {
        (group.cycles * self.layout.classes() + 1) * group.lanes
    }
}

/// Turns products into weights, and those across roles into [`NEVER`].
fn mask(products: &mut [f32], role: u16, roles: &[u16], offset: f32) {
    for (product, &other) in products.iter_mut().zip(roles) {
        *product = if other == role && role != FILLER { *product + offset } else { NEVER };
    }
}
