//! From text to tokens.

mod intern;
mod porter;
mod tokenizer;

pub(crate) use intern::Interner;
pub use porter::porter_stem;
pub use tokenizer::Tokenizer;
pub(crate) use tokenizer::{is_space, lower, rouge_tokens};
