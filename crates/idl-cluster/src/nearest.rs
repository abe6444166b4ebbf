//! The sessions nearest to one, by cosine.

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A session chosen as reference, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The session's row among the embeddings.
    pub session: usize,
    /// Its cosine distance `1 - cos`, in `[0, 2]`.
    pub distance: f64,
}

/// `1 - cos(a, b)`, in `[0, 2]`.
///
/// A vector of zeros (an encoder's answer to a text without a word it knows)
/// has cosine 0 with everything, as in scikit-learn. Components beyond the
/// shorter vector's end are ignored.
///
/// ```
/// use ndarray::array;
/// let d = idl_cluster::cosine_distance(array![1.0, 0.0].view(), array![0.0, 3.0].view());
/// assert_eq!(d, 1.0);
/// ```
#[must_use]
pub fn cosine_distance(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    let (mut ab, mut aa, mut bb) = (0.0f64, 0.0f64, 0.0f64);
    for (&x, &y) in a.iter().zip(b) {
        let (x, y) = (f64::from(x), f64::from(y));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa == 0.0 || bb == 0.0 {
        return 1.0;
    }
    (1.0 - ab / (aa.sqrt() * bb.sqrt())).clamp(0.0, 2.0)
}

/// The `k` rows of `candidates` (`[n, d]`) nearest to `query` (`[d]`), nearest
/// first, equally near ones by index; all of them when `k >= n`.
///
/// This is the rule at inference and evaluation: every other session of the
/// person is a candidate, and the query side has seen the context only.
/// Time O(n d + n log n).
///
/// ```
/// use idl_cluster::nearest;
/// use ndarray::array;
///
/// # fn main() -> Result<(), idl_cluster::Error> {
/// let sessions = array![[0.0_f32, 1.0], [1.0, 0.1], [1.0, 1.0]];
/// let found = nearest(array![1.0_f32, 0.0].view(), sessions.view(), 2)?;
/// assert_eq!(found.iter().map(|r| r.session).collect::<Vec<_>>(), [1, 2]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Dimensions`] where the sizes differ, [`Error::NotFinite`] for a
/// NaN or an infinity (row `n` stands for the query).
pub fn nearest(
    query: ArrayView1<'_, f32>,
    candidates: ArrayView2<'_, f32>,
    k: usize,
) -> Result<Vec<Reference>> {
    if candidates.nrows() > 0 && query.len() != candidates.ncols() {
        return Err(Error::Dimensions { query: query.len(), candidates: candidates.ncols() });
    }
    let bad_query = query.indexed_iter().map(|(c, &v)| (candidates.nrows(), c, v));
    let bad_candidates = candidates.indexed_iter().map(|((r, c), &v)| (r, c, v));
    if let Some((row, column, value)) =
        bad_candidates.chain(bad_query).find(|(_, _, v)| !v.is_finite())
    {
        return Err(Error::NotFinite { row, column, value });
    }
    let all = candidates.rows().into_iter().enumerate();
    Ok(take_nearest(
        all.map(|(session, row)| Reference { session, distance: cosine_distance(query, row) }),
        k,
    ))
}

/// The `k` nearest of `references`, nearest first, equally near ones by index.
pub(crate) fn take_nearest(
    references: impl Iterator<Item = Reference>,
    k: usize,
) -> Vec<Reference> {
    let mut all: Vec<Reference> = references.collect();
    all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.session.cmp(&b.session)));
    all.truncate(k);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn ties_go_by_index_and_k_may_exceed_n() {
        let candidates = array![[2.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0]];
        let found = nearest(array![1.0_f32, 0.0].view(), candidates.view(), 9).unwrap();
        assert_eq!(found.iter().map(|r| r.session).collect::<Vec<_>>(), [0, 2, 1]);
        assert_eq!(found[0].distance, 0.0);
    }

    #[test]
    fn a_zero_vector_is_orthogonal_to_all() {
        assert_eq!(cosine_distance(array![0.0, 0.0].view(), array![1.0, 0.0].view()), 1.0);
    }

    #[test]
    fn bad_queries_are_typed_errors() {
        let candidates = array![[1.0_f32, 0.0]];
        assert!(matches!(
            nearest(array![1.0_f32].view(), candidates.view(), 1),
            Err(Error::Dimensions { query: 1, candidates: 2 })
        ));
        assert!(matches!(
            nearest(array![1.0_f32, f32::NAN].view(), candidates.view(), 1),
            Err(Error::NotFinite { row: 1, column: 1, .. })
        ));
        assert!(
            nearest(array![1.0_f32].view(), ndarray::Array2::zeros((0, 0)).view(), 1)
                .unwrap()
                .is_empty()
        );
    }
}
