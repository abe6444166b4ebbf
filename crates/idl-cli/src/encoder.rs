//! What turns texts into vectors: words as they are counted elsewhere, or a
//! sentence encoder of a folder, with a memory if one is wanted.

use std::env;
use std::path::{Path, PathBuf};

use idl::encoder::{CachedEncoder, EncoderOptions, SentenceTransformer};
use idl_dialogue::{BoxError, SentenceEncoder};
use idl_encoder::TfIdfEncoder;

/// What `--encoder` calls hashed TF-IDF.
pub(crate) const TFIDF: &str = "tfidf";

/// The sentence encoder that the set-up has put into the user's cache folder, or that
/// `IDL_ENCODER` names, if it is there.
#[must_use]
pub(crate) fn installed() -> Option<PathBuf> {
    let cache = || {
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
        let user = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
        let all = env::var_os("IDL_CACHE_DIR").map(PathBuf::from);
        let all = all.or_else(|| Some(user()?.join("in-dialogue-learning")))?;
        Some(all.join("all-MiniLM-L6-v2"))
    };
    let dir = env::var_os("IDL_ENCODER").map(PathBuf::from).or_else(cache)?;
    dir.join("model.safetensors").is_file().then_some(dir)
}

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
