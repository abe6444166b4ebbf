//! Vectors in a bounded piece of memory.

use std::collections::HashMap;

use super::record::Key;

/// What an entry costs beside its vector: key, pointer, the map's slack.
const OVERHEAD: usize = 96;

/// Two generations: what is asked for goes to the young one; when that has half
/// of the room it becomes the old one, and what was old is forgotten. Nearly
/// least-recently-used, at the price of a hash map.
#[derive(Debug)]
pub(super) struct Recent {
    young: HashMap<Key, Vec<f32>>,
    old: HashMap<Key, Vec<f32>>,
    /// The most entries of a generation.
    most: usize,
}

impl Recent {
    pub(super) fn new(dim: usize, bytes: usize) -> Self {
        let most = bytes / 2 / (4 * dim + OVERHEAD);
        Recent { young: HashMap::new(), old: HashMap::new(), most }
    }

    pub(super) fn get(&mut self, key: &Key) -> Option<Vec<f32>> {
        if let Some(vector) = self.young.get(key) {
            return Some(vector.clone());
        }
        let vector = self.old.remove(key)?;
        self.insert(*key, vector.clone());
        Some(vector)
    }

    pub(super) fn insert(&mut self, key: Key, vector: Vec<f32>) {
        if self.young.len() >= self.most {
            self.old = std::mem::take(&mut self.young);
        }
        if self.most > 0 {
            self.young.insert(key, vector);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows_beyond_its_room_and_keeps_what_is_used() {
        let mut recent = Recent::new(1, 20 * (4 + OVERHEAD));
        let kept = Key::of("kept");
        recent.insert(kept, vec![1.0]);
        for i in 0..1000 {
            recent.insert(Key::of(&i.to_string()), vec![0.0]);
            assert_eq!(recent.get(&kept), Some(vec![1.0]));
            assert!(recent.len() <= 20);
        }
        assert_eq!(recent.get(&Key::of("0")), None);
        assert!(recent.get(&Key::of("999")).is_some());
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let mut recent = Recent::new(384, 100);
        recent.insert(Key::of("a"), vec![0.0; 384]);
        assert_eq!((recent.len(), recent.get(&Key::of("a"))), (0, None));
    }
}
