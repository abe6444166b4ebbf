//! The text of special tokens within messages.
//!
//! A message that says `</s>` shall not end its turn. Its text cannot be
//! encoded apart from the rest, for tokenizers treat the beginning of a text in
//! their own way. So each such place is broken by a letter that nobody uses;
//! the whole is encoded at once, and the tokens of that letter are taken out.

use idl_dialogue::Utterance;

use super::ChatTokenizer;
use crate::error::{Error, Result};

/// Letters of the private use areas and noncharacters, which text does not
/// hold.
const LETTERS: [char; 6] =
    ['\u{E000}', '\u{F8FF}', '\u{F0000}', '\u{10FFFD}', '\u{FDD0}', '\u{FDEF}'];

impl ChatTokenizer {
    /// Special tokens in the contents of `messages` stay text.
    pub(super) fn encode_as_text(
        &self,
        messages: &[Utterance],
        add_generation_prompt: bool,
    ) -> Result<Vec<i64>> {
        let text = self.render(messages, add_generation_prompt)?;
        for letter in LETTERS {
            if text.contains(letter) {
                continue;
            }
            let broken: Vec<String> =
                messages.iter().map(|m| broken(&m.content, &self.special, letter)).collect();
            let pairs: Vec<_> =
                messages.iter().zip(&broken).map(|(m, b)| (m.role.as_str(), b.as_str())).collect();
            let marked = self.render_pairs(&pairs, add_generation_prompt)?;
            if let Some(ids) = self.encode_without(&marked, letter)? {
                return Ok(ids);
            }
        }
        Err(Error::Tokenizer(
            "a message holds the text of a special token, which this tokenizer cannot encode as \
             text; see ChatTokenizer::set_special_tokens"
                .to_owned(),
        ))
    }

    /// The tokens of `text` but those of `letter`; none where a token holds it
    /// together with something else.
    fn encode_without(&self, text: &str, letter: char) -> Result<Option<Vec<i64>>> {
        let encoding =
            self.tokenizer.encode(text, false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let mut ids = Vec::new();
        let mut taken = vec![false; text.len()];
        for (&id, &(start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            let Some(piece) = text.get(start..end) else { return Ok(None) };
            if !piece.contains(letter) {
                ids.push(i64::from(id));
            } else if piece.chars().all(|c| c == letter) {
                taken[start..end].fill(true);
            } else {
                return Ok(None);
            }
        }
        // A tokenizer that drops what it does not know would let the pieces
        // meet again.
        let seen = text.match_indices(letter).all(|(at, _)| taken[at]);
        Ok(seen.then_some(ids))
    }
}

/// `content` with `letter` behind the first letter of each special token's
/// text, wherever one begins.
fn broken(content: &str, special: &[String], letter: char) -> String {
    let mut text = String::with_capacity(content.len() + 8);
    for (at, c) in content.char_indices() {
        text.push(c);
        if special.iter().any(|token| content[at..].starts_with(token.as_str())) {
            text.push(letter);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_token_is_broken() {
        let special = ["</s>".to_owned(), "<|im_end|>".to_owned()];
        let text = broken("a</s></s> <|im_end|>é< /s>", &special, '#');
        assert_eq!(text, "a<#/s><#/s> <#|im_end|>é< /s>");
        assert_eq!(broken("é", &special, '#'), "é");
    }
}
