//! Invented text, a word at a time.

use rand::Rng;
use rand::seq::SliceRandom;

const WORDS: &[&str] = &[
    "i",
    "row",
    "bake",
    "two",
    "owls",
    "hi",
    "!",
    "?",
    ".",
    "bread",
    "my",
    "sister",
    "plays",
    "the",
    "tuba",
    "caf\u{e9}",
    "\u{1f989}",
    "\u{3c4}\u{3c3}\u{3ac}\u{3b9}",
    "don't",
    "\"so\"",
];

/// Up to eight words.
pub fn sentence(rng: &mut impl Rng) -> String {
    let words: Vec<&str> =
        (0..rng.gen_range(0..=8)).filter_map(|_| WORDS.choose(rng).copied()).collect();
    words.join(" ")
}

/// Up to `most` sentences.
pub fn sentences(most: usize, rng: &mut impl Rng) -> Vec<String> {
    (0..rng.gen_range(0..=most)).map(|_| sentence(rng)).collect()
}
