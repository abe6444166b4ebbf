//! The error of the pipeline: which part refused, and for whom.

use idl_dialogue::BoxError;

/// The result of the pipeline's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Vectors by `found`, name and size, where `expected` made the others.
    pub(crate) fn other_encoder(
        session: &str,
        found: (&str, usize),
        expected: (&str, usize),
    ) -> Self {
        let shown = |(name, dim): (&str, usize)| format!("{name} ({dim})");
        Error::OtherEncoder {
            session: session.to_owned(),
            found: shown(found),
            expected: shown(expected),
        }
    }
}

/// An error of one of the parts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sentence encoder failed.
    #[error("sentence encoder {name} failed")]
    Encoder {
        /// The encoder's name.
        name: String,
        /// What it said.
        source: BoxError,
    },
    /// The encoder gave another number of vectors than texts.
    #[error("sentence encoder {name} gave {rows} vectors for {texts} texts")]
    EncoderRows {
        /// The encoder's name.
        name: String,
        /// Vectors.
        rows: usize,
        /// Texts.
        texts: usize,
    },
    /// A session that the person does not have.
    #[error("there is no session {session}; the person has {sessions}")]
    NoSession {
        /// The position asked for.
        session: usize,
        /// How many there are.
        sessions: usize,
    },
    /// A setting of the choice that is none.
    #[error("choice: {0}")]
    Choice(String),
    /// A session without vectors, which cannot be compared.
    #[error("session `{session}` has no vectors: encode it first")]
    NotEmbedded {
        /// Its id.
        session: String,
    },
    /// Vectors of different encoders, which cannot be compared.
    #[error("session `{session}` was encoded by {found}, the others by {expected}")]
    OtherEncoder {
        /// Its id.
        session: String,
        /// Its encoder's name and size.
        found: String,
        /// The others'.
        expected: String,
    },
    /// Another number of records than sessions.
    #[error("{records} records for {sessions} sessions")]
    Records {
        /// Records.
        records: usize,
        /// Sessions.
        sessions: usize,
    },
    /// Two sessions of one id.
    #[error("there is a session `{session}` already")]
    SameSession {
        /// The id.
        session: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] idl_store::Error),
    /// Evaluation cannot be done with what was given.
    #[error("{0}")]
    Evaluation(String),
    /// Persona extraction failed.
    #[error(transparent)]
    Persona(#[from] idl_persona_ext::Error),
    /// Clustering or the choice of references failed.
    #[error(transparent)]
    Cluster(#[from] idl_cluster::Error),
    /// The session distance failed.
    #[error("the session distance failed")]
    Distance(#[source] BoxError),
    /// The session distance gave a matrix of another shape.
    #[error("the session distance gave a {rows} x {columns} matrix for {sessions} sessions")]
    DistanceShape {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// The sessions.
        sessions: usize,
    },
    /// Ordering failed.
    #[error(transparent)]
    Order(#[from] idl_order::Error),
    /// Distractors could not be drawn.
    #[error(transparent)]
    Corpora(#[from] idl_corpora::Error),
    /// A metric could not be computed.
    #[error(transparent)]
    Metrics(#[from] idl_metrics::Error),
    /// Training data or training failed.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Train(#[from] idl_train::Error),
    /// The language model failed.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Lm(#[from] idl_lm::Error),
}
