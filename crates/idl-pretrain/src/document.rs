//! A window of tokens, and what comes twice in it.

use std::ops::Range;

use idl_lm::TokenTree;
use idl_train::Example;

use crate::error::Result;
use crate::mixture::DocumentKind;

/// A segment that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its tokens where they were seen before.
    pub first: Range<usize>,
    /// The same tokens, again.
    pub again: Range<usize>,
}

impl Return {
    /// The number of tokens between the two.
    #[must_use]
    pub fn distance(&self) -> usize {
        self.again.start - self.first.end
    }
}

/// One document: a window of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its tokens, at most as many as the window has.
    pub ids: Vec<i64>,
    /// What in it comes again, in the order of `again`.
    pub returns: Vec<Return>,
}

impl Document {
    /// The document as an example of which every token counts, but for the
    /// first, which nothing predicts.
    ///
    /// # Errors
    /// The language model's, for a document of fewer than two tokens.
    pub fn example(self, id: String) -> Result<Example> {
        let tokens = self.ids.len();
        let mut tree = TokenTree::new(self.ids);
        tree.add_span(1..tokens)?;
        Ok(Example {
            id,
            tree,
            replies: Vec::new(),
            alternatives: Vec::new(),
            references: 0,
            dropped_messages: 0,
            dropped_replies: 0,
            dropped_alternatives: 0,
        })
    }
}

/// A document while it is written.
pub(crate) struct Window {
    ids: Vec<i64>,
    capacity: usize,
    /// The segments that stand whole in it.
    segments: Vec<Range<usize>>,
    returns: Vec<Return>,
}

impl Window {
    pub(crate) fn new(opening: &[i64], capacity: usize) -> Self {
        Window {
            ids: opening.iter().copied().take(capacity).collect(),
            capacity,
            segments: Vec::new(),
            returns: Vec::new(),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.ids.len() >= self.capacity
    }

    /// How many segments may come again.
    pub(crate) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Adds a segment; what does not fit is cut off.
    pub(crate) fn push(&mut self, ids: &[i64]) {
        let start = self.ids.len();
        let room = self.capacity.saturating_sub(start);
        self.ids.extend(ids.iter().take(room));
        if ids.len() <= room && !ids.is_empty() {
            self.segments.push(start..self.ids.len());
        }
    }

    /// Lets a segment come again.
    pub(crate) fn push_again(&mut self, segment: usize) {
        let first = self.segments[segment].clone();
        let start = self.ids.len();
        let length = first.len().min(self.capacity.saturating_sub(start));
        self.ids.extend_from_within(first.start..first.start + length);
        let first = first.start..first.start + length;
        self.returns.push(Return { first, again: start..start + length });
    }

    pub(crate) fn document(self, kind: DocumentKind) -> Document {
        Document { kind, ids: self.ids, returns: self.returns }
    }
}
