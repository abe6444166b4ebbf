//! What the probes say.

use std::collections::BTreeMap;

use idl::choice::{ChoiceParams, Evidence};
use idl::metrics::intervals::{Interval, Intervals};
use idl_dialogue::BoxError;
use serde::{Serialize, Serializer};

use super::probe::{ChoiceArgs, Probe};
use crate::{cli, progress};

/// The plain sum of the evidence, each kind counting once.
const PLAIN: Evidence =
    Evidence { whole: 1.0, words: 1.0, utterances: 1.0, company: 0.0, recency: 0.0 };

/// The weights that a search tries, for each kind.
const GRID: [f64; 4] = [0.0, 0.5, 1.0, 2.0];

#[derive(Serialize)]
struct Report<'r> {
    measure: &'r str,
    #[serde(flatten)]
    settings: serde_json::Value,
    encoder: &'r str,
    asked: usize,
    persons: usize,
    candidates: f64,
    ways: Vec<Way>,
}

/// One way of choosing.
#[derive(Serialize)]
struct Way {
    way: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Evidence>,
    #[serde(flatten)]
    mean: Bounds,
    /// What the choice as it is has over this one, in pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    choice_minus_this: Option<Bounds>,
}

#[derive(Serialize)]
struct Bounds {
    #[serde(serialize_with = "rounded")]
    mean: f64,
    /// None where no two persons differ: that bounds nothing.
    #[serde(serialize_with = "rounded_if", skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(serialize_with = "rounded_if", skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

/// Four digits say enough, and read well.
fn rounded<S: Serializer>(x: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((x * 1e4).round() / 1e4)
}

fn rounded_if<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    rounded(&x.unwrap_or_default(), serializer)
}

impl From<Interval> for Bounds {
    fn from(interval: Interval) -> Self {
        Bounds { mean: interval.estimate, low: Some(interval.low), high: Some(interval.high) }
    }
}

/// The mean with its interval; where no two persons differ, without one.
fn bounds(intervals: &Intervals, values: &[f64]) -> Result<Bounds, BoxError> {
    if let [first, rest @ ..] = values
        && !rest.is_empty()
        && rest.iter().all(|x| x == first)
    {
        return Ok(Bounds { mean: *first, low: None, high: None });
    }
    Ok(intervals.mean(values)?.into())
}

/// What one way has over another, person by person.
fn over(intervals: &Intervals, left: &[f64], right: &[f64]) -> Result<Bounds, BoxError> {
    let differences: Vec<f64> = left.iter().zip(right).map(|(a, b)| a - b).collect();
    bounds(intervals, &differences)
}

/// Prints what the probes say of the choice, or the best weights for them.
///
/// # Errors
/// The choice's; fewer than two persons.
pub(crate) fn print(
    measure: &str,
    settings: serde_json::Value,
    encoder: &str,
    arguments: &ChoiceArgs,
    probes: &[Probe<'_>],
) -> Result<(), BoxError> {
    let params = arguments.params()?;
    if arguments.search {
        return search(params, probes);
    }
    let count = params.count;
    let only = |name: &str, weights: Evidence| (name.to_owned(), weights);
    let ways = [
        only("choice", params.weights),
        only("plain sum", PLAIN),
        only("whole", Evidence { whole: 1.0, ..Evidence::default() }),
        only("words", Evidence { words: 1.0, ..Evidence::default() }),
        only("utterances", Evidence { utterances: 1.0, ..Evidence::default() }),
    ];
    let intervals = Intervals::default();
    let chance = by_unit(probes, |probe| Ok(probe.chance(count)))?;
    let mut rows = Vec::new();
    let mut choice = Vec::new();
    for (way, weights) in ways {
        let scores = scores(ChoiceParams { weights, ..params }, probes)?;
        let over_this =
            if rows.is_empty() { None } else { Some(over(&intervals, &choice, &scores)?) };
        rows.push(Way {
            way,
            weights: Some(weights),
            mean: bounds(&intervals, &scores)?,
            choice_minus_this: over_this,
        });
        if choice.is_empty() {
            choice = scores;
        }
    }
    rows.push(Way {
        way: "chance".to_owned(),
        weights: None,
        mean: bounds(&intervals, &chance)?,
        choice_minus_this: Some(over(&intervals, &choice, &chance)?),
    });
    let candidates = probes.iter().map(|p| p.candidates.len()).sum::<usize>();
    cli::print_json(&Report {
        measure,
        settings,
        encoder,
        asked: probes.len(),
        persons: chance.len(),
        candidates: (10.0 * candidates as f64 / probes.len().max(1) as f64).round() / 10.0,
        ways: rows,
    })
}

/// The mean score of each unit, by weights.
fn scores(params: ChoiceParams, probes: &[Probe<'_>]) -> Result<Vec<f64>, BoxError> {
    let chooser = params.check()?;
    by_unit(probes, |probe| probe.score(&chooser))
}

fn by_unit(
    probes: &[Probe<'_>],
    score: impl Fn(&Probe<'_>) -> Result<f64, BoxError>,
) -> Result<Vec<f64>, BoxError> {
    let mut units: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for probe in probes {
        let (sum, count) = units.entry(probe.unit).or_default();
        *sum += score(probe)?;
        *count += 1;
    }
    Ok(units.into_values().map(|(sum, count)| sum / count as f64).collect())
}

/// What every point of a grid of weights has, best first.
fn search(params: ChoiceParams, probes: &[Probe<'_>]) -> Result<(), BoxError> {
    let mut all = Vec::new();
    for whole in GRID {
        for words in GRID {
            for utterances in GRID {
                for company in GRID {
                    let weights = Evidence { whole, words, utterances, company, recency: 0.0 };
                    // Only ratios matter: the greatest of the first three is 1 or more.
                    if whole.max(words).max(utterances) >= 1.0 {
                        all.push(weights);
                    }
                }
            }
        }
    }
    let bar = progress::bar("weights", all.len() as u64);
    let mut found = Vec::new();
    for (done, weights) in all.into_iter().enumerate() {
        let scores = scores(ChoiceParams { weights, ..params }, probes)?;
        found.push((scores.iter().sum::<f64>() / scores.len().max(1) as f64, weights));
        bar.set_position(done as u64 + 1);
    }
    bar.finish_and_clear();
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (mean, weights) in found {
        cli::print_json(&serde_json::json!({"mean": mean, "weights": weights}))?;
    }
    Ok(())
}
