#![doc = include_str!("../README.md")]

mod adapters;
mod cache;
mod config;
mod error;
mod generate;
mod lora;
mod model;
mod rotary;
mod tokenizer;
mod tree;
mod weights;

pub use cache::KvCache;
pub use config::LlamaConfig;
pub use error::{Error, Result};
pub use generate::{FinishReason, Generation, Generator};
pub use lora::LoraConfig;
pub use model::{CausalLm, Layout, LoadOptions};
pub use tokenizer::ChatTokenizer;
pub use tree::{TokenTree, TreeLogProbs};
