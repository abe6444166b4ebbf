//! What turns texts into vectors: a sentence encoder of a folder, with a
//! memory if one is wanted.

use std::path::Path;

use idl::encoder::{CachedEncoder, EncoderOptions, SentenceTransformer};
use idl_dialogue::{BoxError, SentenceEncoder};

/// The sentence-transformers model in `dir`; what it has encoded is kept in the
/// folder `cache`, where there is one, for this run and others.
///
/// # Errors
/// What is wrong with either folder.
pub fn open(dir: &Path, cache: Option<&Path>) -> Result<Box<dyn SentenceEncoder>, BoxError> {
    if !dir.is_dir() {
        return Err(format!("--encoder {}: neither `tfidf` nor a folder", dir.display()).into());
    }
    let encoder = SentenceTransformer::from_dir(dir, EncoderOptions::default())?;
    Ok(match cache {
        Some(cache) => Box::new(CachedEncoder::open(encoder, cache)?),
        None => Box::new(encoder),
    })
}
