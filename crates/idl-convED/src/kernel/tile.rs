//! All pairs of two blocks.

use std::ops::Range;

#[cfg(feature = "rayon")]
use rayon::prelude::*;

use super::block::{Block, FILLER, Group, Layout};
use super::lanes::{LANES, Lanes, greatest_sums};
use super::memory::Buffer;
use super::product::scaled_product;

/// How many first sessions make one product and one unit of parallel work: few
/// where there are few, so that little is computed below the diagonal. Not a
/// matter of how many threads there are, lest results depend on it.
fn chunk(places: usize) -> usize {
    if places <= 256 { 16 } else { 32 }
}

/// How many entries one product has, unless the sessions are so long that those
/// of a single group make more: some hundred kilobytes, which stay in a core's
/// cache until the recurrence has read them.
const PRODUCT: usize = 3 << 15;

/// A weight that no matching takes. Finite, so that no NaN can arise.
const NEVER: f32 = -1e30;

/// What matching two utterances of a role adds: `1 - rho (1 - cos)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    pub(crate) rho: f32,
}

/// `S` for all pairs of places of two blocks.
#[derive(Debug)]
pub(crate) struct Scores {
    columns: usize,
    values: Buffer,
}

impl Scores {
    /// `S` of every pair of a first and a second session.
    pub(crate) fn between(
        rows: &Block,
        columns: &Block,
        layout: &Layout,
        weights: Weights,
    ) -> Self {
        Self::compute(rows, columns, layout, weights, false)
    }

    /// `S` of every pair of sessions of one block, each pair once.
    pub(crate) fn within(block: &Block, layout: &Layout, weights: Weights) -> Self {
        Self::compute(block, block, layout, weights, true)
    }

    /// `S` of the pair at these places. Within one block, the pair must be
    /// ordered.
    pub(crate) fn get(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.columns + column]
    }

    fn compute(
        rows: &Block,
        columns: &Block,
        layout: &Layout,
        weights: Weights,
        triangle: bool,
    ) -> Self {
        debug_assert_eq!(columns.lanes, LANES);
        let width = columns.places();
        let mut values = Buffer::new(rows.places() * width);
        let chunk = chunk(rows.places());
        let job = |scratch: &mut Scratch, (index, out): (usize, &mut [f32])| {
            let places = index * chunk..index * chunk + out.len() / width;
            let height = rows.rows(group_range(rows, &places)).len();
            let mut first = if triangle { places.start / LANES } else { 0 };
            while first < columns.groups.len() {
                let fits = |&end: &usize| height * columns.rows(first..end).len() <= PRODUCT;
                let end = (first + 2..=columns.groups.len()).take_while(fits).last();
                let groups = first..end.unwrap_or(first + 1);
                first = groups.end;
                scratch.rectangle(rows, places.clone(), columns, groups, layout, weights, out);
            }
        };
        if width > 0 {
            #[cfg(feature = "rayon")]
            values.par_chunks_mut(chunk * width).enumerate().for_each_init(Scratch::default, job);
            #[cfg(not(feature = "rayon"))]
            {
                let mut scratch = Scratch::default();
                values
                    .chunks_mut(chunk * width)
                    .enumerate()
                    .for_each(|work| job(&mut scratch, work));
            }
        }
        Scores { columns: width, values }
    }
}

/// What a thread needs, kept from one rectangle to the next.
#[derive(Debug, Default)]
struct Scratch {
    /// For each class the weights, `[rows of the first, rows of the second]`.
    products: Vec<Buffer>,
    best: Vec<Lanes>,
}

impl Scratch {
    /// `S` for the sessions at `places` of `rows` and those of some groups of
    /// `columns`, written to `out`, `[places.len(), columns.places()]`.
    #[expect(clippy::too_many_arguments, reason = "two sides, three arguments each")]
    fn rectangle(
        &mut self,
        rows: &Block,
        places: Range<usize>,
        columns: &Block,
        groups: Range<usize>,
        layout: &Layout,
        weights: Weights,
        out: &mut [f32],
    ) {
        let a_rows = rows.rows(group_range(rows, &places));
        let b_rows = columns.rows(groups.clone());
        let (height, width) = (a_rows.len(), b_rows.len());
        self.products.resize_with(layout.classes(), Buffer::default);
        // A filler's cosine counts as 0, which must not pay.
        let masked = layout.mixes_roles() || weights.rho < 1.0;
        for (class, product) in self.products.iter_mut().enumerate() {
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
        let offset = if masked { 0.0 } else { 1.0 - weights.rho };
        let longest = columns.groups[groups.clone()].iter().map(|g| g.cycles).max().unwrap_or(0);
        let slots = longest * layout.classes() + 1;
        self.best.resize(self.best.len().max(slots), [0.0; LANES]);
        for (place, out) in places.zip(out.chunks_exact_mut(columns.places())) {
            for group in groups.clone() {
                let Group { first_row, cycles, first_class } = columns.groups[group];
                let start = first_row - b_rows.start;
                let utterances = rows.script[place].iter().map(|&(class, row)| {
                    let at = (row - a_rows.start) * width + start;
                    let (lanes, _) = self.products[class][at..at + cycles * LANES].as_chunks();
                    (layout.position(class, first_class), lanes)
                });
                let sums =
                    greatest_sums(layout.classes(), cycles, utterances, offset, &mut self.best);
                out[group * LANES..(group + 1) * LANES].copy_from_slice(&sums);
            }
        }
    }
}

/// Turns products into weights, and those across roles into [`NEVER`].
fn mask(products: &mut [f32], role: u16, roles: &[u16], offset: f32) {
    for (product, &other) in products.iter_mut().zip(roles) {
        *product = if other == role && role != FILLER { *product + offset } else { NEVER };
    }
}

/// The groups that hold some places.
fn group_range(block: &Block, places: &Range<usize>) -> Range<usize> {
    places.start / block.lanes..places.end.div_ceil(block.lanes)
}
