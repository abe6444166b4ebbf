//! Distinct-n: how varied replies are.

use std::collections::HashSet;

use serde::{Deserialize, Serialize, Serializer};

use crate::tokens::Numbered;
use crate::{Error, Level, Result, Score, Signature};

/// What the number of different n-grams is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denominator {
    /// All n-grams: 1 where none repeats, whatever n.
    #[default]
    Ngrams,
    /// All words, as in the paper that introduced the measure (Li et al. 2016).
    Words,
}

/// Distinct-n over tokenised replies, at corpus and at sentence level.
/// Accumulators merge; memory grows with the different n-grams.
///
/// Corpus level falls as a corpus grows: compare equal numbers of replies.
///
/// ```
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let mut distinct = idl_metrics::text::Distinct::new(2)?;
/// distinct.add(&["i", "am", "i", "am"]);
/// distinct.add(&["i", "am"]);
/// assert_eq!(distinct.corpus(), Some(2.0 / 4.0));
/// assert_eq!(distinct.sentence(), Some((2.0 / 3.0 + 1.0) / 2.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Distinct {
    n: usize,
    denominator: Denominator,
    /// The different n-grams as [`write_gram`] writes them.
    #[serde(serialize_with = "sorted")]
    seen: HashSet<String>,
    total: u64,
    sentence_sum: f64,
    /// Replies that are long enough to count.
    sentences: u64,
    replies: u64,
}

impl Distinct {
    /// An empty accumulator for n-grams of `n` words.
    ///
    /// # Errors
    /// [`Error::Parameter`] for `n == 0`.
    pub fn new(n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::Parameter { name: "n", value: "0".into(), expected: "at least 1" });
        }
        Ok(Distinct {
            n,
            denominator: Denominator::default(),
            seen: HashSet::new(),
            total: 0,
            sentence_sum: 0.0,
            sentences: 0,
            replies: 0,
        })
    }

    /// Divides by something else. Set it before the first reply.
    #[must_use]
    pub fn denominator(mut self, denominator: Denominator) -> Self {
        self.denominator = denominator;
        self
    }

    /// Adds a reply's tokens. One that is too short for an n-gram (for a word,
    /// with [`Denominator::Words`]) does not count at sentence level.
    /// Time O(n tokens log tokens).
    pub fn add<T: AsRef<str>>(&mut self, tokens: &[T]) {
        self.replies += 1;
        let mut gram = String::new();
        let own = Numbered::with(|texts| {
            tokens.iter().for_each(|token| texts.hypothesis_word(token.as_ref()));
            let mut own: Vec<(&[u32], &[T])> =
                texts.hypothesis().windows(self.n).zip(tokens.windows(self.n)).collect();
            own.sort_unstable_by_key(|(ids, _)| *ids);
            own.dedup_by_key(|(ids, _)| *ids);
            for (_, words) in &own {
                write_gram(words, &mut gram);
                if !self.seen.contains(&gram) {
                    self.seen.insert(gram.clone());
                }
            }
            own.len()
        });
        let all = match self.denominator {
            Denominator::Ngrams => (tokens.len() + 1).saturating_sub(self.n),
            Denominator::Words => tokens.len(),
        };
        if all > 0 {
            self.total += all as u64;
            self.sentence_sum += own as f64 / all as f64;
            self.sentences += 1;
        }
    }

    /// Takes in another accumulator's replies.
    ///
    /// # Errors
    /// [`Error::Merge`] where the settings differ.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        if (self.n, self.denominator) != (other.n, other.denominator) {
            return Err(Error::Merge {
                left: self.signature("any").to_string(),
                right: other.signature("any").to_string(),
            });
        }
        self.seen.extend(other.seen);
        self.total += other.total;
        self.sentence_sum += other.sentence_sum;
        self.sentences += other.sentences;
        self.replies += other.replies;
        Ok(())
    }

    /// Different n-grams of all replies over all of them, in `[0, 1]`; `None`
    /// where there is none.
    #[must_use]
    pub fn corpus(&self) -> Option<f64> {
        (self.total > 0).then(|| self.seen.len() as f64 / self.total as f64)
    }

    /// The mean of each reply's own ratio, in `[0, 1]`; `None` where no reply
    /// is long enough.
    #[must_use]
    pub fn sentence(&self) -> Option<f64> {
        (self.sentences > 0).then(|| self.sentence_sum / self.sentences as f64)
    }

    /// [`corpus`](Self::corpus) with its signature.
    #[must_use]
    pub fn corpus_score(&self) -> Option<Score> {
        self.corpus()
            .map(|value| Score { value, signature: self.signature(Level::Corpus.as_str()) })
    }

    /// [`sentence`](Self::sentence) with its signature.
    #[must_use]
    pub fn sentence_score(&self) -> Option<Score> {
        self.sentence()
            .map(|value| Score { value, signature: self.signature(Level::Sentence.as_str()) })
    }

    fn signature(&self, level: &str) -> Signature {
        let by = match self.denominator {
            Denominator::Ngrams => "ngrams",
            Denominator::Words => "words",
        };
        Signature::new(&format!("distinct-{}", self.n))
            .with("level", level)
            .with("by", by)
            .with("replies", self.replies)
            .versioned()
    }
}

/// What [`Distinct`] is read from: another machine's `n` is checked, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    n: usize,
    denominator: Denominator,
    seen: HashSet<String>,
    total: u64,
    sentence_sum: f64,
    sentences: u64,
    replies: u64,
}

impl TryFrom<Unchecked> for Distinct {
    type Error = Error;

    fn try_from(from: Unchecked) -> Result<Self> {
        let Unchecked { n, denominator, seen, total, sentence_sum, sentences, replies } = from;
        let empty = Distinct::new(n)?;
        Ok(Distinct { denominator, seen, total, sentence_sum, sentences, replies, ..empty })
    }
}

/// In order, so that equal accumulators make equal files.
fn sorted<S: Serializer>(
    seen: &HashSet<String>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    let mut grams: Vec<&String> = seen.iter().collect();
    grams.sort_unstable();
    serializer.collect_seq(grams)
}

/// Overwrites `gram` with words and the unit separator between them. No
/// tokenizer leaves that in a word; where a caller's word has it, it is
/// escaped, so that different n-grams are always different strings.
fn write_gram<T: AsRef<str>>(words: &[T], gram: &mut String) {
    gram.clear();
    for (i, word) in words.iter().map(AsRef::as_ref).enumerate() {
        if i > 0 {
            gram.push('\u{1f}');
        }
        if word.bytes().any(|b| matches!(b, 0x1e | 0x1f)) {
            gram.push_str(&word.replace('\u{1e}', "\u{1e}0").replace('\u{1f}', "\u{1e}1"));
        } else {
            gram.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_adding() {
        let replies = [vec!["a", "b", "a"], vec!["b"], vec![], vec!["a", "b"]];
        let mut whole = Distinct::new(2).unwrap();
        replies.iter().for_each(|r| whole.add(r));
        let (mut left, mut right) = (Distinct::new(2).unwrap(), Distinct::new(2).unwrap());
        replies[..2].iter().for_each(|r| left.add(r));
        replies[2..].iter().for_each(|r| right.add(r));
        left.merge(right).unwrap();
        assert_eq!(left, whole);
        assert_eq!(whole.corpus(), Some(2.0 / 3.0));
        assert_eq!(whole.sentence(), Some(1.0));
    }

    #[test]
    fn separators_inside_words_are_no_separators() {
        let mut d = Distinct::new(2).unwrap();
        d.add(&["a\u{1f}b", "c"]);
        d.add(&["a", "b\u{1f}c"]);
        d.add(&["a\u{1e}1b", "c"]);
        assert_eq!(d.corpus(), Some(1.0));
    }

    #[test]
    fn words_as_denominator() {
        let mut d = Distinct::new(2).unwrap().denominator(Denominator::Words);
        d.add(&["a", "b"]);
        assert_eq!(d.corpus(), Some(0.5));
        assert!(d.merge(Distinct::new(2).unwrap()).is_err());
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(Distinct::new(0).is_err());
        assert_eq!(Distinct::new(1).unwrap().corpus(), None);
    }
}
