//! How much of what a model printed could be read.

use std::fmt;

use serde::Serialize;

use super::NOTHING;
use crate::ParsedTriples;

/// What an [`LmExtractor`](crate::LmExtractor) has asked and been answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LmTally {
    /// The prompts that were answered.
    pub prompts: usize,
    /// The triples that were read from the answers.
    pub triples: usize,
    /// The answers that say that there is nothing.
    pub nothing: usize,
    /// The answers in which no triple is, nor that.
    pub unparsable: usize,
    /// The lines of all answers that hold no well-formed triple.
    pub malformed_lines: usize,
    /// The sentences that were too long for one prompt.
    pub cut: usize,
}

impl LmTally {
    pub(super) fn add(&mut self, reply: &str, parsed: &ParsedTriples) {
        let says_nothing = reply.lines().any(|line| line.trim().eq_ignore_ascii_case(NOTHING));
        self.prompts += 1;
        self.triples += parsed.triples.len();
        self.malformed_lines += parsed.malformed;
        if parsed.triples.is_empty() {
            *(if says_nothing { &mut self.nothing } else { &mut self.unparsable }) += 1;
        }
    }
}

impl fmt::Display for LmTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LmTally { prompts, triples, nothing, unparsable, malformed_lines, cut } = self;
        write!(
            f,
            "{prompts} prompts: {triples} triples, {nothing} without a fact, {unparsable} answers \
             that could not be read, {malformed_lines} malformed lines; {cut} sentences were cut"
        )
    }
}
