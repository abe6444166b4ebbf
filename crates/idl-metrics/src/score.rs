//! A score and how it came about.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a score was computed, as `key:value` pairs between bars, after
/// sacreBLEU's model: two scores may be compared when these are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(String);

impl Signature {
    /// The signature of `metric` without settings.
    pub(crate) fn new(metric: &str) -> Self {
        Signature(format!("metric:{metric}"))
    }

    /// Appends a setting.
    pub(crate) fn with(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.0.push_str(&format!("|{key}:{value}"));
        self
    }

    /// Appends this crate's version, which comes last.
    pub(crate) fn versioned(self) -> Self {
        self.with("version", concat!("idl-metrics-", env!("CARGO_PKG_VERSION")))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number with its [`Signature`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The number; its scale is the metric's own.
    pub value: f64,
    /// How it was computed.
    pub signature: Signature,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ({})", self.value, self.signature)
    }
}
