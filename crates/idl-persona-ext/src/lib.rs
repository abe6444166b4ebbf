#![doc = include_str!("../README.md")]

mod error;
mod evaluation;
mod lm;
mod object;
mod persona;
mod relation;
mod rules;
mod samples;
mod text;
mod triple;

pub use error::{Error, Result};
pub use evaluation::{Counts, Evaluation};
pub use lm::{LmExtractor, LmTally, NOTHING, extractor_prompt, extractor_target, read_reply};
pub use object::{contains_object, replace_object};
pub use persona::{extract_triples, persona_embedding, persona_text, persona_utterances};
pub use relation::Relation;
pub use rules::RuleExtractor;
pub use samples::{Sample, StackParams, is_impersonal, join_samples, split_samples};
pub use triple::{ParsedTriples, TripleOrder, parse_triples, print_triples};
