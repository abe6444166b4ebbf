//! Words with their places in the text.

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
    let mut tokens = Vec::new();
    let mut start = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let joins = matches!(c, '\'' | '\u{2019}' | '-')
            && start.is_some()
            && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if c.is_alphanumeric() || joins {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            push(&mut tokens, text, from..at, true);
        }
        if !c.is_whitespace() {
            push(&mut tokens, text, at..at + c.len_utf8(), false);
        }
    }
    if let Some(from) = start {
        push(&mut tokens, text, from..text.len(), true);
    }
    tokens
}

fn push(tokens: &mut Vec<Token>, text: &str, span: Range<usize>, is_word: bool) {
    let lower = text[span.clone()].to_lowercase().replace('\u{2019}', "'");
    tokens.push(Token { text: lower, span, is_word });
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
