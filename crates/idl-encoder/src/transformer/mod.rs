//! BERT and MPNet on tch, from the folders that sentence-transformers writes.

pub mod batch;
mod config;
mod encoder;
mod folder;
mod json;
mod model;
mod names;
mod options;
mod relative;
mod weights;

pub use config::{Architecture, TransformerConfig};
pub use encoder::SentenceTransformer;
pub use options::EncoderOptions;
