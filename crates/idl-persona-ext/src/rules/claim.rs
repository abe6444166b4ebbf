//! Of whom something is said, and what has been read of it.

use idl_dialogue::Triple;

use crate::rules::words::Word;

/// The triples of an utterance so far.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<Triple>);

impl Facts {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_triples(self) -> Vec<Triple> {
        self.0
    }

    pub(crate) fn add(&mut self, subject: &str, relation: &str, object: impl Into<String>) {
        let triple = Triple::new(subject, relation, object);
        if !self.0.contains(&triple) {
            self.0.push(triple);
        }
    }
}

/// Of whom an utterance says something, and where it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    /// `i`, `my mom`.
    pub(crate) subject: &'a str,
    /// Whether the clause lacks its subject.
    pub(crate) bare: bool,
    words: &'a [Word<'a>],
    start: usize,
    pub(crate) after: usize,
}

impl<'a> Claim<'a> {
    /// What `words` say of `subject` from `start` on.
    pub(crate) fn new(subject: &'a str, words: &'a [Word<'a>], start: usize) -> Self {
        Claim { subject, bare: false, words, start, after: start }
    }

    pub(crate) fn bare(self) -> Self {
        Claim { bare: true, ..self }
    }

    /// With a pattern that took the first `length` words.
    pub(crate) fn matched(self, length: usize) -> Self {
        Claim { after: self.start + length, ..self }
    }

    /// With `count` more words taken.
    pub(crate) fn skipping(self, count: usize) -> Self {
        Claim { after: self.after + count, ..self }
    }

    /// The words from the end of the subject on.
    pub(crate) fn predicate(&self) -> &'a [Word<'a>] {
        &self.words[self.start..]
    }

    /// The words after the pattern.
    pub(crate) fn rest(&self) -> &'a [Word<'a>] {
        &self.words[self.after..]
    }

    /// The words before the subject.
    pub(crate) fn before(&self) -> &'a [Word<'a>] {
        // One word stands between: "my", for which this is asked.
        &self.words[..self.start.saturating_sub(1)]
    }

    /// The words that the pattern took.
    pub(crate) fn taken(&self) -> &'a [Word<'a>] {
        &self.words[self.start..self.after]
    }
}
