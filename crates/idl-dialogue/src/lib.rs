#![doc = include_str!("../README.md")]

pub mod chat;
pub mod convai2;
pub mod cornell;
mod data;
mod distractors;
pub mod dpoc;
mod embedded;
mod error;
pub mod export;
pub mod grouping;
mod hash;
mod jsonl;
mod lenient;
pub mod light;
mod lines;
pub mod parlai;
mod procedural;
mod same_dialogue;
mod split;
mod text;
mod traits;
mod union;

pub use data::{Person, Role, Session, Triple, Utterance};
pub use distractors::{Distractors, distractors};
pub use embedded::{EmbeddedPerson, Probe, embedded};
pub use error::{Error, Result};
pub use lenient::{Lenient, Records, Tally};
pub use lines::LINE_LIMIT;
pub use procedural::{ProceduralParams, ProceduralPerson};
pub use same_dialogue::SessionIndex;
pub use split::{remove_dialogues_of, split_persons};
pub use traits::{
    BoxError, GenerationParams, NliLabel, NliModel, PersonaExtractor, SentenceEncoder,
    SessionDistance, TextGenerator,
};
