//! Numbers for words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Numbers words 0, 1, .. in order of first appearance; equal words get equal
/// numbers.
#[derive(Debug, Default)]
pub(crate) struct Interner<W>(HashMap<W, u32, BuildHasherDefault<WordHasher>>);

impl<W: std::hash::Hash + Eq> Interner<W> {
    /// The numbers of a text's words.
    pub(crate) fn ids(&mut self, words: impl Iterator<Item = W>) -> Vec<u32> {
        // Room for a reply: growing step by step would cost more than hashing.
        self.0.reserve(24);
        let mut ids = Vec::with_capacity(24);
        ids.extend(words.map(|word| {
            let next = self.0.len() as u32;
            *self.0.entry(word).or_insert(next)
        }));
        ids
    }
}

/// Multiply and rotate over eight bytes at a time. Words are short and tables
/// live for one pair of texts: the standard hasher would be half the cost of a
/// score. Nothing depends on the order that it gives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
            self.0 = mixed.wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write(&[byte]);
    }

    fn finish(&self) -> u64 {
        // The table takes the high bits for its tags, the low for its buckets.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_equal_numbers() {
        let mut interner = Interner::default();
        assert_eq!(interner.ids(["b", "a", "b"].into_iter()), [0, 1, 0]);
        assert_eq!(interner.ids(["c", "a"].into_iter()), [2, 1]);
    }
}
