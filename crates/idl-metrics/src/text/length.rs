//! Reply lengths, to be printed beside every other score.

use serde::{Deserialize, Serialize};

/// The lengths of replies in tokens; merges. Memory O(replies), for the
/// quantiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths(Vec<usize>);

/// What [`Lengths`] come to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LengthStats {
    /// The number of replies.
    pub replies: usize,
    /// The mean length in tokens.
    pub mean: f64,
    /// The standard deviation (of the population).
    pub std_dev: f64,
    /// The shortest.
    pub min: usize,
    /// The median; between two, their mean.
    pub median: f64,
    /// The longest.
    pub max: usize,
    /// The share of replies without a token.
    pub empty: f64,
}

impl Lengths {
    /// Adds a reply of `tokens` tokens.
    pub fn add(&mut self, tokens: usize) {
        self.0.push(tokens);
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The summary; `None` before the first reply. Time O(n log n).
    ///
    /// ```
    /// let mut lengths = idl_metrics::text::Lengths::default();
    /// [2, 4, 0, 10].into_iter().for_each(|n| lengths.add(n));
    /// let stats = lengths.stats();
    /// assert!(stats.is_some_and(|s| s.mean == 4.0 && s.median == 3.0 && s.empty == 0.25));
    /// ```
    #[must_use]
    pub fn stats(&self) -> Option<LengthStats> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let n = sorted.len();
        let mean = sorted.iter().sum::<usize>() as f64 / n as f64;
        let variance = sorted.iter().map(|&l| (l as f64 - mean).powi(2)).sum::<f64>() / n as f64;
        Some(LengthStats {
            replies: n,
            mean,
            std_dev: variance.sqrt(),
            min,
            median: (sorted[(n - 1) / 2] + sorted[n / 2]) as f64 / 2.0,
            max,
            empty: sorted.iter().filter(|&&l| l == 0).count() as f64 / n as f64,
        })
    }
}
