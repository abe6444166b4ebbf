//! Patterns as what is compared with words, by number.

use crate::rules::lexicon::{Class, look_up};
use crate::rules::syntax::{options, parts};
use crate::rules::words::Word;

/// One element of a pattern.
#[derive(Clone, Debug)]
enum Element {
    /// Any of these words, by number.
    Words { options: Box<[u16]>, optional: bool },
    /// Up to three adverbs.
    Adverbs,
}

/// The words that a match can begin with, as bits by number: most patterns are
/// ruled out by one look at one word.
#[derive(Clone, Debug)]
struct First {
    bits: Box<[u64]>,
    /// Whether leading adverbs come before it.
    adverbs: bool,
    /// Whether there need be no such word.
    any: bool,
}

impl First {
    fn new(elements: &[Element]) -> Self {
        let mut first = First {
            bits: Box::default(),
            adverbs: matches!(elements.first(), Some(Element::Adverbs)),
            any: true,
        };
        let mut bits = Vec::new();
        for element in elements {
            let Element::Words { options, optional } = element else { continue };
            for &id in options {
                let (at, bit) = (usize::from(id) / 64, id % 64);
                bits.resize(bits.len().max(at + 1), 0);
                bits[at] |= 1 << bit;
            }
            first.any &= *optional;
            if !optional {
                break;
            }
        }
        first.bits = bits.into();
        first
    }

    /// Whether a match can begin with `words`, of which `adverbs` lead.
    fn allows(&self, words: &[Word], adverbs: usize) -> bool {
        let Some(word) = words.get(if self.adverbs { adverbs } else { 0 }) else {
            return self.any;
        };
        let bits = self.bits.get(usize::from(word.id) / 64);
        self.any || bits.is_some_and(|bits| bits >> (word.id % 64) & 1 == 1)
    }
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    elements: Box<[Element]>,
    /// The words that can be its first, apart from leading adverbs.
    first: First,
    /// Whether the clause may lack its subject.
    pub(crate) bare: bool,
}

impl Pattern {
    /// Every text is a pattern.
    pub(crate) fn new(text: &str) -> Self {
        let element = |part: &str| match part {
            "~" => Element::Adverbs,
            _ => Element::Words {
                options: options(part).map(|word| look_up(word).id).collect(),
                optional: part.ends_with('?'),
            },
        };
        let elements: Box<[_]> = parts(text).map(element).collect();
        Pattern { first: First::new(&elements), elements, bare: text.starts_with('*') }
    }

    /// The position after the pattern where it matches at the beginning of
    /// `words`. Elements take what they can, without a way back: the patterns
    /// are written so that none is needed.
    ///
    /// `lead` is the number of [`adverbs`] that `words` begin with, which a
    /// caller with many patterns counts once.
    pub(crate) fn matches(&self, words: &[Word], lead: usize) -> Option<usize> {
        if !self.first.allows(words, lead) {
            return None;
        }
        let mut at = 0;
        for element in &self.elements {
            match element {
                Element::Words { options, optional } => {
                    if words.get(at).is_some_and(|w| w.id != 0 && options.contains(&w.id)) {
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
    words.iter().take(3).take_while(|w| w.has(Class::ADVERB)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::words::words;

    #[test]
    fn elements_optional_words_and_adverbs() {
        let pattern = Pattern::new("~ love/like to?");
        let after = |text| {
            let words = words(text);
            pattern.matches(&words, adverbs(&words))
        };
        assert_eq!(after("like tea"), Some(1));
        assert_eq!(after("loves tea"), Some(1));
        assert_eq!(after("do really love to sing"), Some(4));
        assert_eq!(after("do not like tea"), None);
        assert_eq!(after(""), None);
    }
}
