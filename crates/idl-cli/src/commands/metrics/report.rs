//! From counts to the summary.

use idl::metrics::Error;
use idl::metrics::intervals::{Interval, Intervals, TTest, paired_t_test};
use idl::metrics::text::LengthStats;
use idl_dialogue::BoxError;
use serde::{Serialize, Serializer};

use super::measures::{ALWAYS, Measure, signed};
use super::panel::{By, Panel, Quantity, Unit};

/// Name -> entry, in the order of the entries.
#[derive(Debug)]
pub(crate) struct Report(Vec<(&'static str, Entry)>);

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, entry)| (name, entry)))
    }
}

/// A number and what belongs beside it.
#[derive(Debug, Default, Serialize)]
struct Entry {
    value: Option<f64>,
    #[serde(rename = "n/a", skip_serializing_if = "Option::is_none")]
    not_available: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    /// How many replies count.
    #[serde(skip_serializing_if = "Option::is_none")]
    replies: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<OverUnits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chance: Option<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
}

/// Values by name.
#[derive(Debug)]
struct Row(Vec<(&'static str, Option<f64>)>);

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Ends of an interval, how they were found, and how many units it stands on.
#[derive(Debug, Serialize)]
struct OverUnits {
    low: f64,
    high: f64,
    level: f64,
    method: &'static str,
    unit: &'static str,
    units: usize,
}

/// The other system, and how the two differ.
#[derive(Debug, Serialize)]
struct Baseline {
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<OverUnits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t_test: Option<TTest>,
}

/// Lengths of replies.
#[derive(Debug, Serialize)]
struct Tokens {
    hypotheses: LengthStats,
    references: Option<LengthStats>,
}

/// All that was counted.
pub(crate) struct Counted<'a> {
    pub(crate) measures: &'a [Measure],
    pub(crate) system: &'a Panel,
    pub(crate) baseline: Option<&'a Panel>,
    pub(crate) chance: &'a [(&'static str, Panel)],
    /// Of the first reference of each line.
    pub(crate) references: Option<LengthStats>,
    /// What the panels' units are.
    pub(crate) unit: &'static str,
    /// The name of the NLI model, if there is one.
    pub(crate) nli: Option<&'a str>,
    pub(crate) intervals: Intervals,
}

impl Counted<'_> {
    /// The summary.
    pub(crate) fn report(&self) -> Result<Report, BoxError> {
        let mut entries = vec![("length", self.length())];
        for (order, name) in [(1, "bleu-1"), (2, "bleu-2"), (3, "bleu-3"), (4, "bleu-4")] {
            entries.push((name, self.entry(Quantity::Bleu(order), ALWAYS)?));
        }
        for (i, measure) in self.measures.iter().enumerate() {
            if measure.name == "distinct-1-sentence" {
                entries.push(("distinct-1", self.distinct(0)));
                entries.push(("distinct-2", self.distinct(1)));
            }
            entries.push((measure.name, self.entry(Quantity::Mean(i), measure.needs)?));
        }
        let needs = if self.nli.is_some() { "no line has a `persona`" } else { "no --nli" };
        for (by, name) in By::ALL {
            entries.push((name, self.entry(Quantity::Consistency(by), needs)?));
        }
        Ok(Report(entries))
    }

    fn entry(&self, quantity: Quantity, needs: &'static str) -> Result<Entry, BoxError> {
        let replies = self.system.all.replies(quantity);
        if replies == 0 {
            return Ok(Entry { not_available: Some(needs), ..Entry::default() });
        }
        let baseline = match self.baseline {
            None => None,
            Some(baseline) => Some(self.compare(quantity, baseline)?),
        };
        Ok(Entry {
            value: self.system.all.value(quantity),
            signature: self.system.all.signature(
                quantity,
                self.measures,
                self.nli.unwrap_or_default(),
            ),
            replies: Some(replies),
            interval: self.interval(quantity)?,
            chance: self.chance(|panel| panel.all.value(quantity)),
            baseline,
            ..Entry::default()
        })
    }

    /// Over persons, where at least two have such replies. Replies of one
    /// person are not independent, so that there is none over replies.
    fn interval(&self, quantity: Quantity) -> Result<Option<OverUnits>, BoxError> {
        let units: Vec<&Unit> =
            self.system.units.iter().filter(|unit| unit.replies(quantity) > 0).collect();
        if self.unit != "person" || units.len() < 2 {
            return Ok(None);
        }
        let statistic = |drawn: &[usize]| {
            Unit::pooled(quantity, drawn.iter().map(|&i| units[i])).unwrap_or(f64::NAN)
        };
        let found = some(self.intervals.statistic(units.len(), statistic))?;
        Ok(found.map(|found| self.over_units(&found)))
    }

    fn over_units(&self, found: &Interval) -> OverUnits {
        let Interval { low, high, level, persons, .. } = *found;
        let method = self.intervals.method.as_str();
        OverUnits { low, high, level, method, unit: self.unit, units: persons }
    }

    /// Unit by unit: the same units stand on both sides.
    fn compare(&self, quantity: Quantity, baseline: &Panel) -> Result<Baseline, BoxError> {
        let pairs: Vec<(&Unit, &Unit)> = self
            .system
            .units
            .iter()
            .zip(&baseline.units)
            .filter(|(ours, theirs)| ours.replies(quantity) > 0 && theirs.replies(quantity) > 0)
            .collect();
        let value = baseline.all.value(quantity);
        if pairs.len() < 2 {
            let (difference, interval, p_value, t_test) = Default::default();
            return Ok(Baseline { value, difference, interval, p_value, t_test });
        }
        let difference = |chosen: &[usize]| {
            let ours = Unit::pooled(quantity, chosen.iter().map(|&i| pairs[i].0));
            let theirs = Unit::pooled(quantity, chosen.iter().map(|&i| pairs[i].1));
            ours.zip(theirs).map_or(f64::NAN, |(a, b)| a - b)
        };
        let all: Vec<usize> = (0..pairs.len()).collect();
        let estimate = difference(&all);
        let found = some(self.intervals.statistic(pairs.len(), difference))?;
        let t_test = match quantity {
            // Of corpus BLEU a unit has no number of its own.
            Quantity::Bleu(_) => None,
            Quantity::Mean(_) | Quantity::Consistency(_) => {
                let values = pairs.iter().filter_map(|(ours, theirs)| {
                    Some((ours.value(quantity)?, theirs.value(quantity)?))
                });
                let (ours, theirs): (Vec<f64>, Vec<f64>) = values.unzip();
                // Without variance (two equal systems) there is no test.
                paired_t_test(&ours, &theirs).ok()
            }
        };
        Ok(Baseline {
            value,
            difference: Some(estimate).filter(|d| d.is_finite()),
            interval: found.as_ref().map(|found| self.over_units(found)),
            p_value: found.map(|found| found.t_test().p_value),
            t_test,
        })
    }

    fn chance(&self, value: impl Fn(&Panel) -> Option<f64>) -> Option<Row> {
        let rows: Vec<_> = self.chance.iter().map(|(name, panel)| (*name, value(panel))).collect();
        (!rows.is_empty()).then_some(Row(rows))
    }

    /// Over all replies: no mean, and so without an interval.
    fn distinct(&self, of: usize) -> Entry {
        let Some(score) = self.system.distinct[of].corpus_score() else {
            let not_available = Some("no reply is long enough");
            return Entry { not_available, ..Entry::default() };
        };
        Entry {
            value: Some(score.value),
            signature: Some(score.signature.to_string()),
            chance: self.chance(|panel| panel.distinct[of].corpus()),
            baseline: self.baseline.map(|panel| only(panel.distinct[of].corpus())),
            ..Entry::default()
        }
    }

    fn length(&self) -> Entry {
        let Some(hypotheses) = self.system.lengths.stats() else {
            return Entry { not_available: Some(ALWAYS), ..Entry::default() };
        };
        let mean = |panel: &Panel| panel.lengths.stats().map(|stats| stats.mean);
        let settings = format!("length|tok:{}", self.system.tokenizer.as_str());
        let replies = hypotheses.replies as u64;
        Entry {
            value: Some(hypotheses.mean),
            signature: Some(signed(&settings, replies)),
            replies: Some(replies),
            chance: self.chance(mean),
            baseline: self.baseline.map(|panel| only(mean(panel))),
            tokens: Some(Tokens { hypotheses, references: self.references }),
            ..Entry::default()
        }
    }
}

fn only(value: Option<f64>) -> Baseline {
    Baseline { value, difference: None, interval: None, p_value: None, t_test: None }
}

/// None where the units do not differ, or too few do: nothing can be told then.
fn some(found: Result<Interval, Error>) -> Result<Option<Interval>, Error> {
    match found {
        Err(Error::NoVariance { .. } | Error::Unbounded { .. } | Error::TooFew { .. }) => Ok(None),
        found => found.map(Some),
    }
}
