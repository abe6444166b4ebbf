#![doc = include_str!("../README.md")]

mod error;
mod evaluation;
mod extractor;
mod lexicon;
mod lm;
mod object;
mod pattern;
mod persona;
mod phrase;
mod reading;
mod relation;
mod rules;
mod samples;
mod text;
mod triple;
mod words;

pub use error::{Error, Result};
pub use evaluation::{Counts, Evaluation};
pub use extractor::RuleExtractor;
pub use lm::{LmExtractor, LmTally, NOTHING, extractor_prompt, extractor_target, read_reply};
pub use object::{contains_object, replace_object};
pub use persona::{extract_triples, persona_embedding, persona_text, persona_utterances};
pub use relation::Relation;
pub use samples::{Sample, StackParams, is_impersonal, join_samples, split_samples};
pub use triple::{ParsedTriples, TripleOrder, parse_triples, print_triples};
