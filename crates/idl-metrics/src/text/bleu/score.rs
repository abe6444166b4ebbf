//! From statistics to a score.

use serde::{Deserialize, Serialize};

use super::params::{BleuParams, Convention, NltkSmoothing, Smoothing};
use super::stats::{BleuStats, MAX_ORDER};
use crate::{Level, Signature};

/// A BLEU score and what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BleuScore {
    /// The score, 0 to 100.
    pub value: f64,
    /// The precisions by order after smoothing, 0 to 100; 0 above `order`.
    pub precisions: [f64; MAX_ORDER],
    /// The brevity penalty, 0 to 1.
    pub brevity_penalty: f64,
    /// The counts.
    pub stats: BleuStats,
    /// The orders that count: 1 to this.
    pub order: usize,
    /// How it was computed.
    pub params: BleuParams,
    /// Of one reply, or of many whose counts were added up.
    pub level: Level,
}

impl BleuScore {
    /// How the score was computed, in words.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.params.signature(self.order).with("level", self.level.as_str()).versioned()
    }
}

impl BleuParams {
    /// The score over orders 1 to `order`.
    pub(super) fn score(&self, stats: &BleuStats, order: usize, level: Level) -> BleuScore {
        let brevity_penalty = brevity_penalty(stats);
        let (precisions, mean_log) = match self.convention {
            Convention::Sacrebleu { smoothing, effective_order } => {
                sacrebleu(stats, order, smoothing, effective_order)
            }
            Convention::Nltk { smoothing } => nltk(stats, order, smoothing),
        };
        let value = mean_log.map_or(0.0, |mean_log| brevity_penalty * mean_log.exp());
        BleuScore { value, precisions, brevity_penalty, stats: *stats, order, params: *self, level }
    }
}

/// exp(1 - r / c) for hypotheses of c words shorter than their references' r.
fn brevity_penalty(stats: &BleuStats) -> f64 {
    match (stats.hyp_len, stats.ref_len) {
        (c, r) if c >= r => 1.0,
        (0, _) => 0.0,
        (c, r) => (1.0 - r as f64 / c as f64).exp(),
    }
}

/// The precisions and the mean of their logarithms, none where nothing matches.
fn sacrebleu(
    stats: &BleuStats,
    order: usize,
    smoothing: Smoothing,
    effective_order: bool,
) -> ([f64; MAX_ORDER], Option<f64>) {
    let mut precisions = [0.0; MAX_ORDER];
    if stats.correct[..order].iter().all(|&c| c == 0) {
        return (precisions, None);
    }
    let mut used = order;
    let mut halvings = 1.0;
    for (n, precision) in precisions.iter_mut().enumerate().take(order) {
        let (mut correct, mut total) = (stats.correct[n] as f64, stats.total[n] as f64);
        if let Smoothing::AddK(k) = smoothing
            && n > 0
        {
            correct += k;
            total += k;
        }
        if total == 0.0 {
            break;
        }
        if effective_order {
            used = n + 1;
        }
        *precision = match smoothing {
            _ if correct != 0.0 => 100.0 * correct / total,
            Smoothing::Exp => {
                halvings *= 2.0;
                100.0 / (halvings * total)
            }
            Smoothing::Floor(v) => 100.0 * v / total,
            Smoothing::None | Smoothing::AddK(_) => 0.0,
        };
    }
    // sacreBLEU's logarithm of 0, low enough to make any score 0.
    let log = |p: &f64| if *p == 0.0 { -9_999_999_999.0 } else { p.ln() };
    let mean = precisions[..used].iter().map(log).sum::<f64>() / used as f64;
    (precisions, Some(mean))
}

/// As [`sacrebleu`]; every reply counts at least one n-gram of each order.
fn nltk(
    stats: &BleuStats,
    order: usize,
    smoothing: NltkSmoothing,
) -> ([f64; MAX_ORDER], Option<f64>) {
    if stats.correct[0] == 0 {
        return ([0.0; MAX_ORDER], None);
    }
    let mut precisions = [0.0; MAX_ORDER];
    let mut halvings = 0;
    for (n, precision) in precisions.iter_mut().enumerate().take(order) {
        let correct = stats.correct[n] as f64;
        let total = (stats.total[n] + stats.too_short[n]) as f64;
        *precision = match smoothing {
            NltkSmoothing::Method2 if n > 0 => (correct + 1.0) / (total + 1.0),
            _ if correct != 0.0 => correct / total,
            NltkSmoothing::Method0 | NltkSmoothing::Method2 => f64::MIN_POSITIVE,
            NltkSmoothing::Method1(epsilon) => epsilon / total,
            NltkSmoothing::Method3 => {
                halvings += 1;
                1.0 / (f64::from(halvings).exp2() * total)
            }
        };
    }
    // An order of precision 0 (epsilon 0) is left out, as NLTK does.
    let logs = precisions[..order].iter().filter(|p| **p > 0.0).map(|p| p.ln() / order as f64);
    let mean = logs.sum::<f64>() + 100f64.ln();
    (precisions.map(|p| 100.0 * p), Some(mean))
}
