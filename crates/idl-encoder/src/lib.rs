#![doc = include_str!("../README.md")]

mod batch;
mod cache;
mod config;
mod encoder;
mod error;
mod fingerprint;
mod folder;
mod names;
mod relative;
mod transformer;
mod weights;
#[cfg(feature = "rust-bert")]
mod zoo;

pub use cache::CachedEncoder;
pub use config::{Architecture, TransformerConfig};
pub use encoder::{EncoderOptions, SentenceTransformer};
pub use error::{Error, Result};
pub use fingerprint::fingerprint;
#[cfg(feature = "rust-bert")]
pub use zoo::{Gpt2Generator, NliClassifier, NliProbabilities, RustBertEncoder};
