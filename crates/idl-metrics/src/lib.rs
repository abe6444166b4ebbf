#![doc = include_str!("../README.md")]

mod bleu;
mod chance;
mod compat;
mod distinct;
mod error;
mod f1;
mod facts;
mod interval;
mod length;
mod likelihood;
#[cfg(feature = "traits")]
mod models;
mod nli;
mod persona;
mod probes;
mod ranking;
mod rouge;
mod score;
mod special;
mod spread;
mod student;
mod studentised;
mod text;
mod ttest;

pub use bleu::{
    Bleu, BleuParams, BleuScore, BleuStats, Convention, NltkSmoothing, Smoothing, sentence_bleu,
};
pub use chance::{ChanceRows, Example, chance_rows};
pub use compat::{clv_bleu, clv_bleu_signature, released_bleu, released_bleu_signature};
pub use distinct::{Denominator, Distinct};
pub use error::{Error, Result};
pub use f1::{WordF1, word_f1};
pub use facts::{FactAccuracy, names_object};
pub use interval::{Interval, Intervals, Method};
pub use length::{LengthStats, Lengths};
pub use likelihood::{Condition, NllByPerson, PairedSample, TokenNll};
#[cfg(feature = "traits")]
pub use models::p_co;
pub use nli::{Consistency, Verdict};
pub use persona::{
    ENGLISH_STOP_WORDS, OverlapScore, WordSets, cosine, p_co_tfidf, p_co_tfidf_signature,
};
pub use probes::{ProbeReply, probe_accuracy};
pub use ranking::{HitsAtK, hits_at_k, rank};
pub use rouge::{RougeL, RougeScore, rouge_l};
pub use score::{Level, Mean, Score, Signature};
pub use text::{Tokenizer, porter_stem};
pub use ttest::{TTest, paired_t_test};
