//! convED between sessions of text.

use idl_conved::{ConvEd, SessionView};
use idl_dialogue::{BoxError, SentenceEncoder, Session, SessionDistance};
use ndarray::{Array2, Axis, Slice};

/// [`ConvEd`] over the utterances' embeddings, as a [`SessionDistance`].
///
/// Each utterance is encoded once a call; `O(n^2)` distances for `n` sessions.
///
/// With hashed TF-IDF two utterances are rarely more alike than a cosine of
/// 0.6, and at the paper's `lambda = 5` nothing less is worth a substitution:
/// the distance is then the sum of the lengths. The released code's
/// `lambda = 1` is the one to use with it.
#[derive(Clone, Copy)]
pub struct ConvEdDistance<E> {
    /// The costs.
    pub conved: ConvEd,
    /// The utterances' encoder, or a reference to one.
    pub encoder: E,
}

impl<E: SentenceEncoder> std::fmt::Debug for ConvEdDistance<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConvEdDistance")
            .field("conved", &self.conved)
            .field("encoder", &self.encoder.name())
            .finish()
    }
}

impl<E: SentenceEncoder> SessionDistance for ConvEdDistance<E> {
    fn pairwise(&self, sessions: &[&Session]) -> Result<Array2<f64>, BoxError> {
        let mut texts = Vec::new();
        let mut roles = Vec::new();
        let mut ranges = Vec::new();
        for session in sessions {
            let start = roles.len();
            for message in &session.messages {
                texts.push(message.content.as_str());
                roles.push(message.role as u8);
            }
            ranges.push(start..roles.len());
        }
        let embeddings = self.encoder.encode(&texts)?;
        if embeddings.nrows() != texts.len() {
            let (rows, texts) = (embeddings.nrows(), texts.len());
            return Err(format!("the encoder gave {rows} vectors for {texts} texts").into());
        }
        let views = ranges
            .into_iter()
            .map(|rows| {
                let of_session = embeddings.slice_axis(Axis(0), Slice::from(rows.clone()));
                SessionView::new(&roles[rows], of_session)
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.conved.pairwise(&views)?)
    }
}
