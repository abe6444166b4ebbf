//! From text to tokens, and from tokens to numbers.

mod intern;
mod numbered;
mod porter;
mod space;
mod tokenizer;
mod v13a;

pub(crate) use intern::{ABSENT, Interner};
pub(crate) use numbered::Numbered;
pub use porter::porter_stem;
pub(crate) use space::{is_space, lower};
pub use tokenizer::Tokenizer;
pub(crate) use tokenizer::{characters, rouge_tokens};
