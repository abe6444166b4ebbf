//! The BLEU of published tables, bugs and all, for comparison only.
//!
//! Both evaluate one reply at a time with NLTK and average; neither measures
//! what its name says, and nothing should be claimed from either:
//!
//! * [`released_bleu`] (the evaluation published with In-Dialogue Learning)
//!   passes strings where NLTK expects lists of words, so that *characters* are
//!   counted, and passes the generated reply as the reference. Any English text
//!   has most of its letters in any other: a random reply scores about 50, and
//!   a reply is punished for being longer than the true one.
//! * [`clv_bleu`] (the evaluation published with CLV) passes the words of the
//!   true reply where NLTK expects a list of references. Each word is taken for
//!   a reference of characters, so that only one-letter words can match: the
//!   true reply itself scores about 18.

use crate::bleu::{Bleu, BleuParams, NltkSmoothing};
use crate::{Result, Tokenizer};

/// BLEU-1, 0 to 100, as the evaluation released with In-Dialogue Learning
/// computes it for one reply: on characters (spaces included), hypothesis and
/// reference swapped. Average it over replies. 0 where either is empty.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// // Anagrams are perfect.
/// assert!((idl_metrics::released_bleu("no tip", "on pit")? - 100.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// None in practice: the parameters are fixed.
pub fn released_bleu(hypothesis: &str, reference: &str) -> Result<f64> {
    nltk_on_pieces(&characters(reference), &[characters(hypothesis)], 1)
}

/// BLEU-`order` (1 to 4), 0 to 100, as CLV's evaluation computes it for one
/// reply of words between spaces: each word of the true reply is a reference
/// made of its characters. Average it over replies. 0 where either is empty.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// // The true reply itself, of which only "i" can match.
/// assert!((idl_metrics::clv_bleu("i see", "i see", 1)? - 50.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) for an order outside 1 to 4.
pub fn clv_bleu(hypothesis: &str, reference: &str, order: usize) -> Result<f64> {
    let words = Tokenizer::None.tokens(reference);
    let references: Vec<Vec<String>> = words.iter().map(|word| characters(word)).collect();
    nltk_on_pieces(&Tokenizer::None.tokens(hypothesis), &references, order)
}

fn nltk_on_pieces(hypothesis: &[String], references: &[Vec<String>], order: usize) -> Result<f64> {
    let params = BleuParams { max_order: order, ..BleuParams::nltk(NltkSmoothing::Method0) };
    let mut bleu = Bleu::new(params)?;
    if hypothesis.is_empty() || references.is_empty() {
        return Ok(0.0);
    }
    bleu.add_tokens(hypothesis, references)?;
    Ok(bleu.score().value)
}

fn characters(text: &str) -> Vec<String> {
    text.chars().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_swapped_in_the_released_one() {
        // A long reply is a long reference: the brevity penalty falls on it.
        let long = "a cat and a dog and a cat and a dog and a cat";
        let short = "a cat";
        assert!(released_bleu(long, short).unwrap() < 1.0);
        assert!(released_bleu(short, long).unwrap() > 10.0);
    }

    #[test]
    fn empty_sides_score_nothing() {
        for (a, b) in [("", "x"), ("x", ""), ("", "")] {
            assert_eq!(released_bleu(a, b).unwrap(), 0.0);
            assert_eq!(clv_bleu(a, b, 4).unwrap(), 0.0);
        }
        assert!(clv_bleu("x", "x", 5).is_err());
    }
}
