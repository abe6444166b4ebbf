//! A session as convED sees it: who spoke, and what it meant.

use ndarray::{ArrayView1, ArrayView2};

use crate::{Error, Result};

/// A borrowed session of `m` utterances: one role and one embedding each.
///
/// Roles are any small numbers; only whether two are equal matters.
/// Embeddings are the rows of an `[m, d]` view of any strides, so a slice of a
/// larger matrix serves without a copy. They need not have unit length.
///
/// ```
/// use idl_conved::SessionView;
/// use ndarray::arr2;
///
/// let embeddings = arr2(&[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]);
/// let session = SessionView::new(&[0, 1, 0], embeddings.view())?;
/// assert_eq!(session.len(), 3);
/// # Ok::<(), idl_conved::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SessionView<'a> {
    roles: &'a [u8],
    embeddings: ArrayView2<'a, f32>,
}

impl<'a> SessionView<'a> {
    /// Checks and borrows a session. `O(m d)`.
    ///
    /// A session without utterances is legal, and its dimension (the number
    /// of columns) is never compared with that of others.
    ///
    /// # Errors
    /// [`Error::RoleCount`] if there is not one role for each row,
    /// [`Error::NonFiniteEmbedding`] and [`Error::ZeroEmbedding`] for rows
    /// whose cosine is undefined (which rows without columns are, too).
    pub fn new(roles: &'a [u8], embeddings: ArrayView2<'a, f32>) -> Result<Self> {
        if roles.len() != embeddings.nrows() {
            return Err(Error::RoleCount { roles: roles.len(), embeddings: embeddings.nrows() });
        }
        for (utterance, row) in embeddings.rows().into_iter().enumerate() {
            if let Some((component, &value)) = row.iter().enumerate().find(|(_, x)| !x.is_finite())
            {
                return Err(Error::NonFiniteEmbedding { utterance, component, value });
            }
            if row.iter().all(|&x| x == 0.0) {
                return Err(Error::ZeroEmbedding { utterance });
            }
        }
        Ok(SessionView { roles, embeddings })
    }

    /// The number of utterances.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether there is no utterance.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The number of components of an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.embeddings.ncols()
    }

    /// Who spoke, one for each utterance.
    #[must_use]
    pub fn roles(&self) -> &'a [u8] {
        self.roles
    }

    /// The embeddings, `[len, dim]`.
    #[must_use]
    pub fn embeddings(&self) -> ArrayView2<'a, f32> {
        self.embeddings
    }

    /// The numbers of utterances and of components.
    pub(crate) fn shape(&self) -> (usize, usize) {
        self.embeddings.dim()
    }

    /// The embedding of utterance `i`.
    pub(crate) fn embedding(&self, i: usize) -> ArrayView1<'_, f32> {
        self.embeddings.row(i)
    }
}

/// The common dimension of sessions of these [shapes](SessionView::shape); 0 if
/// all are empty.
///
/// # Errors
/// [`Error::DimensionMismatch`].
pub(crate) fn common_dim(shapes: impl IntoIterator<Item = (usize, usize)>) -> Result<usize> {
    let mut dim = None;
    for (session, (len, found)) in shapes.into_iter().enumerate() {
        if len == 0 {
            continue;
        }
        let expected = *dim.get_or_insert(found);
        if found != expected {
            return Err(Error::DimensionMismatch { session, expected, found });
        }
    }
    Ok(dim.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, arr2};

    use super::*;

    #[test]
    fn bad_sessions_have_their_errors() {
        let good = arr2(&[[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(
            SessionView::new(&[0], good.view()).unwrap_err(),
            Error::RoleCount { roles: 1, embeddings: 2 }
        );
        let zero = arr2(&[[1.0, 0.0], [0.0, -0.0]]);
        assert_eq!(
            SessionView::new(&[0, 1], zero.view()).unwrap_err(),
            Error::ZeroEmbedding { utterance: 1 }
        );
        let infinite = arr2(&[[1.0, 0.0], [0.0, f32::INFINITY]]);
        assert_eq!(
            SessionView::new(&[0, 1], infinite.view()).unwrap_err(),
            Error::NonFiniteEmbedding { utterance: 1, component: 1, value: f32::INFINITY }
        );
        let nan = arr2(&[[f32::NAN, 0.0]]);
        assert!(matches!(
            SessionView::new(&[0], nan.view()),
            Err(Error::NonFiniteEmbedding { utterance: 0, component: 0, .. })
        ));
        let flat = Array2::zeros((1, 0));
        assert_eq!(
            SessionView::new(&[0], flat.view()).unwrap_err(),
            Error::ZeroEmbedding { utterance: 0 }
        );
    }

    #[test]
    fn empty_sessions_have_no_dimension() {
        let (none, two, three) = ((0, 9), (1, 2), (1, 3));
        assert_eq!(common_dim([none, none]), Ok(0));
        assert_eq!(common_dim([none, two]), Ok(2));
        assert_eq!(
            common_dim([none, two, none, three]),
            Err(Error::DimensionMismatch { session: 3, expected: 2, found: 3 })
        );
    }
}
