#![doc = include_str!("../README.md")]

mod cache;
mod error;
mod fingerprint;
mod tfidf;
#[cfg(feature = "tch")]
mod transformer;

pub use cache::CachedEncoder;
pub use error::{Error, Result};
pub use fingerprint::fingerprint;
pub use tfidf::TfIdfEncoder;
#[cfg(feature = "tch")]
#[doc(hidden)]
pub use transformer::batch;
#[cfg(feature = "tch")]
pub use transformer::{Architecture, EncoderOptions, SentenceTransformer, TransformerConfig};
