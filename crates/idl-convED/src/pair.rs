//! One pair of sessions, in `f64`: distance, cutoff, cost matrix, alignment.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::kernel::room_for;
use crate::session::common_dim;
use crate::{Alignment, ConvEd, Edit, Error, Result, SessionView};

/// `sum x y` in `f64`. Eight running sums keep the additions independent of
/// each other, so that the compiler may use vector instructions.
pub(crate) fn dot(x: ArrayView1<'_, f32>, y: ArrayView1<'_, f32>) -> f64 {
    let (Some(x), Some(y)) = (x.to_slice(), y.to_slice()) else {
        return x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    };
    let mut sums = [0.0; 8];
    let (x8, x_rest) = x.as_chunks::<8>();
    let (y8, y_rest) = y.as_chunks::<8>();
    for (x, y) in x8.iter().zip(y8) {
        for (sum, (&x, &y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += f64::from(x) * f64::from(y);
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
    sums.iter().sum::<f64>() + rest
}

/// The squared Euclidean length of every embedding of a session.
fn squared_norms(session: &SessionView<'_>) -> Vec<f64> {
    session.embeddings().rows().into_iter().map(|row| dot(row, row)).collect()
}

/// The substitution costs of one pair of sessions.
struct Substitution<'s> {
    lambda: f64,
    roles_a: &'s [u8],
    roles_b: &'s [u8],
    a: ArrayView2<'s, f32>,
    b: ArrayView2<'s, f32>,
    squared_a: Vec<f64>,
    squared_b: Vec<f64>,
}

impl<'s> Substitution<'s> {
    fn new(conved: &ConvEd, a: &'s SessionView<'_>, b: &'s SessionView<'_>) -> Self {
        Substitution {
            lambda: conved.lambda(),
            roles_a: a.roles(),
            roles_b: b.roles(),
            a: a.embeddings().reborrow(),
            b: b.embeddings().reborrow(),
            squared_a: squared_norms(a),
            squared_b: squared_norms(b),
        }
    }

    /// `lambda * (1 - cos)` within a role, infinite across.
    fn cost(&self, i: usize, j: usize) -> f64 {
        if self.roles_a[i] != self.roles_b[j] {
            return f64::INFINITY;
        }
        let dot = dot(self.a.row(i), self.b.row(j));
        // One root of the product, not two: exactly 1 for equal embeddings.
        let cos = (dot / (self.squared_a[i] * self.squared_b[j]).sqrt()).clamp(-1.0, 1.0);
        self.lambda * (1.0 - cos)
    }
}

impl ConvEd {
    /// The distance of `b` from `a`: what it costs at least to edit `a` into
    /// `b`.
    ///
    /// `O(m n d)` time for `m` and `n` utterances of dimension `d`,
    /// `O(m + n)` memory. For many pairs use [`pairwise`](Self::pairwise) and
    /// its relatives, which are many times faster.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`].
    ///
    /// ```
    /// use idl_conved::{ConvEd, SessionView};
    /// use ndarray::arr2;
    ///
    /// let (a, b) = (arr2(&[[1.0, 0.0], [0.0, 1.0]]), arr2(&[[0.8, 0.6]]));
    /// let a = SessionView::new(&[0, 1], a.view())?;
    /// let b = SessionView::new(&[0], b.view())?;
    /// // Substitute the first utterance, 5 * (1 - 0.8), and delete the second.
    /// assert!((ConvEd::default().distance(&a, &b)? - 2.0).abs() < 1e-6);
    /// # Ok::<(), idl_conved::Error>(())
    /// ```
    pub fn distance(&self, a: &SessionView<'_>, b: &SessionView<'_>) -> Result<f64> {
        common_dim([a.shape(), b.shape()])?;
        Ok(self.pair_distance(a, b))
    }

    /// [`distance`](Self::distance) between sessions of one dimension.
    pub(crate) fn pair_distance(&self, a: &SessionView<'_>, b: &SessionView<'_>) -> f64 {
        // An infinite cutoff is never exceeded: costs are finite.
        self.pair_within(a, b, f64::INFINITY).unwrap_or(f64::INFINITY)
    }

    /// The distance of `b` from `a`, or `None` if it is greater than `cutoff`
    /// (on the reported scale: normalised if the parameters ask for it).
    ///
    /// Far pairs are told apart early: by the numbers of utterances of each
    /// role before any cosine is computed, and later as soon as no prefix of
    /// `b` can be reached within the cutoff.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`]; [`Error::Cutoff`] if `cutoff` is NaN.
    pub fn distance_with_cutoff(
        &self,
        a: &SessionView<'_>,
        b: &SessionView<'_>,
        cutoff: f64,
    ) -> Result<Option<f64>> {
        common_dim([a.shape(), b.shape()])?;
        if cutoff.is_nan() {
            return Err(Error::Cutoff);
        }
        Ok(self.pair_within(a, b, cutoff))
    }

    fn pair_within(&self, a: &SessionView<'_>, b: &SessionView<'_>, cutoff: f64) -> Option<f64> {
        let exceeded = |raw: f64| self.scale(raw, a.len(), b.len()) > cutoff;
        // Bounds are sums in another order than the distance's: leave room for
        // rounding, lest a distance equal to the cutoff be called greater.
        let surely_exceeded = |bound: f64| exceeded(bound * (1.0 - 1e-12));
        if surely_exceeded(self.lower_bound(a, b)) {
            return None;
        }
        let substitution = Substitution::new(self, a, b);
        let mut row: Vec<f64> = (0..=b.len()).map(|j| j as f64 * self.insertion()).collect();
        for i in 0..a.len() {
            let mut diagonal = row[0];
            row[0] = (i + 1) as f64 * self.deletion();
            let mut least = row[0];
            for j in 0..b.len() {
                let edit = (row[j] + self.insertion()).min(row[j + 1] + self.deletion());
                // Cells that a substitution cannot improve need no cosine.
                let value = if diagonal < edit && a.roles()[i] == b.roles()[j] {
                    edit.min(diagonal + substitution.cost(i, j))
                } else {
                    edit
                };
                diagonal = row[j + 1];
                row[j + 1] = value;
                least = least.min(value);
            }
            // Every script passes through some cell of this row.
            if surely_exceeded(least) {
                return None;
            }
        }
        let raw = row[b.len()];
        (!exceeded(raw)).then(|| self.scale(raw, a.len(), b.len()))
    }

    /// What the numbers of utterances alone cost. Substitutions stay within a
    /// role, so each role's surplus must be inserted or deleted.
    fn lower_bound(&self, a: &SessionView<'_>, b: &SessionView<'_>) -> f64 {
        let mut surplus = [0_i64; 256];
        for &role in b.roles() {
            surplus[usize::from(role)] += 1;
        }
        for &role in a.roles() {
            surplus[usize::from(role)] -= 1;
        }
        let inserted: i64 = surplus.iter().filter(|&&s| s > 0).sum();
        let deleted: i64 = surplus.iter().filter(|&&s| s < 0).sum();
        inserted as f64 * self.insertion() - deleted as f64 * self.deletion()
    }

    /// `lev(i, j)`, the costs of editing the first `i` utterances of `a` into
    /// the first `j` of `b`: `[a.len() + 1, b.len() + 1]`, never normalised.
    ///
    /// `O(m n d)` time, and no memory beyond the result: 8 bytes for each pair
    /// of utterances.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`]; [`Error::Memory`] where there is not so much.
    pub fn cost_matrix(&self, a: &SessionView<'_>, b: &SessionView<'_>) -> Result<Array2<f64>> {
        common_dim([a.shape(), b.shape()])?;
        let costs = Substitution::new(self, a, b);
        let (rows, columns) = (a.len() + 1, b.len() + 1);
        room_for::<f64>(rows, columns)?;
        let mut lev = Array2::<f64>::zeros((rows, columns));
        for j in 0..columns {
            lev[[0, j]] = j as f64 * self.insertion();
        }
        for i in 1..rows {
            lev[[i, 0]] = i as f64 * self.deletion();
            for j in 1..columns {
                lev[[i, j]] = (lev[[i, j - 1]] + self.insertion())
                    .min(lev[[i - 1, j]] + self.deletion())
                    .min(lev[[i - 1, j - 1]] + costs.cost(i - 1, j - 1));
            }
        }
        Ok(lev)
    }

    /// A cheapest edit script from `a` to `b`.
    ///
    /// Of several, the one that, read from the end, substitutes rather than
    /// deletes and deletes rather than inserts. `O(m n d)` time; which edit is
    /// best is remembered for each pair of utterances, in 2 bits: two sessions
    /// of 10,000 take 25 MB.
    ///
    /// # Errors
    /// [`Error::DimensionMismatch`]; [`Error::Memory`] where there is not so much.
    ///
    /// ```
    /// use idl_conved::{ConvEd, Edit, SessionView};
    /// use ndarray::arr2;
    ///
    /// let (a, b) = (arr2(&[[1.0, 0.0], [0.0, 1.0]]), arr2(&[[1.0, 0.0]]));
    /// let a = SessionView::new(&[0, 1], a.view())?;
    /// let b = SessionView::new(&[0], b.view())?;
    /// let alignment = ConvEd::default().alignment(&a, &b)?;
    /// assert_eq!(
    ///     alignment.edits,
    ///     [Edit::Substitute { a: 0, b: 0, cost: 0.0 }, Edit::Delete { a: 1, cost: 1.0 }]
    /// );
    /// # Ok::<(), idl_conved::Error>(())
    /// ```
    pub fn alignment(&self, a: &SessionView<'_>, b: &SessionView<'_>) -> Result<Alignment> {
        common_dim([a.shape(), b.shape()])?;
        let costs = Substitution::new(self, a, b);
        let mut best = Directions::new(a.len(), b.len())?;
        let mut row: Vec<f64> = (0..=b.len()).map(|j| j as f64 * self.insertion()).collect();
        for i in 0..a.len() {
            let mut diagonal = row[0];
            row[0] = (i + 1) as f64 * self.deletion();
            for j in 0..b.len() {
                let substituted = diagonal + costs.cost(i, j);
                let deleted = row[j + 1] + self.deletion();
                let value = (row[j] + self.insertion()).min(deleted).min(substituted);
                diagonal = row[j + 1];
                row[j + 1] = value;
                best.set(
                    i,
                    j,
                    match value {
                        v if v == substituted => Direction::Substitute,
                        v if v == deleted => Direction::Delete,
                        _ => Direction::Insert,
                    },
                );
            }
        }
        let (mut i, mut j) = (a.len(), b.len());
        let mut edits = Vec::with_capacity(i.max(j));
        while i > 0 || j > 0 {
            let direction = match (i, j) {
                (0, _) => Direction::Insert,
                (_, 0) => Direction::Delete,
                _ => best.get(i - 1, j - 1),
            };
            edits.push(match direction {
                Direction::Substitute => {
                    (i, j) = (i - 1, j - 1);
                    Edit::Substitute { a: i, b: j, cost: costs.cost(i, j) }
                }
                Direction::Delete => {
                    i -= 1;
                    Edit::Delete { a: i, cost: self.deletion() }
                }
                Direction::Insert => {
                    j -= 1;
                    Edit::Insert { b: j, cost: self.insertion() }
                }
            });
        }
        edits.reverse();
        let distance = self.scale(row[b.len()], a.len(), b.len());
        Ok(Alignment { edits, distance })
    }
}

/// The last edit of the best script for two prefixes.
#[derive(Clone, Copy)]
enum Direction {
    Substitute,
    Delete,
    Insert,
}

/// One for each pair of utterances, four to a byte.
struct Directions {
    columns: usize,
    packed: Vec<u8>,
}

impl Directions {
    /// All substitutions.
    ///
    /// # Errors
    /// [`Error::Memory`].
    fn new(rows: usize, columns: usize) -> Result<Self> {
        // Rows of whole bytes.
        let columns = columns.div_ceil(4);
        Ok(Directions { columns, packed: vec![0; room_for::<u8>(rows, columns)?] })
    }

    /// Once for each pair.
    fn set(&mut self, i: usize, j: usize, direction: Direction) {
        self.packed[i * self.columns + j / 4] |= (direction as u8) << (2 * (j % 4));
    }

    fn get(&self, i: usize, j: usize) -> Direction {
        match self.packed[i * self.columns + j / 4] >> (2 * (j % 4)) & 3 {
            0 => Direction::Substitute,
            1 => Direction::Delete,
            _ => Direction::Insert,
        }
    }
}
