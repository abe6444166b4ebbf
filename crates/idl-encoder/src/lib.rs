#![doc = include_str!("../README.md")]

mod cache;
mod error;
mod fingerprint;
mod transformer;

pub use cache::CachedEncoder;
pub use error::{Error, Result};
pub use fingerprint::fingerprint;
pub use transformer::{Architecture, EncoderOptions, SentenceTransformer, TransformerConfig};
