//! The rule engine: from the words of an utterance to triples.
//!
//! Words are looked up in the [`lexicon`], the [`table`] says which patterns of
//! them are read in which way, and the [`readers`] read.

mod claim;
mod extractor;
mod lexicon;
mod pattern;
mod phrase;
mod readers;
mod reading;
mod syntax;
mod table;
mod words;

pub use extractor::RuleExtractor;
