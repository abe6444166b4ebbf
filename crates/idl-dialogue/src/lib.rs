#![doc = include_str!("../README.md")]

pub mod chat;
pub mod convai2;
mod data;
mod distractors;
mod embedded;
mod error;
pub mod grouping;
mod hash;
mod jsonl;
mod split;
mod text;
mod tfidf;
mod traits;
mod union;

pub use data::{Person, Role, Session, Triple, Utterance};
pub use distractors::{Distractors, distractors};
pub use embedded::{EmbeddedPerson, Probe, embedded};
pub use error::{Error, Result};
pub use split::split_persons;
pub use tfidf::TfIdfEncoder;
pub use traits::{
    BoxError, GenerationParams, NliLabel, NliModel, PersonaExtractor, SentenceEncoder,
    SessionDistance, TextGenerator,
};
