//! Tokens to text, in pieces of whole characters.

use crate::error::Result;
use crate::tokenizer::ChatTokenizer;

/// What stands for bytes that make no character (yet).
const INCOMPLETE: char = char::REPLACEMENT_CHARACTER;

/// Decodes a reply token by token.
///
/// A token need not be whole characters, and its text may depend on the token
/// before it (SentencePiece drops the space of the first). So the tokens since
/// the piece before the last are decoded with and without the newest, and what
/// is more is the piece; nothing comes out while that ends amid a character.
#[derive(Debug, Default)]
pub(crate) struct TextStream {
    ids: Vec<i64>,
    /// From here on is decoded; clean on both sides.
    context: usize,
    /// Up to here is out.
    done: usize,
}

impl TextStream {
    /// The text that `id` completes, often its own; empty while it waits.
    pub(crate) fn push(&mut self, id: i64, tokenizer: &ChatTokenizer) -> Result<String> {
        self.ids.push(id);
        let piece = self.pending(tokenizer)?;
        if piece.is_empty() || piece.ends_with(INCOMPLETE) {
            return Ok(String::new());
        }
        self.context = self.done;
        self.done = self.ids.len();
        Ok(piece)
    }

    /// What still waits, when no more tokens come.
    pub(crate) fn finish(&mut self, tokenizer: &ChatTokenizer) -> Result<String> {
        let rest = self.pending(tokenizer)?;
        self.done = self.ids.len();
        Ok(rest)
    }

    fn pending(&self, tokenizer: &ChatTokenizer) -> Result<String> {
        let before = tokenizer.decode(&self.ids[self.context..self.done])?;
        let with = tokenizer.decode(&self.ids[self.context..])?;
        Ok(with.get(before.len()..).unwrap_or_default().to_owned())
    }

    /// The tokens so far.
    pub(crate) fn into_ids(self) -> Vec<i64> {
        self.ids
    }
}
