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

use crate::text::{Bleu, BleuParams, NltkSmoothing};
use crate::tokens::Tokenizer;
use crate::{Level, Result, Signature};

/// BLEU-1, 0 to 100, as the evaluation released with In-Dialogue Learning
/// computes it for one reply: on characters (spaces included), hypothesis and
/// reference swapped. Average it over replies. 0 where either is empty.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// // Anagrams are perfect.
/// assert!((idl_metrics::text::released_bleu("no tip", "on pit")? - 100.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// None in practice: the parameters are fixed.
pub fn released_bleu(hypothesis: &str, reference: &str) -> Result<f64> {
    let mut bleu = Bleu::new(nltk_params(1))?;
    if hypothesis.is_empty() || reference.is_empty() {
        return Ok(0.0);
    }
    // The sides are swapped on purpose.
    bleu.add_characters(reference, &[hypothesis])?;
    Ok(bleu.score().value)
}

/// What goes beside a mean of [`released_bleu`].
#[must_use]
pub fn released_bleu_signature() -> Signature {
    Signature::new("released-bleu-1")
        .with("case", "mixed")
        .with("tok", "every-character")
        .with("sides", "swapped")
        .with("smooth", "method0")
        .with("as", "in-dialogue-learning")
        .with("level", Level::Sentence.as_str())
        .versioned()
}

/// BLEU-`order` (1 to 4), 0 to 100, as CLV's evaluation computes it for one
/// reply of words between spaces: each word of the true reply is a reference
/// made of its characters. Average it over replies. 0 where either is empty.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// // The true reply itself, of which only "i" can match.
/// assert!((idl_metrics::text::clv_bleu("i see", "i see", 1)? - 50.0).abs() < 1e-9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) for an order outside 1 to 4.
pub fn clv_bleu(hypothesis: &str, reference: &str, order: usize) -> Result<f64> {
    let mut bleu = Bleu::new(nltk_params(order))?;
    let (hypothesis, words) =
        (Tokenizer::None.tokens(hypothesis), Tokenizer::None.tokens(reference));
    if hypothesis.is_empty() || words.is_empty() {
        return Ok(0.0);
    }
    let characters = |word: &String| word.chars().map(String::from).collect();
    let references: Vec<Vec<String>> = words.iter().map(characters).collect();
    bleu.add_tokens(&hypothesis, &references)?;
    Ok(bleu.score().value)
}

/// What goes beside a mean of [`clv_bleu`].
#[must_use]
pub fn clv_bleu_signature(order: usize) -> Signature {
    Signature::new(&format!("clv-bleu-{order}"))
        .with("case", "mixed")
        .with("tok", "none")
        .with("refs", "each-word-as-characters")
        .with("smooth", "method0")
        .with("as", "clv")
        .with("level", Level::Sentence.as_str())
        .versioned()
}

fn nltk_params(order: usize) -> BleuParams {
    BleuParams { max_order: order, ..BleuParams::nltk(NltkSmoothing::Method0) }
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
