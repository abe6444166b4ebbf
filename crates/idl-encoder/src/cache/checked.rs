//! An encoder taken at its word.

use idl_dialogue::SentenceEncoder;
use ndarray::Array2;

use crate::error::{Error, Result};

/// The encoder's rows, as many and as long as it promised.
pub(super) fn encode(encoder: &impl SentenceEncoder, texts: &[&str]) -> Result<Array2<f32>> {
    let name = || encoder.name().to_owned();
    let rows = encoder.encode(texts).map_err(|source| Error::Encoder { name: name(), source })?;
    let expected = (texts.len(), encoder.dim());
    if rows.dim() != expected {
        return Err(Error::EncoderShape { name: name(), found: rows.dim(), expected });
    }
    Ok(rows)
}
