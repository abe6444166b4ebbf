//! `config.json` of a Hugging Face folder of the LLaMA family.

mod llama;
mod parse;
mod read;

pub use llama::{Architecture, Biases, LlamaConfig, RopeScaling};
