//! The encoder, what it has encoded before, and how far it is.

use std::collections::HashSet;
use std::env;
use std::path::{Path, PathBuf};

use crate::encoder::TFIDF;
use crate::progress;
use idl::encoder::{CachedEncoder, EncoderOptions, SentenceTransformer};
use idl_dialogue::{BoxError, SentenceEncoder};
use idl_encoder::TfIdfEncoder;

/// Texts that are encoded before their vectors are kept: what a kill costs.
const CHUNK: usize = 64;

/// An encoder without a memory.
pub(crate) struct Loaded {
    encoder: Box<dyn SentenceEncoder>,
    /// Whether another run would have the same.
    lasting: bool,
}

impl Loaded {
    /// `tfidf`, or a folder; by default that in `IDL_ENCODER`. Neither is fitted on
    /// what the persons say.
    pub(crate) fn new(name: Option<&Path>) -> Result<Self, BoxError> {
        let set = env::var_os("IDL_ENCODER").filter(|v| !v.is_empty()).map(PathBuf::from);
        let name = name.map(Path::to_owned).or(set).unwrap_or_else(|| PathBuf::from(TFIDF));
        if name.as_os_str() == TFIDF {
            let encoder = Box::new(TfIdfEncoder::english());
            return Ok(Loaded { encoder, lasting: false });
        }
        if !name.is_dir() {
            let name = name.display();
            return Err(format!("--encoder {name}: neither `tfidf` nor a folder").into());
        }
        // One text at a time: beside others it would be padded to their length,
        // and its vector would depend on them in the last bits. So a run that
        // goes on where another stopped gives what one run would have given.
        let options = EncoderOptions { batch_size: 1, ..EncoderOptions::default() };
        let encoder = SentenceTransformer::from_dir(&name, options)?;
        Ok(Loaded { encoder: Box::new(encoder), lasting: true })
    }
}

/// An encoder with a memory.
pub(crate) struct Encoder<'a>(CachedEncoder<&'a dyn SentenceEncoder>);

impl<'a> Encoder<'a> {
    /// Vectors are kept in the folder `cache`, if they are of use to another
    /// run.
    pub(crate) fn new(loaded: &'a Loaded, cache: Option<&Path>) -> Result<Self, BoxError> {
        let encoder = &*loaded.encoder;
        let cached = match cache {
            Some(dir) if loaded.lasting => CachedEncoder::open(encoder, dir)?,
            _ => CachedEncoder::in_memory(encoder),
        };
        Ok(Encoder(cached.with_chunk(CHUNK)))
    }

    /// Encodes every text, once; says how many were new.
    pub(crate) fn embed_all(&self, texts: &[String]) -> Result<String, BoxError> {
        let mut seen = HashSet::new();
        let texts: Vec<&str> =
            texts.iter().map(String::as_str).filter(|text| seen.insert(*text)).collect();
        let bar = progress::bar("embedding", texts.len() as u64);
        self.0.embed(&texts, |done, _| bar.set_position(done as u64))?;
        bar.finish_and_clear();
        let (new, known) = (self.0.misses(), self.0.hits());
        let name = self.0.name();
        Ok(format!("{} texts by {name}, {new} now, {known} before", texts.len()))
    }

    /// The encoder in the form in which the pipeline takes it.
    pub(crate) fn get(&self) -> &dyn SentenceEncoder {
        &self.0
    }
}
