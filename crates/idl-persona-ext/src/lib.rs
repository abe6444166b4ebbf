#![doc = include_str!("../README.md")]

mod error;
mod lexicon;
mod object;
mod pattern;
mod persona;
mod phrase;
mod reading;
mod rules;
mod text;
mod triple;
mod words;

pub use error::{Error, Result};
pub use object::{contains_object, replace_object};
pub use persona::{extract_triples, persona_text, persona_utterances};
pub use rules::RuleExtractor;
pub use triple::{ParsedTriples, TripleOrder, parse_triples, print_triples};
