#![doc = include_str!("../README.md")]

mod data;
mod english;
mod error;
mod hash;
mod same_dialogue;
mod text;
mod tfidf;
mod traits;

pub use data::{Person, Role, Session, Triple, Utterance};
pub use error::{Error, Result};
#[doc(hidden)]
pub use hash::stable_hash;
pub use same_dialogue::SessionIndex;
pub use tfidf::TfIdfEncoder;
pub use traits::{
    BoxError, GenerationParams, NliLabel, NliModel, PersonaExtractor, SentenceEncoder,
    SessionDistance, TextGenerator,
};
