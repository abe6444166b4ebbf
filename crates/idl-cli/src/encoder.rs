//! What turns texts into vectors: words as they are counted elsewhere, or a
//! sentence encoder of a folder, with a memory if one is wanted.

use std::path::Path;

use idl::encoder::{CachedEncoder, EncoderOptions, SentenceTransformer};
use idl_dialogue::{BoxError, SentenceEncoder};
use idl_encoder::TfIdfEncoder;

/// What `--encoder` calls hashed TF-IDF.
pub(crate) const TFIDF: &str = "tfidf";

/// `tfidf`, or the sentence-transformers model in `dir`; what that has encoded is
/// kept in the folder `cache`, where there is one, for this run and others.
///
/// Neither is fitted on what the program reads: no reply that is to be predicted
/// has a say in which sessions stand in front of it.
///
/// # Errors
/// What is wrong with either folder.
pub(crate) fn open(dir: &Path, cache: Option<&Path>) -> Result<Box<dyn SentenceEncoder>, BoxError> {
    if dir.as_os_str() == TFIDF {
        return Ok(Box::new(TfIdfEncoder::english()));
    }
    if !dir.is_dir() {
        return Err(format!("--encoder {}: neither `tfidf` nor a folder", dir.display()).into());
    }
    let encoder = SentenceTransformer::from_dir(dir, EncoderOptions::default())?;
    Ok(match cache {
        Some(cache) => Box::new(CachedEncoder::open(encoder, cache)?),
        // One run asks for the same texts again, too.
        None => Box::new(CachedEncoder::in_memory(encoder)),
    })
}
