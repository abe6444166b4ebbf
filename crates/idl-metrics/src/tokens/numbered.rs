//! A reply and its references as numbers.

use std::cell::Cell;

use super::intern::{ABSENT, Interner};

/// A reply's words and its references' words, numbered by the reply's: what a
/// reference has beyond the reply can match nothing and is [`ABSENT`].
///
/// The buffers are kept from pair to pair, one set for each thread: a score
/// allocates nothing once the longest text has been seen.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    interner: Interner,
    hypothesis: Vec<u32>,
    references: Vec<u32>,
    /// Where each reference ends in `references`.
    ends: Vec<usize>,
    /// For each number the largest count in one reference, and a running count.
    allowed: Vec<u32>,
    seen: Vec<u32>,
}

thread_local! {
    static KEPT: Cell<Option<Box<Numbered>>> = const { Cell::new(None) };
}

impl Numbered {
    /// Calls `work` with empty buffers: this thread's, or new ones where they
    /// are in use (by a caller up the stack) or gone.
    pub(crate) fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut numbered = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        numbered.interner.clear();
        numbered.hypothesis.clear();
        numbered.references.clear();
        numbered.ends.clear();
        let result = work(&mut numbered);
        // An error here means that the thread is ending.
        let _ = KEPT.try_with(|kept| kept.set(Some(numbered)));
        result
    }

    /// Appends a word to the reply. All of the reply comes first.
    pub(crate) fn hypothesis_word(&mut self, word: &str) {
        self.hypothesis.push(self.interner.insert(word));
    }

    /// Appends a word to the reference that is being read.
    pub(crate) fn reference_word(&mut self, word: &str) {
        self.references.push(self.interner.get(word));
    }

    /// Ends a reference.
    pub(crate) fn end_reference(&mut self) {
        self.ends.push(self.references.len());
    }

    /// The reply's numbers, without gaps from 0 on.
    pub(crate) fn hypothesis(&self) -> &[u32] {
        &self.hypothesis
    }

    /// How many different numbers the reply has.
    pub(crate) fn distinct(&self) -> usize {
        self.interner.len()
    }

    /// The references' numbers.
    pub(crate) fn references(&self) -> impl Iterator<Item = &[u32]> {
        segments(&self.references, &self.ends)
    }

    /// The clipped matches: for each number the smaller of its count in the
    /// reply and its largest count in one reference, summed. Numbers of the
    /// reply that no reference has become [`ABSENT`]. Time O(words).
    pub(crate) fn clip(&mut self) -> u64 {
        let Numbered { interner, hypothesis, references, ends, allowed, seen } = self;
        for counts in [&mut *allowed, &mut *seen] {
            counts.clear();
            counts.resize(interner.len(), 0);
        }
        for reference in segments(references, ends) {
            let known = || reference.iter().filter(|&&id| id != ABSENT).map(|&id| id as usize);
            for id in known() {
                seen[id] += 1;
                allowed[id] = allowed[id].max(seen[id]);
            }
            // Back to zero, for the next one.
            if ends.len() > 1 {
                known().for_each(|id| seen[id] = 0);
            }
        }
        // From now on: how often the reply has had a number.
        seen.fill(0);
        let mut matches = 0;
        for id in hypothesis.iter_mut().filter(|id| **id != ABSENT) {
            let own = *id as usize;
            seen[own] += 1;
            matches += u64::from(seen[own] <= allowed[own]);
            if allowed[own] == 0 {
                *id = ABSENT;
            }
        }
        matches
    }

    /// From n-grams to (n + 1)-grams, each numbered by the pair of n-grams
    /// that it begins and ends with. Only pairs of known n-grams can match;
    /// all others are [`ABSENT`]. Time O(words).
    pub(crate) fn lengthen(&mut self) {
        let Numbered { interner, hypothesis, references, ends, .. } = self;
        interner.clear_for(hypothesis.len());
        pair_up(hypothesis, |left, right| interner.insert_pair(left, right));
        let mut start = 0;
        for &end in &*ends {
            pair_up(&mut references[start..end], |left, right| interner.get_pair(left, right));
            start = end;
        }
    }
}

/// The parts of `all` that end at `ends`.
fn segments<'a>(all: &'a [u32], ends: &'a [usize]) -> impl Iterator<Item = &'a [u32]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, &end)| &all[start..end])
}

/// Replaces each number by that of the pair with its right neighbour; the last
/// has none.
fn pair_up(ids: &mut [u32], mut number: impl FnMut(u32, u32) -> u32) {
    for i in 0..ids.len() {
        let right = ids.get(i + 1).copied().unwrap_or(ABSENT);
        if ids[i] != ABSENT {
            ids[i] = if right == ABSENT { ABSENT } else { number(ids[i], right) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(hypothesis: &str, references: &[&str]) -> Vec<u64> {
        Numbered::with(|texts| {
            hypothesis.split(' ').for_each(|w| texts.hypothesis_word(w));
            for reference in references {
                reference.split(' ').for_each(|w| texts.reference_word(w));
                texts.end_reference();
            }
            let mut counts = vec![texts.clip()];
            for _ in 1..4 {
                texts.lengthen();
                counts.push(texts.clip());
            }
            counts
        })
    }

    #[test]
    fn counts_are_clipped_by_the_best_single_reference() {
        assert_eq!(matches("the the the", &["the x the", "the"]), [2, 0, 0, 0]);
        assert_eq!(matches("a b a b", &["a b", "b a b"]), [3, 2, 1, 0]);
        assert_eq!(matches("a b c d", &["a b c d"]), [4, 3, 2, 1]);
    }

    #[test]
    fn an_ngram_does_not_span_references() {
        assert_eq!(matches("a b", &["a", "b"]), [2, 0, 0, 0]);
    }

    #[test]
    fn a_call_inside_a_call_has_its_own_buffers() {
        let inner = Numbered::with(|outer| {
            outer.hypothesis_word("a");
            (matches("x y", &["x y"]), outer.hypothesis().len())
        });
        assert_eq!(inner, (vec![2, 1, 0, 0], 1));
    }
}
