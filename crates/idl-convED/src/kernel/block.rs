//! Sessions arranged for matrix products and vector instructions.

use std::ops::Range;

use ndarray::ArrayView1;
#[cfg(feature = "rayon")]
use rayon::prelude::*;

use super::memory::Buffer;
use crate::pair::dot;
use crate::{Result, SessionView};

/// So many numbers are packed before other threads could have been woken.
#[cfg(feature = "rayon")]
const ALONE: usize = 1 << 15;

/// A session of more cycles is always alone: its products are large enough, and
/// sixteen of them side by side would need sixteen times the scratch memory.
const LONG: usize = 1024;

/// A group may always be filled up with so many rows.
const SPARE: usize = 512;

/// The class of no utterance: what fills a session up.
pub(crate) const FILLER: u16 = u16::MAX;

/// Which utterances share a matrix product. The same for all blocks of a call.
///
/// Utterances are placed in *cycles*: a cycle has one slot for each class,
/// beginning with that of the session's first utterance. Where one class holds
/// more than one role, pairs across roles must be masked out afterwards.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The class of each role that occurs; 0 for others.
    class_of: Box<[u8; 256]>,
    classes: usize,
    mixes_roles: bool,
    dim: usize,
}

impl Layout {
    /// For sessions with these roles: two classes if there are two roles and
    /// they alternate well enough for that to save products, otherwise one
    /// class of everything.
    pub(crate) fn new<'r>(sessions: impl Iterator<Item = &'r [u8]> + Clone, dim: usize) -> Self {
        let mut occurs = [false; 256];
        for &role in sessions.clone().flatten() {
            occurs[usize::from(role)] = true;
        }
        let roles = occurs.iter().filter(|&&o| o).count();
        let single =
            Layout { class_of: Box::new([0; 256]), classes: 1, mixes_roles: roles > 1, dim };
        if roles != 2 {
            return single;
        }
        let mut alternating = Layout { classes: 2, mixes_roles: false, ..single.clone() };
        if let Some(second) = occurs.iter().rposition(|&o| o) {
            alternating.class_of[second] = 1;
        }
        // Products cost cycles times cycles for each class.
        let cost = |layout: &Layout| {
            let cycles: usize = sessions.clone().map(|s| layout.cycles(s)).sum();
            layout.classes as f64 * (cycles as f64).powi(2)
        };
        if cost(&alternating) < cost(&single) { alternating } else { single }
    }

    /// The number of classes: 1 or 2.
    pub(crate) fn classes(&self) -> usize {
        self.classes
    }

    /// Whether a class holds more than one role.
    pub(crate) fn mixes_roles(&self) -> bool {
        self.mixes_roles
    }

    /// The class whose slot comes first in the cycles of a session.
    fn first_class(&self, roles: &[u8]) -> usize {
        roles.first().map_or(0, |&role| usize::from(self.class_of[usize::from(role)]))
    }

    /// The position of a class in the cycles that begin with `first_class`.
    pub(crate) fn position(&self, class: usize, first_class: usize) -> usize {
        (class + self.classes - first_class) % self.classes
    }

    /// Class and cycle of each utterance: the next free slot of its class.
    fn slots(&self, roles: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let first_class = self.first_class(roles);
        let mut next = 0; // over all classes: `cycle * classes + position`
        roles.iter().map(move |&role| {
            let class = usize::from(self.class_of[usize::from(role)]);
            let position = self.position(class, first_class);
            let slot = next + (position + self.classes - next % self.classes) % self.classes;
            next = slot + 1;
            (class, slot / self.classes)
        })
    }

    /// The number of cycles that a session takes.
    fn cycles(&self, roles: &[u8]) -> usize {
        self.slots(roles).last().map_or(0, |(_, cycle)| cycle + 1)
    }
}

/// Sessions side by side, of about the same length and with the same class
/// first: row `first_row + cycle * lanes + lane` of a class is what `lane` says
/// in `cycle`, and zero where it says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// The number of sessions, some of which may be missing.
    pub(crate) lanes: usize,
    /// The place of the first session; the others' follow.
    pub(crate) first_place: usize,
    pub(crate) first_row: usize,
    pub(crate) cycles: usize,
    pub(crate) first_class: usize,
}

impl Group {
    /// The places of its sessions.
    pub(crate) fn places(&self) -> Range<usize> {
        self.first_place..self.first_place + self.lanes
    }

    /// The rows of some of its cycles.
    pub(crate) fn rows(&self, cycles: Range<usize>) -> Range<usize> {
        self.first_row + cycles.start * self.lanes..self.first_row + cycles.end * self.lanes
    }
}

/// Sessions as unit vectors, grouped.
#[derive(Debug)]
pub(crate) struct Block {
    /// The place of each session in the groups.
    pub(crate) place: Vec<usize>,
    /// What the session at a place says: class and row, in order.
    pub(crate) script: Vec<Vec<(usize, usize)>>,
    /// Those of one session first.
    pub(crate) groups: Vec<Group>,
    dim: usize,
    /// For each class the unit vectors, `[rows, dim]`.
    vectors: Vec<Buffer>,
    /// For each class the role of each row, or [`FILLER`].
    pub(crate) roles: Vec<Vec<u16>>,
}

impl Block {
    /// Packs `sessions` in groups of `lanes`, 1 or [`LANES`](super::LANES).
    /// `O(total length * dim)` time and memory: at most so much is filled up as
    /// [`divided`] says.
    ///
    /// # Errors
    /// [`Error::Memory`](crate::Error::Memory).
    pub(crate) fn new(sessions: &[SessionView<'_>], layout: &Layout, lanes: usize) -> Result<Self> {
        // Sessions of one shape together: little is filled up.
        let shape: Vec<(usize, usize)> = sessions
            .iter()
            .map(|s| (layout.first_class(s.roles()), layout.cycles(s.roles())))
            .collect();
        let mut by_shape: Vec<usize> = (0..sessions.len()).collect();
        by_shape.sort_by_key(|&i| shape[i]);
        let cycles: Vec<usize> = by_shape.iter().map(|&i| shape[i].1).collect();
        let mut alone = Vec::new();
        let mut together = Vec::with_capacity(sessions.len() / lanes + layout.classes);
        let mut start = 0;
        for alike in by_shape.chunk_by(|&i, &j| shape[i].0 == shape[j].0) {
            let end = start + alike.len();
            divided(&cycles, start..end, lanes, &mut alone, &mut together);
            start = end;
        }

        let mut place = vec![0; sessions.len()];
        let mut script = Vec::with_capacity(alone.len() + together.len() * lanes);
        let mut groups = Vec::with_capacity(alone.len() + together.len());
        let mut rows = 0;
        let alone = alone.into_iter().map(|at| (1, at..at + 1));
        for (lanes, members) in alone.chain(together.into_iter().map(|range| (lanes, range))) {
            let members = &by_shape[members];
            let first_place = script.len();
            let (first_class, mut longest) = (shape[members[0]].0, 0);
            for (lane, &i) in members.iter().enumerate() {
                place[i] = first_place + lane;
                longest = longest.max(shape[i].1);
                let slots = layout.slots(sessions[i].roles());
                script.push(slots.map(|(c, cycle)| (c, rows + cycle * lanes + lane)).collect());
            }
            script.resize(first_place + lanes, Vec::new());
            groups.push(Group {
                lanes,
                first_place,
                first_row: rows,
                cycles: longest,
                first_class,
            });
            rows += longest * lanes;
        }

        // Which utterance stands in each row.
        let mut source = vec![vec![None; rows]; layout.classes];
        for (session, &place) in sessions.iter().zip(&place) {
            for (utterance, &(class, row)) in script[place].iter().enumerate() {
                source[class][row] = Some((session, utterance));
            }
        }
        let roles = source
            .iter()
            .map(|rows| {
                rows.iter().map(|s| s.map_or(FILLER, |(s, u)| u16::from(s.roles()[u]))).collect()
            })
            .collect();
        let vectors = source.iter().map(|rows| unit_vectors(rows, layout.dim));
        let vectors = vectors.collect::<Result<_>>()?;
        Ok(Block { place, script, groups, dim: layout.dim, vectors, roles })
    }

    /// The rows that some groups take.
    pub(crate) fn rows(&self, groups: Range<usize>) -> Range<usize> {
        let Some(first) = self.groups.get(groups.start) else { return 0..0 };
        let last = &self.groups[groups.end - 1];
        first.first_row..last.rows(0..last.cycles).end
    }

    /// The unit vectors of some rows of a class, one after the other.
    pub(crate) fn vectors(&self, class: usize, rows: &Range<usize>) -> &[f32] {
        &self.vectors[class][rows.start * self.dim..rows.end * self.dim]
    }

    /// The number of components of a vector.
    pub(crate) fn dim(&self) -> usize {
        self.dim
    }

    /// The number of places, taken or not.
    pub(crate) fn places(&self) -> usize {
        self.script.len()
    }
}

/// Divides the sessions in `range`, whose numbers of cycles ascend, into groups
/// of `lanes` side by side, and those that are alone.
///
/// A group is as long as its longest session. As they ascend, full groups are
/// filled up with no more than `lanes` sessions of the longest one's length
/// altogether; only where that would be most of a group, or the session is
/// [`LONG`], it stays alone. So what is filled up is less than what is there,
/// and [`SPARE`] rows a group.
fn divided(
    cycles: &[usize],
    range: Range<usize>,
    lanes: usize,
    alone: &mut Vec<usize>,
    together: &mut Vec<Range<usize>>,
) {
    let Range { start, mut end } = range;
    while end > start {
        let members = end.saturating_sub(lanes).max(start)..end;
        let longest = cycles[end - 1];
        let said: usize = cycles[members.clone()].iter().sum();
        if lanes > 1 && (longest > LONG || lanes * longest > 2 * said + SPARE) {
            alone.push(end - 1);
            end -= 1;
        } else {
            end = members.start;
            together.push(members);
        }
    }
}

/// One row for each source: its embedding at unit length, or zero.
fn unit_vectors(sources: &[Option<(&SessionView<'_>, usize)>], dim: usize) -> Result<Buffer> {
    let mut vectors = Buffer::checked(sources.len(), dim)?;
    let fill = |(row, source): (&mut [f32], &Option<_>)| {
        let Some((session, utterance)): &Option<(&SessionView<'_>, usize)> = source else {
            row.fill(0.0);
            return;
        };
        let embedding = session.embedding(*utterance);
        let squared = squared_length(embedding);
        let row = row.iter_mut();
        if (1e-20..1e30).contains(&squared) {
            let scale = squared.sqrt().recip();
            match embedding.to_slice() {
                Some(embedding) => row.zip(embedding).for_each(|(to, x)| *to = x * scale),
                None => row.zip(embedding).for_each(|(to, x)| *to = x * scale),
            }
        } else {
            // Squares of legal components may over- and underflow.
            let scale = dot(embedding, embedding).sqrt().recip();
            row.zip(embedding).for_each(|(to, &x)| *to = (f64::from(x) * scale) as f32);
        }
    };
    // Without components there are no utterances, nor rows to write.
    let dim = dim.max(1);
    #[cfg(feature = "rayon")]
    if vectors.len() > ALONE {
        vectors.par_chunks_exact_mut(dim).zip(sources).with_min_len(16).for_each(fill);
        return Ok(vectors);
    }
    vectors.chunks_exact_mut(dim).zip(sources).for_each(fill);
    Ok(vectors)
}

/// `sum x^2`, in sixteen running sums for the reason that [`dot`] has eight.
fn squared_length(x: ArrayView1<'_, f32>) -> f32 {
    let Some(x) = x.to_slice() else { return x.iter().map(|x| x * x).sum() };
    let (x16, rest) = x.as_chunks::<16>();
    let mut sums = [0.0; 16];
    for x in x16 {
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum += x * x;
        }
    }
    sums.into_iter().chain(rest.iter().map(|x| x * x)).sum()
}
