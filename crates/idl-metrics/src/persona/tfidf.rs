//! P-Co without a model: cosine of TF-IDF vectors.

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::Tokenizer;
use crate::{Error, Level, Result, Signature};

/// The cosine of two vectors, in `[-1, 1]`; 0 where one is all zero, as in
/// scikit-learn. For P-Co on sentence embeddings: of the reply and of the
/// history.
///
/// # Errors
/// [`Error::Lengths`] where the vectors differ in length.
pub fn cosine(a: &[f32], b: &[f32]) -> Result<f64> {
    if a.len() != b.len() {
        return Err(Error::Lengths { what: "components", left: a.len(), right: b.len() });
    }
    let dot = |x: &[f32], y: &[f32]| -> f64 {
        x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    Ok(if norms == 0.0 { 0.0 } else { (dot(a, b) / norms).clamp(-1.0, 1.0) })
}

/// P-Co as the cosine, in `[0, 1]`, of the TF-IDF vectors of the reply and of
/// the whole history. The idf comes from the history's N replies,
/// `ln((1 + N) / (1 + df)) + 1` (scikit-learn's); words that the history does
/// not have are left out. 0 where nothing is shared. Words are lower case.
///
/// Time O(words log words).
///
/// ```
/// use idl_metrics::persona::p_co_tfidf;
/// use idl_metrics::text::Tokenizer;
/// let history = ["i have a cat", "i love tea"];
/// assert!(p_co_tfidf("a cat", &history, Tokenizer::V13a) > 0.0);
/// assert_eq!(p_co_tfidf("so what", &history, Tokenizer::V13a), 0.0);
/// ```
#[must_use]
pub fn p_co_tfidf(reply: &str, history: &[&str], tokenizer: Tokenizer) -> f64 {
    let words = |text: &str| tokenizer.tokens(&text.to_lowercase());
    // Ordered maps: sums come out the same every time.
    let mut frequency: BTreeMap<String, f64> = BTreeMap::new();
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for text in history {
        let words = words(text);
        for word in words.iter().collect::<BTreeSet<_>>() {
            *frequency.entry(word.clone()).or_default() += 1.0;
        }
        for word in words {
            *counts.entry(word).or_default() += 1.0;
        }
    }
    let n = history.len() as f64;
    let idf: BTreeMap<&String, f64> =
        frequency.iter().map(|(w, df)| (w, ((1.0 + n) / (1.0 + df)).ln() + 1.0)).collect();
    let mut own: BTreeMap<String, f64> = BTreeMap::new();
    for word in words(reply).into_iter().filter(|w| frequency.contains_key(w)) {
        *own.entry(word).or_default() += 1.0;
    }
    let weight = |word: &String, count: f64| count * idf.get(word).copied().unwrap_or(0.0);
    let norm = |counts: &BTreeMap<String, f64>| {
        counts.iter().map(|(w, &c)| weight(w, c).powi(2)).sum::<f64>().sqrt()
    };
    let norms = norm(&own) * norm(&counts);
    if norms == 0.0 {
        return 0.0;
    }
    let dot: f64 = own
        .iter()
        .map(|(w, &c)| weight(w, c) * weight(w, counts.get(w).copied().unwrap_or(0.0)))
        .sum();
    (dot / norms).min(1.0)
}

/// What goes beside a mean of [`p_co_tfidf`].
#[must_use]
pub fn p_co_tfidf_signature(tokenizer: Tokenizer) -> Signature {
    Signature::new("p-co")
        .with("encoder", "tf-idf")
        .with("case", "lc")
        .with("tok", tokenizer.as_str())
        .with("history", "all-replies-joined")
        .with("level", Level::Sentence.as_str())
        .versioned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_is_the_history_is_1() {
        let value = p_co_tfidf("b a a", &["a b", "a"], Tokenizer::None);
        assert!((value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn cosines_of_vectors() {
        assert_eq!(cosine(&[3.0, 0.0], &[0.0, 1.0]).unwrap(), 0.0);
        assert_eq!(cosine(&[3.0, 4.0], &[3.0, 4.0]).unwrap(), 1.0);
        assert_eq!(cosine(&[0.0], &[1.0]).unwrap(), 0.0);
        assert!(matches!(cosine(&[0.0], &[]), Err(Error::Lengths { left: 1, right: 0, .. })));
    }
}
