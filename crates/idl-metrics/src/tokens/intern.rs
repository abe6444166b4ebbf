//! Numbers for words and for pairs of numbers.

/// What is looked up and not there.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Slots before the first growth: enough for a reply and its references.
const SLOTS: usize = 128;

/// Numbers words 0, 1, .. in order of first appearance; equal words get equal
/// numbers.
///
/// A word of at most 16 bytes is its own key, so that hardly any comparison
/// goes through memory. Nothing is freed by [`clear`](Self::clear): one table
/// serves text after text without allocating.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    /// Numbers by hash with linear probing, [`ABSENT`] where free; a power of
    /// two, at least twice as many as keys.
    slots: Vec<u32>,
    /// Keys by number.
    keys: Vec<Key>,
    /// The words that do not fit into a key, one after the other.
    long: Vec<u8>,
}

/// The first and the last eight bytes of a word (which overlap in words of less
/// than 16), and its length: all there is to know up to 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    head: u64,
    tail: u64,
    length: usize,
    /// Where a longer word lies in `long`.
    at: usize,
}

impl Key {
    fn of(word: &[u8]) -> Self {
        let length = word.len();
        let (head, tail) = match (word.first_chunk::<8>(), word.last_chunk::<8>()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => (short(word), 0),
        };
        Key { head, tail, length, at: 0 }
    }

    fn of_pair(left: u32, right: u32) -> Self {
        Key { head: u64::from(left) << 32 | u64::from(right), tail: 0, length: 0, at: 0 }
    }

    /// Multiplications spread low bits to high ones, which are the ones used.
    fn hash(&self) -> u64 {
        let odd = 0x9e37_79b9_7f4a_7c15;
        let mixed = self.head.wrapping_mul(odd) ^ self.tail.rotate_left(32) ^ self.length as u64;
        (mixed ^ mixed >> 29).wrapping_mul(odd)
    }
}

/// Up to seven bytes in one number; words of one length differ where their
/// numbers do.
fn short(word: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (word.first_chunk::<4>(), word.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*head)) << 32 | u64::from(u32::from_le_bytes(*tail));
    }
    word.iter().fold(0, |number, &b| number << 8 | u64::from(b))
}

impl Interner {
    /// Forgets all words.
    pub(crate) fn clear(&mut self) {
        self.clear_for(0);
    }

    /// Forgets all words, and makes room for `words` different ones.
    pub(crate) fn clear_for(&mut self, words: usize) {
        self.slots.clear();
        self.slots.resize((2 * words).next_power_of_two().max(SLOTS), ABSENT);
        self.keys.clear();
        self.long.clear();
    }

    /// How many different words there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The number of `word`, a new one where it is new.
    pub(crate) fn insert(&mut self, word: &str) -> u32 {
        self.insert_key(Key::of(word.as_bytes()), word.as_bytes())
    }

    /// The number of `word`, [`ABSENT`] where it was never inserted.
    pub(crate) fn get(&self, word: &str) -> u32 {
        self.find(&Key::of(word.as_bytes()), word.as_bytes()).1
    }

    /// The number of a pair of numbers, as [`insert`](Self::insert); do not mix
    /// pairs and words.
    pub(crate) fn insert_pair(&mut self, left: u32, right: u32) -> u32 {
        self.insert_key(Key::of_pair(left, right), &[])
    }

    /// The number of a pair of numbers, as [`get`](Self::get).
    pub(crate) fn get_pair(&self, left: u32, right: u32) -> u32 {
        self.find(&Key::of_pair(left, right), &[]).1
    }

    fn insert_key(&mut self, mut key: Key, word: &[u8]) -> u32 {
        if self.slots.len() < 2 * (self.keys.len() + 1) {
            self.grow();
        }
        let (slot, number) = self.find(&key, word);
        if number != ABSENT {
            return number;
        }
        if word.len() > 16 {
            key.at = self.long.len();
            self.long.extend_from_slice(word);
        }
        let number = self.keys.len() as u32;
        self.slots[slot] = number;
        self.keys.push(key);
        number
    }

    /// The slot of a key and the number there.
    fn find(&self, key: &Key, word: &[u8]) -> (usize, u32) {
        let last = self.slots.len().wrapping_sub(1);
        let mut slot = (key.hash() >> 32) as usize & last;
        while let Some(&number) = self.slots.get(slot) {
            if number == ABSENT || self.is(number, key, word) {
                return (slot, number);
            }
            slot = (slot + 1) & last;
        }
        (slot, ABSENT)
    }

    fn is(&self, number: u32, key: &Key, word: &[u8]) -> bool {
        let known = &self.keys[number as usize];
        (known.head, known.tail, known.length) == (key.head, key.tail, key.length)
            && (word.len() <= 16 || &self.long[known.at..known.at + known.length] == word)
    }

    fn grow(&mut self) {
        // By so much, because a long text would make it grow again and again.
        let slots = (4 * self.slots.len()).max(SLOTS);
        self.slots.clear();
        self.slots.resize(slots, ABSENT);
        for (number, key) in self.keys.iter().enumerate() {
            // All keys differ: the next free slot is the right one.
            let mut slot = (key.hash() >> 32) as usize & (slots - 1);
            while self.slots[slot] != ABSENT {
                slot = (slot + 1) & (slots - 1);
            }
            self.slots[slot] = number as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_table_has_nothing() {
        assert_eq!(Interner::default().get("a"), ABSENT);
        assert_eq!(Interner::default().get_pair(0, 0), ABSENT);
    }

    #[test]
    fn clearing_forgets() {
        let mut interner = Interner::default();
        interner.insert("a");
        interner.clear();
        assert_eq!((interner.get("a"), interner.insert("b"), interner.len()), (ABSENT, 0, 1));
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_a_map(
            // Long words that differ in the middle only, and lengths around the limits.
            words in proptest::collection::vec("[ab]{0,9}|a{7}[ab]{0,6}a{7}", 0..400),
        ) {
            let mut interner = Interner::default();
            let mut map: HashMap<&str, u32> = HashMap::new();
            for word in &words {
                let next = map.len() as u32;
                let known = map.get(word.as_str()).copied().unwrap_or(ABSENT);
                prop_assert_eq!(interner.get(word), known);
                prop_assert_eq!(interner.insert(word), *map.entry(word).or_insert(next));
            }
            prop_assert_eq!(interner.len(), map.len());
        }

        #[test]
        fn pairs_are_ordered(pairs in proptest::collection::vec((0u32..20, 0u32..20), 0..300)) {
            let mut interner = Interner::default();
            let mut map: HashMap<(u32, u32), u32> = HashMap::new();
            for &(left, right) in &pairs {
                let next = map.len() as u32;
                let number = *map.entry((left, right)).or_insert(next);
                prop_assert_eq!(interner.insert_pair(left, right), number);
                prop_assert_eq!(interner.get_pair(left, right), number);
            }
        }
    }
}
