//! What speaks for a session: the evidences, each of its own kind, and their sum.

use serde::{Deserialize, Serialize};

use super::bank::SessionBank;
use super::reader::Query;
use crate::error::Result;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A number for each kind of evidence: how much it says, or how much it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Evidence {
    /// The cosine between all that is asked with and the mean of what the person says
    /// in the session.
    pub whole: f64,
    /// BM25 of the words that are asked with in what the person says there.
    pub words: f64,
    /// Of each utterance that is asked with, the highest cosine with one of the
    /// person's there; the mean of these.
    pub utterances: f64,
    /// The cosine with the sessions that the others speak for: persons speak of
    /// the same things in several sessions, and the context names few of them.
    pub company: f64,
    /// How recent it is: minus the logarithm of a day and its age in days.
    pub recency: f64,
}

impl Evidence {
    /// Every number by its name.
    #[must_use]
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("whole", self.whole),
            ("words", self.words),
            ("utterances", self.utterances),
            ("company", self.company),
            ("recency", self.recency),
        ]
    }

    fn columns(&mut self) -> [&mut f64; 5] {
        [
            &mut self.whole,
            &mut self.words,
            &mut self.utterances,
            &mut self.company,
            &mut self.recency,
        ]
    }

    /// The products of weights and evidence, by kind.
    #[must_use]
    pub fn weighted(mut self, weights: &Evidence) -> Evidence {
        let mut weights = *weights;
        for (x, weight) in self.columns().into_iter().zip(weights.columns()) {
            *x *= *weight;
        }
        self
    }

    /// The sum over all kinds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.named().iter().map(|(_, x)| x).sum()
    }
}

/// Of more candidates than these the best by words and by the whole are compared
/// utterance by utterance, and the others are not chosen.
const SHORTLIST: usize = 512;

/// The evidence for each of the candidates, or of the best of very many but no fewer
/// than `least`; with each its place. Standardised: each kind has mean 0 and standard deviation 1 over what
/// is returned, or is 0 throughout where nothing tells them apart. `company` is
/// still 0.
///
/// `O(candidates * d)`, and for at most [`SHORTLIST`] of them
/// `O(utterances asked with * utterances of theirs * d)`.
pub(super) fn evidence(
    bank: &SessionBank,
    candidates: &[usize],
    query: &Query,
    now: Option<i64>,
    least: usize,
) -> Result<Vec<(usize, Evidence)>> {
    // Among the candidates alone: another session, such as the one that is to be
    // continued, has no say in what is rare.
    let words = bank.words().scores_among(&query.text, candidates);
    let whole = query.whole.to_vec();
    let mut found: Vec<(usize, Evidence)> = candidates
        .iter()
        .zip(words)
        .map(|(&place, words)| {
            let session = &bank.sessions()[place];
            let age = session.time.zip(now).map(|(t, now)| now.saturating_sub(t).max(0) as f64);
            let evidence = Evidence {
                whole: cosine(&whole, &session.center),
                words,
                // Of unknown age: as old as a century, in doubt.
                recency: -(1.0 + age.unwrap_or(36_500.0 * DAY) / DAY).ln(),
                ..Evidence::default()
            };
            (place, evidence)
        })
        .collect();
    shorten(&mut found, SHORTLIST.max(least));
    for (place, evidence) in &mut found {
        let session = &bank.sessions()[*place];
        let mut sum = 0.0;
        for utterance in query.utterances.as_standard_layout().outer_iter() {
            let utterance = utterance.to_slice().unwrap_or_default();
            let mut best = f32::NEG_INFINITY;
            for said in session.embeddings.utterances() {
                best = best.max(said.dot(utterance)?);
            }
            // Who says nothing there says nothing alike.
            sum += f64::from(if best.is_finite() { best } else { -1.0 });
        }
        evidence.utterances = sum / query.utterances.nrows() as f64;
    }
    standardise(&mut found);
    Ok(found)
}

/// Leaves the best `most` by whole and words, in their order.
fn shorten(found: &mut Vec<(usize, Evidence)>, most: usize) {
    if found.len() <= most {
        return;
    }
    let column = |of: fn(&Evidence) -> f64| {
        let mut column: Vec<f64> = found.iter().map(|(_, e)| of(e)).collect();
        standardise_column(&mut column);
        column
    };
    let (whole, words) = (column(|e| e.whole), column(|e| e.words));
    let score = |i: &usize| whole[*i] + words[*i];
    let mut rows: Vec<usize> = (0..found.len()).collect();
    rows.sort_by(|a, b| score(b).total_cmp(&score(a)));
    rows.truncate(most);
    rows.sort_unstable();
    *found = rows.into_iter().map(|row| found[row]).collect();
}

/// The product of two vectors of unit length.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>())
}

/// Gives each kind mean 0 and standard deviation 1 over the sessions.
fn standardise(found: &mut [(usize, Evidence)]) {
    for kind in 0..5 {
        let mut column: Vec<f64> = found.iter_mut().map(|(_, e)| *e.columns()[kind]).collect();
        standardise_column(&mut column);
        for ((_, evidence), x) in found.iter_mut().zip(column) {
            *evidence.columns()[kind] = x;
        }
    }
}

/// The same for one kind.
pub(super) fn standardise_column(column: &mut [f64]) {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let deviation = (column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    // Rounding tells nothing apart.
    let scale = if deviation > 1e-9 * (1.0 + mean.abs()) { 1.0 / deviation } else { 0.0 };
    for x in column {
        *x = (*x - mean) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_nothing_apart_is_no_evidence() {
        let mut same = [0.1 + 0.2, 0.3, 0.3];
        standardise_column(&mut same);
        assert_eq!(same, [0.0; 3]);
        let mut none: [f64; 0] = [];
        standardise_column(&mut none);
        let mut other = [1.0, 2.0, 3.0];
        standardise_column(&mut other);
        assert!((other[2] - 1.5_f64.sqrt()).abs() < 1e-12 && other[1] == 0.0, "{other:?}");
    }

    #[test]
    fn weights_are_by_kind() {
        let evidence = Evidence { whole: 2.0, recency: -1.0, ..Evidence::default() };
        let weights = Evidence { whole: 0.5, recency: 3.0, ..Evidence::default() };
        let weighted = evidence.weighted(&weights);
        assert_eq!((weighted.whole, weighted.recency, weighted.sum()), (1.0, -3.0, -2.0));
    }
}
