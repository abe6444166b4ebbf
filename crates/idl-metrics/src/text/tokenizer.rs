//! The tokenizers of the references: sacreBLEU's and rouge_score's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::porter_stem;

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
    /// use idl_metrics::Tokenizer;
    /// assert_eq!(Tokenizer::V13a.tokens("It's 3.50, no?"), ["It's", "3.50", ",", "no", "?"]);
    /// ```
    #[must_use]
    pub fn tokens(self, text: &str) -> Vec<String> {
        let prepared = self.prepare(text);
        self.pieces(&prepared).map(str::to_owned).collect()
    }

    /// The text with spaces between tokens, where they depend on more than
    /// the text itself.
    pub(crate) fn prepare(self, text: &str) -> Cow<'_, str> {
        match self {
            Tokenizer::V13a => Cow::Owned(spaced_13a(text)),
            Tokenizer::None | Tokenizer::Char => Cow::Borrowed(text),
        }
    }

    /// The tokens of a prepared text.
    pub(crate) fn pieces(self, prepared: &str) -> impl Iterator<Item = &str> {
        let by_character = self == Tokenizer::Char;
        words(prepared).flat_map(move |word| {
            let (characters, whole) = if by_character { (word, "") } else { ("", word) };
            let characters = characters.split("").filter(|c| !c.is_empty());
            characters.chain(Some(whole).filter(|w| !w.is_empty()))
        })
    }
}

/// Python's `str.isspace`: Unicode's white space and four control characters.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.split()`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// `text` with spaces around the tokens of 13a.
///
/// The four rewriting steps run one after the other, each from left to right
/// without overlap, since each may feed the next. They look at ASCII only, so
/// that bytes do.
fn spaced_13a(text: &str) -> String {
    let mut line = Cow::Borrowed(text.trim_end_matches(is_space));
    for (sign, from, to) in [
        ('<', "<skipped>", ""),
        ('\n', "-\n", ""),
        ('\n', "\n", " "),
        ('&', "&quot;", "\""),
        ('&', "&amp;", "&"),
        ('&', "&lt;", "<"),
        ('&', "&gt;", ">"),
    ] {
        // Looking for one character is cheaper, and hardly any text has it.
        if line.contains(sign) && line.contains(from) {
            line = Cow::Owned(line.replace(from, to));
        }
    }

    // 1. Space around all punctuation but ' - . ,
    let mut bytes = Vec::with_capacity(line.len() * 2);
    bytes.push(b' ');
    for &b in line.as_bytes() {
        match b {
            b'{'..=b'~' | b'['..=b'`' | b'!'..=b'&' | b'('..=b'+' | b':'..=b'@' | b'/' => {
                bytes.extend([b' ', b, b' ']);
            }
            _ => bytes.push(b),
        }
    }
    bytes.push(b' ');
    let stop = |b: u8| matches!(b, b'.' | b',');
    // 2. A period or comma that follows no digit.
    let bytes =
        rewrite_pairs(&bytes, |a, b| !a.is_ascii_digit() && stop(b), |a, b| [a, b' ', b, b' ']);
    // 3. One that no digit follows.
    let bytes =
        rewrite_pairs(&bytes, |a, b| stop(a) && !b.is_ascii_digit(), |a, b| [b' ', a, b' ', b]);
    // 4. A dash after a digit.
    let bytes =
        rewrite_pairs(&bytes, |a, b| a.is_ascii_digit() && b == b'-', |a, b| [a, b' ', b, b' ']);
    match String::from_utf8(bytes) {
        Ok(spaced) => spaced,
        // Spaces were put beside ASCII bytes only: characters are whole.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// Replaces neighbouring bytes that match, as a regular expression of two
/// characters is substituted: leftmost first, without overlap.
fn rewrite_pairs(
    bytes: &[u8],
    matches: impl Fn(u8, u8) -> bool,
    rewrite: impl Fn(u8, u8) -> [u8; 4],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    let mut i = 0;
    while i < bytes.len() {
        match bytes.get(i + 1) {
            Some(&next) if matches(bytes[i], next) => {
                out.extend(rewrite(bytes[i], next));
                i += 2;
            }
            _ => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    out
}

/// `text` in lower case, without a copy where it is already.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.to_lowercase());
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

/// rouge_score's tokens of a text in lower case: runs of `[a-z0-9]`, those of
/// more than three letters stemmed if so wished.
pub(crate) fn rouge_tokens(lower: &str, stem: bool) -> impl Iterator<Item = Cow<'_, str>> {
    let in_token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    lower.split(move |c| !in_token(c)).filter(|w| !w.is_empty()).map(move |w| {
        if stem && w.len() > 3 { Cow::Owned(porter_stem(w)) } else { Cow::Borrowed(w) }
    })
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
}
