//! What a reply has of its person: likeness to the history, overlap with the
//! persona, facts that are known.

#[cfg(feature = "traits")]
mod embedding;
mod facts;
mod overlap;
mod probes;
mod tfidf;

#[cfg(feature = "traits")]
pub use embedding::p_co;
pub use facts::{FactAccuracy, names_object};
pub use overlap::{ENGLISH_STOP_WORDS, OverlapScore, WordSets};
pub use probes::{ProbeReply, probe_accuracy};
pub use tfidf::{cosine, p_co_tfidf, p_co_tfidf_signature};
