//! What a reply has of another text: BLEU, ROUGE-L, word F1; how various and how
//! long replies are.

mod bleu;
mod compat;
mod distinct;
mod f1;
mod length;
mod rouge;

pub use crate::tokens::{Tokenizer, porter_stem};
pub use bleu::{
    Bleu, BleuParams, BleuScore, BleuStats, Convention, NltkSmoothing, Smoothing, sentence_bleu,
};
pub use compat::{clv_bleu, clv_bleu_signature, released_bleu, released_bleu_signature};
pub use distinct::{Denominator, Distinct};
pub(crate) use f1::counting_words;
pub use f1::{WordF1, word_f1};
pub use length::{LengthStats, Lengths};
pub use rouge::{RougeL, RougeScore, rouge_l};
