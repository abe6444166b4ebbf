//! Does a reply sound like the person's history?

mod overlap;
mod tfidf;

pub use overlap::{ENGLISH_STOP_WORDS, OverlapScore, WordSets};
pub use tfidf::{cosine, p_co_tfidf, p_co_tfidf_signature};
