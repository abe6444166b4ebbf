//! Clipped n-gram counts.

use super::stats::{BleuStats, MAX_ORDER};
use crate::tokens::Numbered;

/// The statistics of one reply against its references. Time O(tokens).
pub(super) fn count(texts: &mut Numbered, max_order: usize) -> BleuStats {
    let length = texts.hypothesis().len();
    let mut stats = BleuStats {
        hyp_len: length as u64,
        ref_len: nearest_length(length, texts.references().map(<[u32]>::len)) as u64,
        segments: 1,
        ..BleuStats::default()
    };
    let orders = max_order.min(MAX_ORDER);
    for n in 0..orders {
        stats.total[n] = length.saturating_sub(n) as u64;
        stats.too_short[n] = u64::from(stats.total[n] == 0);
    }
    for n in 0..orders {
        if n > 0 {
            texts.lengthen();
        }
        stats.correct[n] = texts.clip();
        // Without a match of n words there is none of n + 1.
        if stats.correct[n] == 0 {
            break;
        }
    }
    stats
}

/// The length nearest to `length`, of equally near ones the shorter.
fn nearest_length(length: usize, lengths: impl Iterator<Item = usize>) -> usize {
    lengths.min_by_key(|&l| (l.abs_diff(length), l)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// The definition, by hashing n-grams.
    fn naive(hypothesis: &[String], references: &[Vec<String>], n: usize) -> u64 {
        let counts = |words: &[String]| {
            let mut counts: HashMap<Vec<String>, u64> = HashMap::new();
            words.windows(n).for_each(|w| *counts.entry(w.to_vec()).or_default() += 1);
            counts
        };
        let references: Vec<_> = references.iter().map(|r| counts(r)).collect();
        let best = |gram| references.iter().filter_map(|r| r.get(gram)).max().copied().unwrap_or(0);
        counts(hypothesis).iter().map(|(gram, &own)| own.min(best(gram))).sum()
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_definition(
            hypothesis in proptest::collection::vec("[a-c]", 0..40),
            references in proptest::collection::vec(
                proptest::collection::vec("[a-d]", 0..40),
                1..4,
            ),
        ) {
            let stats = Numbered::with(|texts| {
                hypothesis.iter().for_each(|w| texts.hypothesis_word(w));
                for reference in &references {
                    reference.iter().for_each(|w| texts.reference_word(w));
                    texts.end_reference();
                }
                count(texts, MAX_ORDER)
            });
            for n in 1..=MAX_ORDER {
                prop_assert_eq!(stats.correct[n - 1], naive(&hypothesis, &references, n));
                prop_assert_eq!(stats.total[n - 1], hypothesis.windows(n).len() as u64);
            }
        }
    }

    #[test]
    fn the_shorter_of_two_equally_near_lengths() {
        assert_eq!(nearest_length(5, [7, 3, 9].into_iter()), 3);
        assert_eq!(nearest_length(5, [].into_iter()), 0);
    }
}
