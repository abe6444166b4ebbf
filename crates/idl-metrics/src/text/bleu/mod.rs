//! BLEU at corpus and sentence level, as sacreBLEU and as NLTK compute it.

mod ngrams;
mod params;
mod score;
mod stats;

use std::borrow::{Borrow, Cow};

use serde::{Deserialize, Serialize};

pub use params::{BleuParams, Convention, NltkSmoothing, Smoothing};
pub use score::BleuScore;
pub use stats::BleuStats;

use crate::tokens::{Numbered, characters, lower};
use crate::{Error, Level, Result, Score};
use ngrams::count;

/// Corpus BLEU as an accumulator, which merges: statistics are added up and the
/// score is computed once (a mean of sentence or batch scores is another
/// number).
///
/// ```
/// use idl_metrics::text::{Bleu, BleuParams};
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let mut bleu = Bleu::new(BleuParams::default())?;
/// bleu.add("the cat sat on the mat", &["the cat sat on the mat"])?;
/// bleu.add("a dog", &["the dog barks", "one dog"])?;
/// let score = bleu.score();
/// assert_eq!(score.stats.correct, [7, 5, 4, 3]);
/// assert!(score.signature().as_str().contains("tok:13a|smooth:exp"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Bleu {
    params: BleuParams,
    stats: BleuStats,
}

/// What [`Bleu`] is read from: another machine's parameters are checked, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    params: BleuParams,
    stats: BleuStats,
}

impl TryFrom<Unchecked> for Bleu {
    type Error = Error;

    fn try_from(Unchecked { params, stats }: Unchecked) -> Result<Self> {
        Ok(Bleu { stats, ..Bleu::new(params)? })
    }
}

impl Bleu {
    /// An empty accumulator.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an order outside 1 to 4 or a smoothing value
    /// that is negative or not finite.
    pub fn new(params: BleuParams) -> Result<Self> {
        params.check()?;
        Ok(Bleu { params, stats: BleuStats::default() })
    }

    /// Adds a reply, tokenised as the parameters say, and returns its own
    /// statistics. Time O(bytes).
    ///
    /// # Errors
    /// [`Error::TooFew`] without a reference; an empty one is a reference.
    pub fn add(&mut self, hypothesis: &str, references: &[&str]) -> Result<BleuStats> {
        let BleuParams { tokenizer, lowercase, .. } = self.params;
        self.add_texts(&hypothesis, references, |text, emit| {
            tokenizer.each(&if lowercase { lower(text) } else { Cow::Borrowed(*text) }, emit);
        })
    }

    /// As [`add`](Self::add), for a reply and references that are tokenised.
    ///
    /// # Errors
    /// [`Error::TooFew`] without a reference.
    pub fn add_tokens<T: AsRef<str>>(
        &mut self,
        hypothesis: &[T],
        references: &[Vec<T>],
    ) -> Result<BleuStats> {
        let each = |tokens: &[T], emit: &mut dyn FnMut(&str)| {
            tokens.iter().for_each(|token| emit(token.as_ref()));
        };
        self.add_texts(hypothesis, references, each)
    }

    /// As [`add`](Self::add), on every character, spaces included.
    pub(crate) fn add_characters(
        &mut self,
        hypothesis: &str,
        references: &[&str],
    ) -> Result<BleuStats> {
        self.add_texts(&hypothesis, references, |text, emit| characters(text, emit))
    }

    /// Adds texts that `tokens` takes apart.
    fn add_texts<H: ?Sized, R: Borrow<H>>(
        &mut self,
        hypothesis: &H,
        references: &[R],
        tokens: impl Fn(&H, &mut dyn FnMut(&str)),
    ) -> Result<BleuStats> {
        if references.is_empty() {
            return Err(Error::TooFew { what: "references", found: 0, needed: 1 });
        }
        let stats = Numbered::with(|texts| {
            tokens(hypothesis, &mut |word| texts.hypothesis_word(word));
            for reference in references {
                tokens(reference.borrow(), &mut |word| texts.reference_word(word));
                texts.end_reference();
            }
            count(texts, self.params.max_order)
        });
        self.stats += stats;
        Ok(stats)
    }

    /// Takes in another accumulator's replies.
    ///
    /// # Errors
    /// [`Error::Merge`] where the parameters differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.params != other.params {
            return Err(Error::Merge {
                left: self.params.signature(self.params.max_order).to_string(),
                right: other.params.signature(other.params.max_order).to_string(),
            });
        }
        self.stats += other.stats;
        Ok(())
    }

    /// The score of all replies so far; 0 before the first.
    #[must_use]
    pub fn score(&self) -> BleuScore {
        self.params.score(&self.stats, self.params.max_order, Level::Corpus)
    }

    /// BLEU-1 to BLEU-`max_order`, each over all orders up to its own.
    #[must_use]
    pub fn scores(&self) -> Vec<Score> {
        (1..=self.params.max_order)
            .map(|order| {
                let score = self.params.score(&self.stats, order, Level::Corpus);
                Score { value: score.value, signature: score.signature() }
            })
            .collect()
    }
}

/// BLEU of one reply. Without smoothing or effective order it is mostly 0 for
/// short replies: see [`BleuParams::sentence`].
///
/// ```
/// use idl_metrics::text::{BleuParams, sentence_bleu};
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let params = BleuParams::sentence();
/// assert!((sentence_bleu("i like tea", &["i like tea"], params)?.value - 100.0).abs() < 1e-9);
/// assert_eq!(sentence_bleu("", &["i like tea"], params)?.value, 0.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Bleu::new`] and [`Bleu::add`].
pub fn sentence_bleu(
    hypothesis: &str,
    references: &[&str],
    params: BleuParams,
) -> Result<BleuScore> {
    let mut bleu = Bleu::new(params)?;
    bleu.add(hypothesis, references)?;
    Ok(BleuScore { level: Level::Sentence, ..bleu.score() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_adding_and_differs_from_averaging() {
        let pairs = [("a b c d e", "a b c d f"), ("x", "x y"), ("", "z"), ("a b b", "b b a")];
        let new = || Bleu::new(BleuParams::default()).unwrap();
        let (mut whole, mut left, mut right) = (new(), new(), new());
        for (i, (hypothesis, reference)) in pairs.into_iter().enumerate() {
            whole.add(hypothesis, &[reference]).unwrap();
            let part = if i < 2 { &mut left } else { &mut right };
            part.add(hypothesis, &[reference]).unwrap();
        }
        let mean = (left.score().value + right.score().value) / 2.0;
        left.merge(&right).unwrap();
        assert_eq!(left, whole);
        assert_ne!(mean, whole.score().value);
        let other = Bleu::new(BleuParams { max_order: 2, ..BleuParams::default() }).unwrap();
        assert!(matches!(left.merge(&other), Err(Error::Merge { .. })));
    }

    #[test]
    fn bad_parameters_and_missing_references_are_typed_errors() {
        for max_order in [0, 5] {
            let params = BleuParams { max_order, ..BleuParams::default() };
            assert!(matches!(Bleu::new(params), Err(Error::Parameter { .. })));
        }
        assert!(matches!(
            sentence_bleu("a", &[], BleuParams::default()),
            Err(Error::TooFew { what: "references", .. })
        ));
    }
}
