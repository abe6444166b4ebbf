//! What can be wrong with embeddings and parameters.

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter outside its range.
    #[error("parameter {name} = {value}: expected {expected}")]
    Parameter {
        /// The parameter's name, as its setter is called.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// An embedding with a NaN or an infinity in it.
    #[error("embedding {row}, component {column} is {value}: embeddings must be finite")]
    NotFinite {
        /// The row, that is the session.
        row: usize,
        /// The component.
        column: usize,
        /// What was found there.
        value: f32,
    },
    /// Embeddings of no components.
    #[error("{sessions} embeddings of dimension 0: nothing to compare")]
    NoDimensions {
        /// The number of rows.
        sessions: usize,
    },
    /// A query and candidates of different sizes.
    #[error("the query has {query} components, the candidates have {candidates}")]
    Dimensions {
        /// Components of the query.
        query: usize,
        /// Components of each candidate.
        candidates: usize,
    },
    /// A session that has no embedding.
    #[error("there is no session {session}; there are {sessions} embeddings")]
    NoSession {
        /// The session asked for.
        session: usize,
        /// The number of rows.
        sessions: usize,
    },
    /// As many labels as points are needed.
    #[error("{labels} labels for {points} points")]
    Labels {
        /// The number of labels.
        labels: usize,
        /// The number of points.
        points: usize,
    },
    /// linfa's k-means refused what the checks let through.
    #[error("k-means failed")]
    KMeans(#[from] linfa_clustering::KMeansError),
    /// linfa's DBSCAN refused what the checks let through.
    #[error("DBSCAN failed")]
    Dbscan(#[from] linfa_clustering::DbscanParamsError),
    /// linfa refused parameters that the checks let through.
    #[error("k-means parameters refused")]
    KMeansParams(#[from] linfa_clustering::KMeansParamsError),
}

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
