//! What can be wrong with parameters and sessions.

use thiserror::Error;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A parameter outside its domain.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ParamsError {
    /// `lambda` is negative, NaN or infinite.
    #[error("lambda must be a finite number >= 0, not {0}")]
    Lambda(f64),
    /// The insertion cost is negative, NaN or infinite.
    #[error("the insertion cost must be a finite number >= 0, not {0}")]
    Insertion(f64),
    /// The deletion cost is negative, NaN or infinite.
    #[error("the deletion cost must be a finite number >= 0, not {0}")]
    Deletion(f64),
}

/// Why a distance could not be computed.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its domain.
    #[error("invalid convED parameters")]
    Params(#[from] ParamsError),
    /// A session has more roles than embeddings, or fewer.
    #[error("the session has {roles} roles but {embeddings} embeddings; there must be one each")]
    RoleCount {
        /// The number of roles.
        roles: usize,
        /// The number of rows of the embedding matrix.
        embeddings: usize,
    },
    /// An embedding without direction: its cosine with anything is undefined.
    #[error("the embedding of utterance {utterance} is all zero; its cosine is undefined")]
    ZeroEmbedding {
        /// The utterance's position in its session.
        utterance: usize,
    },
    /// An embedding holds NaN or an infinity.
    #[error("component {component} of the embedding of utterance {utterance} is {value}")]
    NonFiniteEmbedding {
        /// The utterance's position in its session.
        utterance: usize,
        /// The component's position in the embedding.
        component: usize,
        /// The offending value.
        value: f32,
    },
    /// Two sessions were embedded into spaces of different dimension.
    #[error("session {session} has embeddings of {found} components, those before have {expected}")]
    DimensionMismatch {
        /// The first session that differs, counted over all sessions of the
        /// call in the order of its arguments.
        session: usize,
        /// The dimension of the first session that is not empty.
        expected: usize,
        /// The dimension of `session`.
        found: usize,
    },
    /// A cutoff of NaN would compare as neither reached nor not.
    #[error("the cutoff is not a number")]
    Cutoff,
    /// A matrix that does not fit into memory.
    #[error("there is no memory for a matrix of {rows} x {columns} numbers of {bytes} bytes")]
    Memory {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The bytes that one number takes.
        bytes: usize,
    },
    /// Tiles of no sessions would never cover the matrix.
    #[error("a tile must hold at least one session")]
    TileSize,
}
