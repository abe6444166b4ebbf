//! A triple's object inside an utterance.

use std::ops::Range;

use crate::text::{Token, tokens};

/// Whether `utterance` contains `object` as whole words, case folded: the test
/// of a persona-intensive utterance (equation 2 of the paper).
///
/// Punctuation does not matter on either side; an object without a word is
/// contained in nothing. Time O(bytes of both), times the object's words at
/// worst.
///
/// ```
/// use idl_persona_ext::contains_object;
///
/// assert!(contains_object("My two Cats sleep all day.", "two cats"));
/// assert!(!contains_object("i like concatenation .", "cat"));
/// ```
#[must_use]
pub fn contains_object(utterance: &str, object: &str) -> bool {
    !find(&words(utterance), &words(object)).is_empty()
}

/// `utterance` with every whole-word occurrence of `from` replaced by `to`, or
/// `None` if there is none (or `from` has no word). An article before it
/// follows the new word's first letter: `a baker` becomes `an artist`.
///
/// ```
/// use idl_persona_ext::replace_object;
///
/// let altered = replace_object("i am a baker in town .", "baker", "artist");
/// assert_eq!(altered.as_deref(), Some("i am an artist in town ."));
/// assert_eq!(replace_object("i am a baker .", "pilot", "artist"), None);
/// ```
#[must_use]
pub fn replace_object(utterance: &str, from: &str, to: &str) -> Option<String> {
    let words = words(utterance);
    let found = find(&words, &self::words(from));
    if found.is_empty() {
        return None;
    }
    let mut altered = String::with_capacity(utterance.len() + to.len());
    let mut copied = 0;
    for place in found {
        let span = words[place.start].span.start..words[place.end - 1].span.end;
        let article = place
            .start
            .checked_sub(1)
            .map(|i| &words[i])
            .filter(|w| matches!(w.text.as_str(), "a" | "an") && w.span.start >= copied);
        if let Some(article) = article {
            altered.push_str(&utterance[copied..article.span.start]);
            altered.push_str(indefinite(to, &utterance[article.span.clone()]));
            copied = article.span.end;
        }
        altered.push_str(&utterance[copied..span.start]);
        altered.push_str(to);
        copied = span.end;
    }
    altered.push_str(&utterance[copied..]);
    Some(altered)
}

/// The indefinite article by the first letter, which is right for most words;
/// `old` keeps its form where `next` begins with neither kind.
fn indefinite<'a>(next: &str, old: &'a str) -> &'a str {
    let capital = old.starts_with('A');
    match next.chars().next().map(|c| c.to_ascii_lowercase()) {
        Some('a' | 'e' | 'i' | 'o' | 'u') => {
            if capital {
                "An"
            } else {
                "an"
            }
        }
        Some(c) if c.is_alphabetic() => {
            if capital {
                "A"
            } else {
                "a"
            }
        }
        _ => old,
    }
}

fn words(text: &str) -> Vec<Token> {
    tokens(text).into_iter().filter(|t| t.is_word).collect()
}

/// The places of `needle` in `haystack`, not overlapping, from the left.
fn find(haystack: &[Token], needle: &[Token]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let n = needle.len();
    let mut at = 0;
    while n > 0 && at + n <= haystack.len() {
        if haystack[at..at + n].iter().zip(needle).all(|(h, w)| h.text == w.text) {
            found.push(at..at + n);
            at += n;
        } else {
            at += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_replaced() {
        assert_eq!(
            replace_object("A cat , an old cat !", "CAT", "owl").as_deref(),
            Some("An owl , an old owl !")
        );
    }

    #[test]
    fn text_around_stays_byte_for_byte() {
        assert_eq!(
            replace_object("  caf\u{e9},tea  and\u{a0}TEA!", "tea", "").as_deref(),
            Some("  caf\u{e9},  and\u{a0}!")
        );
    }

    #[test]
    fn nothing_is_contained_in_nothing() {
        assert!(!contains_object("", "cat"));
        assert!(!contains_object("a cat", ""));
        assert!(!contains_object("a cat .", "."));
    }
}
