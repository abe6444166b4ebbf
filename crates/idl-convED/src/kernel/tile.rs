//! All pairs of two blocks.

use std::ops::Range;

#[cfg(feature = "rayon")]
use rayon::prelude::*;

use super::block::{Block, Group, Layout};
use super::memory::Buffer;
use super::rectangle::Scratch;
use super::sides::{PRODUCT, Sides, Weights};
use crate::Result;

/// How many first sessions make one product and one unit of parallel work: few
/// where there are few, so that little is computed below the diagonal. Not a
/// matter of how many threads there are, lest results depend on it.
fn chunk(places: usize) -> usize {
    if places <= 256 { 16 } else { 32 }
}

/// So many rows are enough for a unit of parallel work.
const ROWS: usize = 1 << 11;

/// A product of more entries is made in stripes.
const LARGE: usize = 1 << 20;

/// `S` for all pairs of places of two blocks.
#[derive(Debug)]
pub(crate) struct Scores {
    columns: usize,
    values: Buffer,
}

impl Scores {
    /// `S` of every pair of a first and a second session.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub(crate) fn between(
        rows: &Block,
        columns: &Block,
        layout: &Layout,
        weights: Weights,
    ) -> Result<Self> {
        Self::compute(Sides { rows, columns, layout, weights }, false)
    }

    /// `S` of every pair of sessions of one block, each pair once.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub(crate) fn within(block: &Block, layout: &Layout, weights: Weights) -> Result<Self> {
        Self::compute(Sides { rows: block, columns: block, layout, weights }, true)
    }

    /// `S` of the pair at these places, which must be two. Within one block,
    /// they must be ordered.
    pub(crate) fn get(&self, row: usize, column: usize) -> f32 {
        self.values[row * self.columns + column]
    }

    fn compute(sides: Sides<'_>, triangle: bool) -> Result<Self> {
        let Sides { rows, columns, .. } = sides;
        let width = columns.places();
        let mut values = Buffer::checked(rows.places(), width)?;
        let work = |scratch: &mut Scratch, (groups, out): (Range<usize>, &mut [f32])| {
            let mut first = if triangle { groups.start } else { 0 };
            // A session that is alone is not matched with itself.
            first += usize::from(triangle && rows.groups[groups.start].lanes == 1);
            let height = rows.rows(groups.clone()).len();
            while first < columns.groups.len() {
                let fits = |&end: &usize| height * columns.rows(first..end).len() <= PRODUCT;
                let end = (first + 2..=columns.groups.len()).take_while(fits).last();
                let second = first..end.unwrap_or(first + 1);
                first = second.end;
                if height * columns.rows(second.clone()).len() <= LARGE {
                    scratch.rectangle(sides, groups.clone(), second, out);
                } else {
                    let mut out = &mut out[..];
                    for group in &rows.groups[groups.clone()] {
                        let (these, others) = out.split_at_mut(group.lanes * width);
                        scratch.stripes(sides, group, second.clone(), these);
                        out = others;
                    }
                }
            }
        };
        let jobs = jobs(rows, triangle);
        let mut rest = &mut values[..];
        let jobs = jobs.into_iter().map(|groups| {
            let places: usize = rows.groups[groups.clone()].iter().map(|g| g.lanes).sum();
            let (out, others) = std::mem::take(&mut rest).split_at_mut(places * width);
            rest = others;
            (groups, out)
        });
        let jobs: Vec<(Range<usize>, &mut [f32])> = jobs.collect();
        #[cfg(feature = "rayon")]
        jobs.into_par_iter().for_each_init(Scratch::default, work);
        #[cfg(not(feature = "rayon"))]
        {
            let mut scratch = Scratch::default();
            jobs.into_iter().for_each(|job| work(&mut scratch, job));
        }
        Ok(Scores { columns: width, values })
    }
}

/// Divides the first sessions' groups into units of parallel work.
fn jobs(rows: &Block, triangle: bool) -> Vec<Range<usize>> {
    let chunk = chunk(rows.places());
    let mut jobs: Vec<Range<usize>> = Vec::new();
    let mut places = 0;
    for (group, Group { lanes, .. }) in rows.groups.iter().enumerate() {
        let joins = jobs.last_mut().filter(|job| {
            places + lanes <= chunk
                && rows.rows(job.start..group + 1).len() <= ROWS
                && !(triangle && rows.groups[job.start].lanes == 1)
        });
        if let Some(job) = joins {
            job.end = group + 1;
            places += lanes;
        } else {
            jobs.push(group..group + 1);
            places = *lanes;
        }
    }
    jobs
}
