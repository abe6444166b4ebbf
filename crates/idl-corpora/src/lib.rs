#![doc = include_str!("../README.md")]

pub mod chat;
pub mod convai2;
pub mod cornell;
mod distractors;
pub mod dpoc;
mod embedded;
mod error;
pub mod export;
pub mod grouping;
mod jsonl;
mod lenient;
pub mod light;
mod lines;
pub mod locomo;
pub mod parlai;
pub mod personaext;
mod sides;
mod split;
mod text;
mod union;

pub use distractors::{Distractors, distractors};
pub use embedded::{EmbeddedPerson, Probe, embedded};
pub use error::{Error, Result};
pub use lenient::{Lenient, Records, Tally};
pub use lines::LINE_LIMIT;
pub use sides::join_sides;
pub use split::{remove_dialogues_of, split_persons};
