#![doc = include_str!("../README.md")]

mod adapters;
mod error;
mod generate;
mod model;
mod score;
mod tokenizer;
mod weights;

pub use error::{Error, Result};
pub use generate::{
    Conversation, DecodingParams, FinishReason, Generation, Generator, OnPiece, Piece, PromptCache,
    Request, RsaParams,
};
pub use model::{
    Architecture, Biases, CausalLm, KvCache, Layout, LlamaConfig, LoadOptions, LoraConfig,
    RopeScaling,
};
pub use score::{Recomputation, TokenTree, TreeLogProbs};
pub use tokenizer::{ChatTokenizer, Rendering, SpecialTokens};
