//! Words with their places in the text.

use std::borrow::Cow;
use std::ops::Range;

/// A word or a single punctuation mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case.
    pub(crate) text: String,
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
    /// Whether it is a word; a mark ends a phrase.
    pub(crate) is_word: bool,
}

/// Splits `text` into words (letters, digits, and apostrophes and hyphens
/// between them) and punctuation marks, whether spaced (`a baker , you ?`) or
/// not (`a baker, you?`). Time O(bytes).
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let token = |(span, is_word): (Range<usize>, bool)| Token {
        text: folded(&text[span.clone()]).into_owned(),
        span,
        is_word,
    };
    spans(text).map(token).collect()
}

/// The places of words (`true`) and marks (`false`), as [`tokens`] has them.
pub(crate) fn spans(text: &str) -> impl Iterator<Item = (Range<usize>, bool)> {
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.find(|(_, c)| !c.is_whitespace())?;
        let mut end = start + first.len_utf8();
        if !first.is_alphanumeric() {
            return Some((start..end, false));
        }
        while let Some(&(at, c)) = chars.peek() {
            let joins = matches!(c, '\'' | '\u{2019}' | '-')
                && text[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
            if !c.is_alphanumeric() && !joins {
                break;
            }
            end = at + c.len_utf8();
            chars.next();
        }
        Some((start..end, true))
    })
}

/// `word` in lower case, with a plain apostrophe; borrowed where it is so.
pub(crate) fn folded(word: &str) -> Cow<'_, str> {
    if word.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(word.to_lowercase().replace('\u{2019}', "'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn spaced_and_unspaced_punctuation_read_alike() {
        let expected = ["i", "am", "a", "part-time", "baker", ",", "you", "?"];
        assert_eq!(texts("i am a part-time baker , you ?"), expected);
        assert_eq!(texts("I am a part-time baker, you?"), expected);
    }

    #[test]
    fn apostrophes_stay_within_words_only() {
        assert_eq!(texts("I\u{2019}m 'fine' ..."), ["i'm", "'", "fine", "'", ".", ".", "."]);
    }

    #[test]
    fn spans_point_into_the_text() {
        let text = "Ünïted caf\u{e9} !";
        for token in tokens(text) {
            assert_eq!(text[token.span].to_lowercase(), token.text);
        }
    }
}
