//! Tokens as the rules see them: contractions spelt out, variants unified.

use crate::text::{Token, tokens};

/// A word or a mark for matching. One token can give two words (`i'm`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// A punctuation mark: no phrase goes beyond it.
    pub(crate) is_mark: bool,
}

impl Word {
    pub(crate) fn is(&self, options: &[&str]) -> bool {
        options.contains(&self.text.as_str())
    }
}

/// The words of an utterance, lower case.
pub(crate) fn words(utterance: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for Token { text, is_word, .. } in tokens(utterance) {
        match expansion(&text) {
            Some(parts) => words.extend(parts.split(' ').map(|part| word(part, false))),
            None => words.push(word(&text, !is_word)),
        }
    }
    words
}

fn word(text: &str, is_mark: bool) -> Word {
    Word { text: text.to_owned(), is_mark }
}

/// What a contraction or a variant spelling stands for.
fn expansion(word: &str) -> Option<String> {
    let fixed = match word {
        "im" => "i am",
        "ive" => "i have",
        "dont" => "do not",
        "doesnt" => "does not",
        "cannot" | "can't" | "cant" => "can not",
        "won't" | "wont" => "will not",
        "mom's" | "dad's" => return word.strip_suffix("'s").map(|w| format!("{w} is")),
        "fav" | "fave" | "favourite" => "favorite",
        "favorites" | "favourites" => "favorite",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    let endings = [
        ("n't", "not"),
        ("'m", "am"),
        ("'ve", "have"),
        ("'re", "are"),
        ("'d", "would"),
        ("'ll", "will"),
    ];
    let pair = endings.iter().find_map(|&(end, full)| word.strip_suffix(end).map(|w| (w, full)))?;
    (!pair.0.is_empty()).then(|| format!("{} {}", pair.0, pair.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contractions_are_spelt_out() {
        let text: Vec<String> = words("I'm sure I don't, can't; my favourite's fine.")
            .into_iter()
            .map(|w| w.text)
            .collect();
        assert_eq!(text.join(" "), "i am sure i do not , can not ; my favourite's fine .");
    }
}
