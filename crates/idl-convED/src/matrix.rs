//! Many pairs of sessions at once.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Slice};
#[cfg(feature = "rayon")]
use rayon::prelude::*;

use crate::kernel::{Block, LANES, Layout, Scores, Weights, room_for};
use crate::session::common_dim;
use crate::{ConvEd, Error, Result, SessionView};

/// So many sessions make a side of the tiles of `pairwise` and `cdist`:
/// enough for the products to be large, few enough to be packed in a moment.
const TILE: usize = 1024;

/// A tile ends early where its sessions have more utterances than that: packed,
/// they take 100 MB at 384 components.
const UTTERANCES: usize = 1 << 16;

/// Above this `lambda / (insertion + deletion)` the error of an `f32` cosine,
/// so many times enlarged, could be seen, and all is computed in `f64`.
pub(crate) const MAX_RHO: f64 = 1e3;

/// So many scores become distances before other threads could have been woken.
#[cfg(feature = "rayon")]
const ALONE: usize = 1 << 14;

/// A rectangle of a distance matrix.
#[derive(Clone, Debug)]
pub struct Tile<'t> {
    /// The sessions of the tile's rows.
    pub rows: Range<usize>,
    /// The sessions of the tile's columns.
    pub columns: Range<usize>,
    /// The distances, `[rows.len(), columns.len()]`: entry `(i, j)` is that of
    /// session `columns.start + j` from session `rows.start + i`.
    pub distances: ArrayView2<'t, f64>,
}

impl ConvEd {
    /// The distances between all pairs of `sessions`, `[n, n]`: entry `(i, j)`
    /// is the distance of session `j` from session `i`; the diagonal is 0.
    ///
    /// `O(n^2 m^2 d)` time for `n` sessions of `m` utterances of dimension
    /// `d`, in `f32` (see [Precision](crate#precision)), on all cores with the
    /// feature `rayon`; the result does not depend on how many there are.
    /// Memory beyond the result is bounded, see [Memory](crate#memory).
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`], [`Error::Memory`].
    ///
    /// ```
    /// use idl_conved::{ConvEd, SessionView};
    /// use ndarray::arr2;
    ///
    /// let embeddings = arr2(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    /// let roles = [0, 1, 0];
    /// // Sessions may overlap; nothing is copied.
    /// let (all, one) = (embeddings.view(), embeddings.view().split_at(ndarray::Axis(0), 1).0);
    /// let sessions = [SessionView::new(&roles, all)?, SessionView::new(&roles[..1], one)?];
    /// let distances = ConvEd::default().pairwise(&sessions)?;
    /// assert!((distances[[0, 1]] - 2.0).abs() < 1e-5);
    /// # Ok::<(), idl_conved::Error>(())
    /// ```
    pub fn pairwise(&self, sessions: &[SessionView<'_>]) -> Result<Array2<f64>> {
        let n = sessions.len();
        let mut out = zeros(n, n)?;
        self.upper_tiles(sessions, TILE, |pairs, rows, columns| {
            if rows == columns {
                return self.fill(pairs, part(out.view_mut(), &rows, &columns));
            }
            let below = 0..columns.len();
            let (above, rest) = out.view_mut().split_at(Axis(0), columns.start);
            let mut upper = part(above, &rows, &columns);
            let mut lower = part(rest, &below, &rows).reversed_axes();
            self.fill(pairs, upper.view_mut())?;
            lower.assign(&upper);
            self.reverse(pairs, lower);
            Ok::<(), Error>(())
        })?;
        Ok(out)
    }

    /// The upper triangle of [`pairwise`](Self::pairwise) without the
    /// diagonal, row by row: `(0, 1), (0, 2), .., (1, 2), ..`, as SciPy's
    /// `pdist` has it.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`], [`Error::Memory`].
    pub fn pairwise_condensed(&self, sessions: &[SessionView<'_>]) -> Result<Array1<f64>> {
        let n = sessions.len();
        // Half of an even number, whichever that is.
        let (rows, columns) =
            if n.is_multiple_of(2) { (n / 2, n.saturating_sub(1)) } else { (n, n / 2) };
        let mut out = Array1::zeros(room_for::<f64>(rows, columns)?);
        self.pairwise_tiles(sessions, TILE, |tile| {
            for ((i, j), &distance) in tile.distances.indexed_iter() {
                let (i, j) = (tile.rows.start + i, tile.columns.start + j);
                if i < j {
                    out[i * n - i * (i + 1) / 2 + j - i - 1] = distance;
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(out)
    }

    /// [`pairwise`](Self::pairwise) in bounded memory, for matrices that are
    /// too large to hold: `sink` gets tiles of at most `side` x `side`
    /// distances, which together cover the matrix exactly once. Where sessions
    /// are long they are smaller: a tile's rows have at most 65,536 utterances
    /// together, or are one session, and so have its columns.
    ///
    /// Each pair is computed once; its two entries arrive in two tiles, one
    /// right after the other. Memory: that of [`pairwise`](Self::pairwise)
    /// beyond its result, and some matrices of `side` x `side`.
    ///
    /// # Errors
    /// [`Error::TileSize`], [`Error::DimensionMismatch`], [`Error::Memory`], and
    /// what `sink` returns, which ends the work.
    ///
    /// ```
    /// # use idl_conved::{ConvEd, Error, SessionView};
    /// # use ndarray::Array2;
    /// # let embeddings = Array2::ones((4, 3));
    /// # let session = SessionView::new(&[0, 1, 0, 1], embeddings.view())?;
    /// # let sessions = [session; 5];
    /// let mut nearest = vec![f64::INFINITY; sessions.len()];
    /// ConvEd::default().pairwise_tiles(&sessions, 2, |tile| {
    ///     for ((i, j), &distance) in tile.distances.indexed_iter() {
    ///         let (i, j) = (tile.rows.start + i, tile.columns.start + j);
    ///         if i != j {
    ///             nearest[i] = nearest[i].min(distance);
    ///         }
    ///     }
    ///     Ok::<(), Error>(())
    /// })?;
    /// assert!(nearest.iter().all(|d| d.abs() < 1e-5));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn pairwise_tiles<E: From<Error>>(
        &self,
        sessions: &[SessionView<'_>],
        side: usize,
        mut sink: impl FnMut(Tile<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // One allocation for all tiles.
        let largest = tiles(sessions, side.max(1)).map(|tile| tile.len()).max().unwrap_or(0);
        let mut memory = zeros(largest, largest)?;
        self.upper_tiles(sessions, side, |pairs, rows, columns| {
            let mut tile = part(memory.view_mut(), &(0..rows.len()), &(0..columns.len()));
            self.fill(pairs, tile.view_mut())?;
            let distances = tile.view();
            sink(Tile { rows: rows.clone(), columns: columns.clone(), distances })?;
            if rows != columns {
                self.reverse(pairs, tile.view_mut());
                sink(Tile { rows: columns, columns: rows, distances: tile.t() })?;
            }
            Ok(())
        })
    }

    /// The distances of `candidates` from `query`, `[candidates.len()]`.
    ///
    /// `O(n m^2 d)` time for `n` candidates, in `f32`.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`], where `query` counts as session 0;
    /// [`Error::Memory`].
    pub fn one_to_many(
        &self,
        query: &SessionView<'_>,
        candidates: &[SessionView<'_>],
    ) -> Result<Array1<f64>> {
        let matrix = self.cdist(std::slice::from_ref(query), candidates)?;
        Ok(matrix.index_axis_move(Axis(0), 0))
    }

    /// The distances of all `columns` from all `rows`,
    /// `[rows.len(), columns.len()]`.
    ///
    /// `O(p q m^2 d)` time for `p` rows and `q` columns, in `f32`. If both
    /// sides are the same, [`pairwise`](Self::pairwise) takes half as long.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`], where sessions are counted over the rows, then
    /// the columns; [`Error::Memory`].
    pub fn cdist(
        &self,
        rows: &[SessionView<'_>],
        columns: &[SessionView<'_>],
    ) -> Result<Array2<f64>> {
        let dim = common_dim(
            rows.iter().map(SessionView::shape).chain(columns.iter().map(SessionView::shape)),
        )?;
        let mut roles = Vec::with_capacity(rows.len() + columns.len());
        for session in rows {
            roles.push(session.roles());
        }
        for session in columns {
            roles.push(session.roles());
        }
        let layout = Layout::new(roles.into_iter(), dim);
        let mut out = zeros(rows.len(), columns.len())?;
        for right in tiles(columns, TILE) {
            let b = Side::new(&columns[right.clone()], &layout, LANES)?;
            for left in tiles(rows, TILE) {
                let a = Side::new(&rows[left.clone()], &layout, 1)?;
                let pairs = Pairs { a: &a, b: &b, same: false, layout: &layout };
                self.fill(&pairs, part(out.view_mut(), &left, &right))?;
            }
        }
        Ok(out)
    }

    /// Visits the tiles on and above the diagonal, with their rows and columns.
    fn upper_tiles<E: From<Error>>(
        &self,
        sessions: &[SessionView<'_>],
        side: usize,
        mut visit: impl FnMut(&Pairs<'_, '_, '_>, Range<usize>, Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        let dim = common_dim(sessions.iter().map(SessionView::shape))?;
        if side == 0 {
            return Err(Error::TileSize.into());
        }
        let layout = &Layout::new(sessions.iter().map(SessionView::roles), dim);
        let tiles: Vec<Range<usize>> = tiles(sessions, side).collect();
        for (first, rows) in tiles.iter().enumerate() {
            let a = &Side::new(&sessions[rows.clone()], layout, LANES)?;
            visit(&Pairs { a, b: a, same: true, layout }, rows.clone(), rows.clone())?;
            for columns in tiles[first + 1..].iter().cloned() {
                let b = &Side::new(&sessions[columns.clone()], layout, LANES)?;
                visit(&Pairs { a, b, same: false, layout }, rows.clone(), columns)?;
            }
        }
        Ok(())
    }

    /// Writes the distances of all pairs to `out`, `[a.len(), b.len()]`.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn fill(&self, pairs: &Pairs<'_, '_, '_>, mut out: ArrayViewMut2<'_, f64>) -> Result<()> {
        let &Pairs { a, b, same, layout } = pairs;
        let pair_cost = self.insertion() + self.deletion();
        let rho = self.lambda() / pair_cost;
        if pair_cost == 0.0 {
            out.fill(0.0);
            return Ok(());
        }
        let weights = Weights { rho: rho as f32 };
        let scores = if rho > MAX_RHO {
            None
        } else if same {
            Some(Scores::within(&a.block, layout, weights)?)
        } else {
            Some(Scores::between(&a.block, &b.block, layout, weights)?)
        };
        let fill = |(i, mut row): (usize, ArrayViewMut1<'_, f64>)| {
            for (j, out) in row.iter_mut().enumerate() {
                let (x, y) = (&a.sessions[i], &b.sessions[j]);
                if same && i == j {
                    *out = 0.0; // nothing is at a distance from itself
                    continue;
                }
                let Some(scores) = &scores else {
                    *out = self.pair_distance(x, y);
                    continue;
                };
                let (mut p, mut q) = (a.block.place[i], b.block.place[j]);
                if same {
                    (p, q) = (p.min(q), p.max(q));
                }
                let (m, n) = (x.len(), y.len());
                let all = m as f64 * self.deletion() + n as f64 * self.insertion();
                let saved = pair_cost * f64::from(scores.get(p, q));
                *out = self.scale((all - saved).max(0.0), m, n);
            }
        };
        #[cfg(feature = "rayon")]
        if out.len() > ALONE || scores.is_none() {
            out.outer_iter_mut().into_par_iter().enumerate().for_each(fill);
            return Ok(());
        }
        out.outer_iter_mut().enumerate().for_each(fill);
        Ok(())
    }

    /// Turns the distances of the second sessions from the first into those of
    /// the first from the second, which differ by a matter of lengths.
    fn reverse(&self, pairs: &Pairs<'_, '_, '_>, mut distances: ArrayViewMut2<'_, f64>) {
        if self.insertion() == self.deletion() {
            return;
        }
        for ((i, j), distance) in distances.indexed_iter_mut() {
            let (m, n) = (pairs.a.sessions[i].len(), pairs.b.sessions[j].len());
            let dearer = (self.insertion() - self.deletion()) * (m as f64 - n as f64);
            *distance += self.scale(dearer, m, n);
        }
    }
}

/// What a tile is made of. The same sessions on both sides make a symmetric
/// problem.
#[derive(Clone, Copy)]
struct Pairs<'t, 'a, 'b> {
    a: &'t Side<'t, 'a>,
    b: &'t Side<'t, 'b>,
    same: bool,
    layout: &'t Layout,
}

/// Divides sessions into tiles of at most `side`, which is not 0, and of at most
/// [`UTTERANCES`], but of one session at least.
fn tiles(sessions: &[SessionView<'_>], side: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = sessions.get(start..).filter(|rest| !rest.is_empty())?;
        let mut said = 0;
        let fits = |session: &&SessionView<'_>| {
            said += session.len();
            said <= UTTERANCES
        };
        let count = rest.iter().take(side).take_while(fits).count().max(1);
        start += count;
        Some(start - count..start)
    })
}

/// # Errors
/// [`Error::Memory`].
fn zeros(rows: usize, columns: usize) -> Result<Array2<f64>> {
    room_for::<f64>(rows, columns)?;
    Ok(Array2::zeros((rows, columns)))
}

/// A rectangle of a matrix.
fn part<'v>(
    mut matrix: ArrayViewMut2<'v, f64>,
    rows: &Range<usize>,
    columns: &Range<usize>,
) -> ArrayViewMut2<'v, f64> {
    matrix.slice_axis_inplace(Axis(0), Slice::from(rows.clone()));
    matrix.slice_axis_inplace(Axis(1), Slice::from(columns.clone()));
    matrix
}

/// One side of a tile: sessions, and the same packed.
struct Side<'s, 'a> {
    sessions: &'s [SessionView<'a>],
    block: Block,
}

impl<'s, 'a> Side<'s, 'a> {
    fn new(sessions: &'s [SessionView<'a>], layout: &Layout, lanes: usize) -> Result<Self> {
        Ok(Side { sessions, block: Block::new(sessions, layout, lanes)? })
    }
}
