//! The tokenizers of the references: sacreBLEU's and rouge_score's.

use serde::{Deserialize, Serialize};

use super::porter_stem;
use super::space::{is_space, words};
use super::v13a;

/// How text becomes words, for BLEU and for the measures on word sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenizer {
    /// mteval-v13a's as sacreBLEU implements it: punctuation split off, but
    /// for a period or comma between digits.
    #[default]
    #[serde(rename = "13a")]
    V13a,
    /// At whitespace only (sacreBLEU's `none`), for text that is tokenised.
    None,
    /// Every character that is no whitespace (sacreBLEU's `char`).
    Char,
}

impl Tokenizer {
    /// sacreBLEU's name for it: `13a`, `none` or `char`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Tokenizer::V13a => "13a",
            Tokenizer::None => "none",
            Tokenizer::Char => "char",
        }
    }

    /// The tokens of `text`. Time O(bytes).
    ///
    /// ```
    /// use idl_metrics::text::Tokenizer;
    /// assert_eq!(Tokenizer::V13a.tokens("It's 3.50, no?"), ["It's", "3.50", ",", "no", "?"]);
    /// ```
    #[must_use]
    pub fn tokens(self, text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        self.each(text, |token| tokens.push(token.to_owned()));
        tokens
    }

    /// Calls `emit` with each token, without copying it.
    pub(crate) fn each(self, text: &str, mut emit: impl FnMut(&str)) {
        match self {
            Tokenizer::V13a => v13a::tokens(text, emit),
            Tokenizer::None => words(text, emit),
            Tokenizer::Char => characters(text, |c| {
                if !c.starts_with(is_space) {
                    emit(c);
                }
            }),
        }
    }
}

/// Calls `emit` with each character, spaces included.
pub(crate) fn characters(text: &str, mut emit: impl FnMut(&str)) {
    for (i, c) in text.char_indices() {
        emit(&text[i..i + c.len_utf8()]);
    }
}

/// Calls `emit` with rouge_score's tokens of a text in lower case: runs of
/// `[a-z0-9]`, those of more than three letters stemmed if so wished.
pub(crate) fn rouge_tokens(lower: &str, stem: bool, mut emit: impl FnMut(&str)) {
    let in_token = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = lower.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let length = bytes[i..].iter().take_while(|b| in_token(b)).count();
        let word = &lower[i..i + length];
        match length {
            0 => {
                // No part of a longer character is in a token: on to the next
                // byte that is.
                i += bytes[i..].iter().take_while(|b| !in_token(b)).count();
                continue;
            }
            4.. if stem => emit(&porter_stem(word)),
            _ => emit(word),
        }
        i += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_leave_spaces_out() {
        assert_eq!(Tokenizer::Char.tokens("a b\u{e9} "), ["a", "b", "\u{e9}"]);
        assert_eq!(Tokenizer::None.tokens(" a,  b\u{1f}c "), ["a,", "b", "c"]);
    }

    #[test]
    fn punctuation_of_13a() {
        let t = |s| Tokenizer::V13a.tokens(s).join(" ");
        assert_eq!(t("(a) \"b\" & c/d"), "( a ) \" b \" & c / d");
        assert_eq!(t("1,000.5 and x,y.z ... 7-8 a-b"), "1,000.5 and x , y . z . . . 7 - 8 a-b");
        assert_eq!(t("&lt;tag&gt; &amp;quot; x-\ny"), "< tag > & quot ; xy");
        assert_eq!(t("\u{e9},\u{e9}."), "\u{e9} , \u{e9} .");
        assert_eq!(t("  "), "");
    }

    #[test]
    fn tokens_of_rouge() {
        let tokens = |text, stem| {
            let mut out = Vec::new();
            rouge_tokens(text, stem, |t| out.push(t.to_owned()));
            out
        };
        assert_eq!(tokens("it's 3.50 - caf\u{e9}s!", false), ["it", "s", "3", "50", "caf", "s"]);
        assert_eq!(tokens("cats sat walking", true), ["cat", "sat", "walk"]);
        assert!(tokens("\u{e9}!", true).is_empty());
    }
}
