//! Everything random, from a seed and a number.

use rand::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// A generator for number `index` of the row that belongs to `seed`. Weyl's
/// sequence keeps neighbours apart.
pub(crate) fn generator(seed: u64, index: u64) -> Xoshiro256PlusPlus {
    let step = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Xoshiro256PlusPlus::seed_from_u64(seed ^ step)
}

/// One of `from`, which must not be empty.
pub(crate) fn pick<T: Copy>(from: &[T], rng: &mut impl Rng) -> T {
    from[rng.gen_range(0..from.len())]
}
