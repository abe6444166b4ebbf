#![doc = include_str!("../README.md")]

mod batch;
mod bert;
mod config;
mod encoder;
mod error;
mod folder;
mod weights;
#[cfg(feature = "rust-bert")]
mod zoo;

pub use config::BertConfig;
pub use encoder::{BertEncoder, EncoderOptions};
pub use error::{Error, Result};
#[cfg(feature = "rust-bert")]
pub use zoo::RustBertEncoder;
