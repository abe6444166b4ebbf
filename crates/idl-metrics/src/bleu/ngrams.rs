//! Clipped n-gram counts.

use super::{BleuStats, MAX_ORDER};

/// The statistics of one reply against its references.
pub(super) fn count(hypothesis: &[u32], references: &[Vec<u32>], max_order: usize) -> BleuStats {
    let mut stats = BleuStats {
        hyp_len: hypothesis.len() as u64,
        ref_len: nearest_length(hypothesis.len(), references.iter().map(Vec::len)) as u64,
        segments: 1,
        ..BleuStats::default()
    };
    let mut grams = Vec::new();
    let mut reference_grams = vec![Vec::new(); references.len()];
    for n in 1..=max_order.min(MAX_ORDER) {
        stats.total[n - 1] = (hypothesis.len() + 1).saturating_sub(n) as u64;
        if stats.total[n - 1] == 0 {
            stats.too_short[n - 1] = 1;
            continue;
        }
        // Without a match of n - 1 words there is none of n.
        if n > 1 && stats.correct[n - 2] == 0 {
            continue;
        }
        sorted_grams(hypothesis, n, &mut grams);
        for (reference, sorted) in references.iter().zip(&mut reference_grams) {
            sorted_grams(reference, n, sorted);
        }
        stats.correct[n - 1] = clipped_matches(&grams, &reference_grams);
    }
    stats
}

/// The length nearest to `length`, of equally near ones the shorter.
fn nearest_length(length: usize, lengths: impl Iterator<Item = usize>) -> usize {
    lengths.min_by_key(|&l| (l.abs_diff(length), l)).unwrap_or(0)
}

/// The n-grams as sorted keys of four words' numbers each.
fn sorted_grams(words: &[u32], n: usize, grams: &mut Vec<u128>) {
    grams.clear();
    grams.extend(
        words.windows(n).map(|w| w.iter().fold(0u128, |key, &word| key << 32 | u128::from(word))),
    );
    grams.sort_unstable();
}

/// For each different n-gram the smaller of its count and its largest count in
/// one reference, summed. All lists are sorted, so that one walk suffices.
fn clipped_matches(grams: &[u128], references: &[Vec<u128>]) -> u64 {
    let mut places = vec![0usize; references.len()];
    let mut matches = 0;
    let mut at = 0;
    while at < grams.len() {
        let key = grams[at];
        let own = grams[at..].iter().take_while(|&&g| g == key).count();
        let mut allowed = 0;
        for (sorted, place) in references.iter().zip(&mut places) {
            *place += sorted[*place..].iter().take_while(|&&g| g < key).count();
            let here = sorted[*place..].iter().take_while(|&&g| g == key).count();
            allowed = allowed.max(here);
        }
        matches += own.min(allowed) as u64;
        at += own;
    }
    matches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_clipped_by_the_best_single_reference() {
        // "the" three times; twice in one reference, once in the other.
        let stats = count(&[7, 7, 7], &[vec![7, 1, 7], vec![7]], 2);
        assert_eq!(stats.correct[..2], [2, 0]);
        assert_eq!(stats.total[..2], [3, 2]);
        assert_eq!(stats.ref_len, 3);
    }

    #[test]
    fn the_shorter_of_two_equally_near_lengths() {
        assert_eq!(nearest_length(5, [7, 3, 9].into_iter()), 3);
        assert_eq!(nearest_length(5, [].into_iter()), 0);
    }
}
