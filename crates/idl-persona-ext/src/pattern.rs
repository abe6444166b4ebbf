//! The little language in which the rules are written.
//!
//! A pattern is a row of elements between spaces: `love/like` is any of these
//! words, `really?` may be absent, `~` is up to three adverbs. What follows the
//! last element is the rule's object.

use crate::lexicon::ADVERBS;
use crate::words::Word;

/// One element of a pattern.
#[derive(Clone, Debug)]
enum Element {
    /// Any of these words.
    Words { options: Vec<&'static str>, optional: bool },
    /// Up to three adverbs.
    Adverbs,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<Element>);

impl Pattern {
    /// Every text is a pattern.
    pub(crate) fn new(text: &'static str) -> Self {
        let element = |part: &'static str| match part {
            "~" => Element::Adverbs,
            _ => {
                let words = part.strip_suffix('?').unwrap_or(part);
                Element::Words {
                    options: words.split('/').collect(),
                    optional: words.len() < part.len(),
                }
            }
        };
        Pattern(text.split_whitespace().map(element).collect())
    }

    /// The position after the pattern where it matches at the beginning of
    /// `words`. Elements take what they can, without a way back: the patterns
    /// are written so that none is needed.
    pub(crate) fn matches(&self, words: &[Word]) -> Option<usize> {
        let mut at = 0;
        for element in &self.0 {
            match element {
                Element::Words { options, optional } => {
                    if words.get(at).is_some_and(|w| w.is(options)) {
                        at += 1;
                    } else if !optional {
                        return None;
                    }
                }
                Element::Adverbs => at += adverbs(&words[at..]),
            }
        }
        Some(at)
    }
}

/// How many adverbs, three at most, `words` begin with.
pub(crate) fn adverbs(words: &[Word]) -> usize {
    words.iter().take(3).take_while(|w| w.is(ADVERBS)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    #[test]
    fn elements_optional_words_and_adverbs() {
        let pattern = Pattern::new("i ~ love/like to?");
        let after = |text| pattern.matches(&words(text));
        assert_eq!(after("i like tea"), Some(2));
        assert_eq!(after("i do really love to sing"), Some(5));
        assert_eq!(after("i do not like tea"), None);
        assert_eq!(after("i"), None);
    }
}
