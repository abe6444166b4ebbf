#![doc = include_str!("../README.md")]

mod adapters;
mod block;
mod cache;
mod config;
mod error;
mod folder;
mod generate;
mod layout;
mod linear;
mod logprobs;
mod lora;
mod merge;
mod model;
mod parameters;
mod product;
mod recompute;
mod rotary;
mod save;
mod state;
mod tensors;
mod tokenizer;
mod tree;
mod weights;

pub use cache::KvCache;
pub use config::{Architecture, Biases, LlamaConfig, RopeScaling};
pub use error::{Error, Result};
pub use generate::{
    Conversation, DecodingParams, FinishReason, Generation, Generator, OnPiece, Piece, PromptCache,
    Request, RsaParams,
};
pub use layout::Layout;
pub use lora::LoraConfig;
pub use model::{CausalLm, LoadOptions};
pub use recompute::Recomputation;
pub use tokenizer::{ChatTokenizer, Rendering, SpecialTokens};
pub use tree::{TokenTree, TreeLogProbs};
