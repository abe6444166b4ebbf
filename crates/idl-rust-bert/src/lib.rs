#![doc = include_str!("../README.md")]

mod batch;
mod checkpoint;
mod encoder;
mod error;
mod folder;
mod gpt2;
mod guard;
mod labels;
mod nli;

pub use encoder::RustBertEncoder;
pub use error::{Error, Result};
pub use gpt2::Gpt2Generator;
pub use idl_encoder::EncoderOptions;
pub use nli::{NliClassifier, NliProbabilities};
