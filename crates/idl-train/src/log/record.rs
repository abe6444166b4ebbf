//! One line of the log.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::checkpoint::Change;

const CHANGED: &str = "changed";

/// The metrics of one step: a flat JSON object, `step` and `epoch` first, the
/// rest in the order in which they were added.
///
/// JSON has no NaN: what is not finite is written as the string `"NaN"`,
/// `"Infinity"` or `"-Infinity"` and read back as the number it was.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogRecord {
    /// Optimiser steps done when it was written.
    pub step: u64,
    /// Passes through the data done, fractions included.
    pub epoch: f64,
    /// Names ([`metric`](super::metric)) and values.
    pub metrics: Vec<(String, f64)>,
    /// What has changed of the run before the next step, under `changed`:
    /// `{"epochs": [2, 4]}` for 4 after 2. Empty but for a resume that changed
    /// something.
    pub changed: Vec<Change>,
}

impl LogRecord {
    /// A record without metrics.
    pub fn new(step: u64, epoch: f64) -> Self {
        Self { step, epoch, metrics: Vec::new(), changed: Vec::new() }
    }

    /// The record with one more metric; a second value under one name replaces
    /// the first.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: f64) -> Self {
        let name = name.into();
        match self.metrics.iter_mut().find(|(existing, _)| *existing == name) {
            Some((_, existing)) => *existing = value,
            None => self.metrics.push((name, value)),
        }
        self
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(existing, _)| existing == name).map(|&(_, value)| value)
    }
}

/// A number that JSON may not be able to write as one.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value if value.is_nan() => serializer.serialize_str("NaN"),
            value if value > 0.0 => serializer.serialize_str("Infinity"),
            _ => serializer.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or \"NaN\", \"Infinity\" or \"-Infinity\"")
            }
            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Number, E> {
                match value {
                    "NaN" => Ok(Number(f64::NAN)),
                    "Infinity" => Ok(Number(f64::INFINITY)),
                    "-Infinity" => Ok(Number(f64::NEG_INFINITY)),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Serialize for LogRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = self.metrics.len() + 2 + usize::from(!self.changed.is_empty());
        let mut map = serializer.serialize_map(Some(length))?;
        map.serialize_entry("step", &self.step)?;
        map.serialize_entry("epoch", &Number(self.epoch))?;
        for (name, value) in &self.metrics {
            map.serialize_entry(name, &Number(*value))?;
        }
        if !self.changed.is_empty() {
            let changed: BTreeMap<&str, [&Value; 2]> =
                self.changed.iter().map(|c| (c.setting.as_str(), [&c.old, &c.new])).collect();
            map.serialize_entry(CHANGED, &changed)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for LogRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RecordVisitor;

        impl<'de> Visitor<'de> for RecordVisitor {
            type Value = LogRecord;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `step`, `epoch` and numbers")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LogRecord, A::Error> {
                let (mut step, mut epoch, mut metrics) = (None, None, Vec::new());
                let mut changed = BTreeMap::<String, [Value; 2]>::new();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "step" => step = Some(map.next_value()?),
                        "epoch" => epoch = Some(map.next_value::<Number>()?.0),
                        CHANGED => changed = map.next_value()?,
                        _ => metrics.push((name, map.next_value::<Number>()?.0)),
                    }
                }
                let missing = A::Error::missing_field;
                Ok(LogRecord {
                    step: step.ok_or_else(|| missing("step"))?,
                    epoch: epoch.ok_or_else(|| missing("epoch"))?,
                    metrics,
                    changed: changed
                        .into_iter()
                        .map(|(setting, [old, new])| Change { setting, old, new })
                        .collect(),
                })
            }
        }
        deserializer.deserialize_map(RecordVisitor)
    }
}
