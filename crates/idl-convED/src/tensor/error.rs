//! What can be wrong with tensors.

use tch::{Kind, TchError};
use thiserror::Error;

use crate::Error;

/// Why distances on tensors could not be computed.
///
/// A type of its own: [`Error`](enum@crate::Error) can be copied and compared, also with the
/// feature `tch`, and libtorch's errors can not.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TensorError {
    /// The sessions do not go together.
    #[error(transparent)]
    Sessions(#[from] Error),
    /// The shapes do not describe padded sessions.
    #[error(
        "embeddings {embeddings:?} and roles {roles:?} must be [n, l, d] and [n, l], l and d at least 1"
    )]
    Shape {
        /// The shape of the embeddings.
        embeddings: Vec<i64>,
        /// The shape of the roles.
        roles: Vec<i64>,
    },
    /// Roles are compared, hence integers.
    #[error("roles must be integers, not {0:?}")]
    RoleKind(Kind),
    /// An embedding whose cosine with anything is undefined, or would be in the
    /// `f32` that most is computed in: all zero, NaN, infinite, or in
    /// [`Kind::Double`] with a largest component outside of 1.2e-38 to 3.4e38.
    #[error(
        "the embedding at position {utterance} of session {session} is all zero, NaN, infinite or \
         beyond the range of f32"
    )]
    Embedding {
        /// The session's position in the tensor.
        session: i64,
        /// The utterance's position in the session.
        utterance: i64,
    },
    /// Rows and columns were embedded into spaces of different dimension.
    #[error("the rows' embeddings have {rows} components, the columns' {columns}")]
    Dimension {
        /// The components of the rows' embeddings.
        rows: i64,
        /// The components of the columns' embeddings.
        columns: i64,
    },
    /// libtorch failed.
    #[error("libtorch failed")]
    Tch(#[from] TchError),
}
