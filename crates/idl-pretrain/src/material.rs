//! What documents are made of.

use idl_dialogue::{Person, Session};
use idl_lm::ChatTokenizer;

use crate::error::{Error, Result};
use crate::render::Renderer;

/// Real conversations, and the tokenizer's words.
#[derive(Debug)]
pub(crate) struct Material<'a> {
    pub(crate) renderer: Renderer<'a>,
    pub(crate) persons: &'a [Person],
    /// Person and position of every session that is not empty.
    pub(crate) sessions: Vec<(usize, usize)>,
    /// Every token that is none of the special ones.
    pub(crate) ordinary: Vec<i64>,
}

impl<'a> Material<'a> {
    /// The sessions of `persons`, and what `tokenizer` can write.
    ///
    /// # Errors
    /// As [`Renderer::new`]; a tokenizer of special tokens alone.
    pub(crate) fn new(tokenizer: &'a ChatTokenizer, persons: &'a [Person]) -> Result<Self> {
        let sessions = persons
            .iter()
            .enumerate()
            .flat_map(|(p, person)| (0..person.sessions.len()).map(move |s| (p, s)))
            .filter(|&(p, s)| !persons[p].sessions[s].messages.is_empty())
            .collect();
        let renderer = Renderer::new(tokenizer)?;
        Ok(Material { renderer, persons, sessions, ordinary: ordinary_ids(tokenizer)? })
    }

    /// Session number `index` of those that are not empty.
    pub(crate) fn session(&self, index: usize) -> &'a Session {
        let (person, session) = self.sessions[index];
        &self.persons[person].sessions[session]
    }
}

/// Tokens that are text: those that decoding leaves when it skips the special
/// ones.
pub(crate) fn ordinary_ids(tokenizer: &ChatTokenizer) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for id in 0..=tokenizer.largest_id() {
        if !tokenizer.decode(&[id])?.is_empty() {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        return Err(Error::Data("the tokenizer has no tokens but special ones".to_owned()));
    }
    Ok(ids)
}
