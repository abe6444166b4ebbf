//! P-F1 and P-Cover: words shared with the person's earlier replies.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::tokens::Tokenizer;
use crate::tokens::{Interner, lower};
use crate::{Level, Signature};

/// English function words, for the measures that leave them out: articles,
/// pronouns, auxiliaries, prepositions, conjunctions, and punctuation marks.
#[rustfmt::skip]
pub const ENGLISH_STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at",
    "be", "because", "been", "before", "being", "but", "by", "can", "could", "did", "do", "does",
    "doing", "don't", "down", "during", "each", "few", "for", "from", "further", "had", "has",
    "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "i'm", "if", "in",
    "into", "is", "it", "it's", "its", "just", "me", "more", "most", "my", "no", "nor", "not",
    "now", "of", "off", "on", "once", "only", "or", "other", "our", "ours", "out", "over", "own",
    "same", "she", "should", "so", "some", "such", "than", "that", "that's", "the", "their",
    "theirs", "them", "then", "there", "these", "they", "this", "those", "through", "to", "too",
    "under", "until", "up", "very", "was", "we", "were", "what", "when", "where", "which",
    "while", "who", "whom", "why", "will", "with", "would", "you", "your", "yours",
    ".", ",", "!", "?", ";", ":", "'", "\"", "(", ")", "-",
];

fn is_stop_word(word: &str) -> bool {
    static WORDS: OnceLock<HashSet<&str>> = OnceLock::new();
    WORDS.get_or_init(|| ENGLISH_STOP_WORDS.iter().copied().collect()).contains(word)
}

/// How words are taken from texts for the measures on word sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordSets {
    /// How text becomes words; they are made lower case.
    pub tokenizer: Tokenizer,
    /// Leave out [`ENGLISH_STOP_WORDS`].
    pub remove_stop_words: bool,
    /// Take the last of the person's replies for the whole history, as the
    /// released code does.
    pub last_reply_only: bool,
}

/// Precision, recall and their harmonic mean over two sets of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverlapScore {
    /// Of the reply's words, the share that the history has.
    pub precision: f64,
    /// Of the history's words, the share that the reply has: small for a long
    /// history, whatever the reply.
    pub recall: f64,
    /// The harmonic mean.
    pub f1: f64,
}

impl WordSets {
    /// Calls `emit` with the words of a text that count.
    fn words(&self, text: &str, mut emit: impl FnMut(&str)) {
        self.tokenizer.each(&lower(text), |word| {
            if !(self.remove_stop_words && is_stop_word(word)) {
                emit(word);
            }
        });
    }

    fn history<'a, 'b>(&self, history: &'a [&'b str]) -> &'a [&'b str] {
        if self.last_reply_only { &history[history.len().saturating_sub(1)..] } else { history }
    }

    /// P-F1: with the sets Y of the reply's words and K of the history's,
    /// precision |Y ∩ K| / |Y| and recall |Y ∩ K| / |K|. All 0 where either
    /// set is empty. Time O(bytes).
    ///
    /// ```
    /// use idl_metrics::persona::WordSets;
    /// let score = WordSets::default().p_f1("i love my cat", &["i have a cat", "i love tea"]);
    /// assert_eq!((score.precision, score.recall), (3.0 / 4.0, 3.0 / 6.0));
    /// ```
    #[must_use]
    pub fn p_f1(&self, reply: &str, history: &[&str]) -> OverlapScore {
        let mut interner = Interner::default();
        interner.clear();
        self.words(reply, |word| _ = interner.insert(word));
        // The reply's words have the numbers below this.
        let own = interner.len();
        let mut shared = vec![false; own];
        for text in self.history(history) {
            self.words(text, |word| {
                if let Some(shared) = shared.get_mut(interner.insert(word) as usize) {
                    *shared = true;
                }
            });
        }
        let common = shared.iter().filter(|&&s| s).count();
        if common == 0 {
            return OverlapScore::default();
        }
        let known = interner.len() - own + common;
        let (precision, recall) = (common as f64 / own as f64, common as f64 / known as f64);
        OverlapScore { precision, recall, f1: 2.0 * precision * recall / (precision + recall) }
    }

    /// P-Cover: the largest sum of `idf(w)` over the words that the reply
    /// shares with one reply of the history, where `idf(w) = ln(N / df(w))`
    /// over its N replies. 0 without a history, and with a history of one reply
    /// (as every idf is 0 then: so it is in the released evaluation, which
    /// passes the last reply only). Time O(bytes).
    ///
    /// ```
    /// use idl_metrics::persona::WordSets;
    /// let cover = WordSets::default().p_cover("my cat", &["i have a cat", "i love tea"]);
    /// assert_eq!(cover, f64::ln(2.0));
    /// ```
    #[must_use]
    pub fn p_cover(&self, reply: &str, history: &[&str]) -> f64 {
        let history = self.history(history);
        let mut interner = Interner::default();
        interner.clear();
        self.words(reply, |word| _ = interner.insert(word));
        // For each word of the reply, how many texts have it, and the last one.
        let mut frequency = vec![(0usize, usize::MAX); interner.len()];
        let mut shared: Vec<(usize, u32)> = Vec::new();
        for (i, text) in history.iter().enumerate() {
            self.words(text, |word| {
                let id = interner.get(word);
                if let Some((count, last)) = frequency.get_mut(id as usize)
                    && *last != i
                {
                    (*count, *last) = (*count + 1, i);
                    shared.push((i, id));
                }
            });
        }
        let idf =
            |&(_, id): &(usize, u32)| (history.len() as f64 / frequency[id as usize].0 as f64).ln();
        let by_text = shared.chunk_by(|(a, _), (b, _)| a == b);
        by_text.map(|words| words.iter().map(idf).sum()).fold(0.0, f64::max)
    }

    /// The signature of `metric` (`p-f1` or `p-cover`) under these settings.
    #[must_use]
    pub fn signature(&self, metric: &str) -> Signature {
        Signature::new(metric)
            .with("case", "lc")
            .with("tok", self.tokenizer.as_str())
            .with("stop-words", if self.remove_stop_words { "removed" } else { "kept" })
            .with("history", if self.last_reply_only { "last-reply" } else { "all-replies" })
            .with("level", Level::Sentence.as_str())
            .versioned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_and_the_last_reply() {
        let sets = WordSets { remove_stop_words: true, ..WordSets::default() };
        assert_eq!(sets.p_f1("i love my cat .", &["i have a cat ."]).precision, 0.5);
        let last = WordSets { last_reply_only: true, ..WordSets::default() };
        assert_eq!(last.p_f1("cat", &["cat", "dog"]), OverlapScore::default());
        assert_eq!(last.p_cover("dog", &["cat", "dog"]), 0.0);
    }

    #[test]
    fn nothing_shares_nothing() {
        let sets = WordSets::default();
        assert_eq!(sets.p_f1("", &["a"]), OverlapScore::default());
        assert_eq!(sets.p_f1("a", &[]), OverlapScore::default());
        assert_eq!(sets.p_cover("a", &[]), 0.0);
    }

    #[test]
    fn cover_takes_the_best_single_reply() {
        // idf: tea ln 3, cat ln(3/2), a ln 3.
        let history = ["tea", "a cat", "cat"];
        let cover = WordSets::default().p_cover("a cat tea", &history);
        assert!((cover - (3f64.ln() + 1.5f64.ln())).abs() < 1e-12);
    }
}
