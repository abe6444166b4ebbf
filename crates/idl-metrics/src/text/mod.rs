//! From text to tokens.

mod porter;
mod tokenizer;

pub use porter::porter_stem;
pub use tokenizer::Tokenizer;
pub(crate) use tokenizer::{interned, rouge_tokens};
