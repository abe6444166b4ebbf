#![doc = include_str!("../README.md")]

mod data;
mod hash;
mod same_dialogue;
mod traits;

pub use data::{Person, Role, Session, Triple, Utterance};
#[doc(hidden)]
pub use hash::stable_hash;
pub use same_dialogue::SessionIndex;
pub use traits::{
    BoxError, GenerationParams, NliLabel, NliModel, PersonaExtractor, SentenceEncoder,
    SessionDistance, TextGenerator,
};
