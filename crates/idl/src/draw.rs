//! Random draws that do not depend on each other.
//!
//! One generator for a whole program couples all that it draws: a dialogue
//! more, a longer prompt or an ablation that draws once more, and everything
//! after it is another draw. Here every draw has a generator of its own, seeded
//! by what is drawn and for whom.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// A number for one thing: to draw some of many, sort them by it. Which of two
/// comes first then depends on neither how many there are nor on others.
///
/// `purpose` says what is drawn, `of` for whom: such as a person's and a
/// dialogue's id. The same on every machine.
///
/// ```
/// use idl::draw::key;
///
/// let mut three = ["s1", "s2", "s3"];
/// three.sort_by_key(|id| key(7, "target", &["ada", id]));
/// let mut two = ["s3", "s1"];
/// two.sort_by_key(|id| key(7, "target", &["ada", id]));
/// assert_eq!(two.to_vec(), three.into_iter().filter(|id| *id != "s2").collect::<Vec<_>>());
/// ```
#[must_use]
pub fn key(seed: u64, purpose: &str, of: &[&str]) -> u64 {
    let mut hash = Hash::default();
    hash.write(&seed.to_le_bytes());
    for part in std::iter::once(&purpose).chain(of) {
        // With its length: "ab", "c" is not "a", "bc".
        hash.write(&(part.len() as u64).to_le_bytes());
        hash.write(part.as_bytes());
    }
    hash.finish()
}

/// A generator for one draw; see [`key`].
///
/// ```
/// use idl::draw::stream;
/// use rand::Rng;
///
/// let other = |dialogue| stream(7, "other person", &["ada", dialogue]).gen_range(0..1000);
/// assert_eq!(other("s1"), other("s1"));
/// assert_ne!(other("s1"), other("s2"));
/// ```
#[must_use]
pub fn stream(seed: u64, purpose: &str, of: &[&str]) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(key(seed, purpose, of))
}

/// FNV-1a with MurmurHash3's finaliser: the standard library's hash may change
/// with a release.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everything_named_counts() {
        let keys = [
            key(0, "a", &["b", "c"]),
            key(1, "a", &["b", "c"]),
            key(0, "x", &["b", "c"]),
            key(0, "a", &["c", "b"]),
            key(0, "a", &["bc", ""]),
            key(0, "a", &["bc"]),
            key(0, "ab", &["c"]),
            key(0, "a", &[]),
        ];
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
    }

    #[test]
    fn neighbours_come_first_equally_often() {
        let first =
            |seed| key(seed, "target", &["ada", "s1"]) < key(seed, "target", &["ada", "s2"]);
        let times = (0..4000).filter(|&seed| first(seed)).count();
        assert!((1850..=2150).contains(&times), "{times} of 4000");
    }
}
