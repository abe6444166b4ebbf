//! Tokens as the rules see them: contractions spelt out, variants unified.

use std::borrow::Cow;

use crate::rules::lexicon::{Class, Entry, KIN, look_up};
use crate::text::{folded, spans};

/// A word or a mark for matching. One token can give several words (`i'm`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    pub(crate) text: Cow<'a, str>,
    /// A punctuation mark: no phrase goes beyond it.
    pub(crate) is_mark: bool,
    pub(crate) id: u16,
    class: Class,
}

impl<'a> Word<'a> {
    fn new(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let Entry { id, class } = look_up(&text);
        Word { text, is_mark: false, id, class }
    }

    fn mark(text: &'a str) -> Self {
        Word { text: text.into(), is_mark: true, id: 0, class: Class::NONE }
    }

    /// Whether it is one of `options`.
    pub(crate) fn is(&self, options: &[&str]) -> bool {
        options.contains(&&*self.text)
    }

    /// Whether it is of one of the kinds in `class`.
    pub(crate) fn has(&self, class: Class) -> bool {
        self.class.meets(class)
    }

    /// Whether it begins with a digit.
    pub(crate) fn is_figure(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Whether it looks like a gerund ("sing" is none, nor is "thing").
    pub(crate) fn is_gerund(&self) -> bool {
        self.text.ends_with("ing")
            && (self.text.len() > 5 || self.is(&["being", "doing", "going"]))
            && !self.text.ends_with("thing")
    }

    /// Whether it ends a sentence.
    pub(crate) fn ends_sentence(&self) -> bool {
        self.is_mark && matches!(&*self.text, "." | "?" | "!" | ";")
    }
}

/// The words of an utterance, lower case.
pub(crate) fn words(utterance: &str) -> Vec<Word<'_>> {
    let mut words = Vec::with_capacity(utterance.len() / 4 + 2);
    for (span, is_word) in spans(utterance) {
        let text = &utterance[span];
        if is_word {
            add(folded(text), &mut words);
        } else {
            words.push(Word::mark(text));
        }
    }
    words
}

/// Adds a token, spelt out.
fn add<'a>(token: Cow<'a, str>, words: &mut Vec<Word<'a>>) {
    // "don t", as some corpora have it.
    if token == "t"
        && let Some(stem) = words.last().and_then(|word| word.text.strip_suffix('n'))
        && let Some(&verb) = ["do", "does", "did", "is", "are", "was", "have", "ca", "wo", "would"]
            .iter()
            .find(|&&verb| verb == stem)
    {
        words.pop();
        let verb = match verb {
            "ca" => "can",
            "wo" => "will",
            _ => verb,
        };
        words.extend([Word::new(verb), Word::new("not")]);
        return;
    }
    if let Some(spelt) = variant(&token) {
        words.extend(spelt.iter().map(|&word| Word::new(word)));
        return;
    }
    // "it 's a habit": the part before an apostrophe, and what the rest means.
    let split = token.rfind('\'').filter(|&at| at > 0);
    let Some(at) = split else { return words.push(Word::new(token)) };
    let (stem_end, ending) = match &token[at..] {
        "'t" if token.ends_with("n't") => (at - 1, "not"),
        "'m" => (at, "am"),
        "'ve" => (at, "have"),
        "'re" => (at, "are"),
        "'d" => (at, "would"),
        "'ll" => (at, "will"),
        // "my mom's a baker", but "my mom's bakery": it is for the article to
        // say, which comes later; kin are taken to be something.
        "'s" if is_somebody(&token[..at]) => (at, "is"),
        _ => return words.push(Word::new(token)),
    };
    if stem_end == 0 {
        return words.push(Word::new(token));
    }
    words.push(Word::new(match token {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..stem_end]),
        Cow::Owned(text) => Cow::Owned(text[..stem_end].to_owned()),
    }));
    words.push(Word::new(ending));
}

fn is_somebody(stem: &str) -> bool {
    stem == "name" || look_up(stem).class.meets(KIN)
}

/// What a variant spelling stands for.
fn variant(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "im" => &["i", "am"],
        "ive" | "i've" => &["i", "have"],
        "i'm" => &["i", "am"],
        "m" => &["am"],
        "ve" => &["have"],
        "ca" => &["can"],
        "wo" => &["will"],
        "dont" | "don't" => &["do", "not"],
        "doesnt" => &["does", "not"],
        "didnt" => &["did", "not"],
        "arent" => &["are", "not"],
        "isnt" => &["is", "not"],
        "n't" => &["not"],
        "cannot" | "can't" | "cant" => &["can", "not"],
        "couldnt" => &["could", "not"],
        "won't" | "wont" => &["will", "not"],
        "wanna" => &["want", "to"],
        "gonna" => &["going", "to"],
        "luv" | "lov" | "loove" | "looove" => &["love"],
        "fav" | "fave" | "favourite" => &["favorite"],
        "favorites" | "favourites" | "favs" | "faves" => &["favorite"],
        "it's" => &["it", "is"],
        "that's" => &["that", "is"],
        "what's" | "whats" => &["what", "is"],
        "mines" => &["mine", "is"],
        "u" => &["you"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contractions_are_spelt_out() {
        let text: Vec<_> = words("I'm sure I don't, can't; my favourite's fine, my mom's here.")
            .into_iter()
            .map(|w| w.text)
            .collect();
        assert_eq!(
            text.join(" "),
            "i am sure i do not , can not ; my favourite's fine , my mom is here ."
        );
    }
}
