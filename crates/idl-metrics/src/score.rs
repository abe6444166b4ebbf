//! A score and how it came about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::error::finite;

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

    /// The signature of a mean of `replies` such scores; the version stays last.
    fn averaged(&self, replies: u64) -> Self {
        let settings = self.0.rsplit_once("|version:").map_or(self.as_str(), |(before, _)| before);
        Signature(settings.to_owned()).with("agg", "mean").with("replies", replies).versioned()
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

/// What a score is computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The counts of all replies together.
    Corpus,
    /// One reply; a mean over replies stays on this level.
    Sentence,
}

impl Level {
    /// `corpus` or `sentence`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Corpus => "corpus",
            Level::Sentence => "sentence",
        }
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

/// The mean of a score of single replies, such as [`sentence_bleu`],
/// [`WordSets::p_f1`] or [`released_bleu`]. Merges.
///
/// ```
/// use idl_metrics::Mean;
/// use idl_metrics::text::{BleuParams, sentence_bleu};
///
/// # fn main() -> Result<(), idl_metrics::Error> {
/// let mut mean = Mean::default();
/// let mut signature = None;
/// for (reply, truth) in [("i like tea", "i like tea"), ("no", "yes")] {
///     let score = sentence_bleu(reply, &[truth], BleuParams::sentence())?;
///     mean.add(score.value)?;
///     signature = Some(score.signature());
/// }
/// assert!(mean.value().is_some_and(|v| (v - 50.0).abs() < 1e-9));
/// let score = signature.and_then(|s| mean.score(&s));
/// assert!(score.is_some_and(|s| s.signature.as_str().contains("level:sentence|agg:mean")));
/// # Ok(())
/// # }
/// ```
///
/// [`sentence_bleu`]: crate::text::sentence_bleu
/// [`WordSets::p_f1`]: crate::persona::WordSets::p_f1
/// [`released_bleu`]: crate::text::released_bleu
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mean {
    sum: f64,
    replies: u64,
}

impl Mean {
    /// Adds a reply's score.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite); nothing is added then.
    pub fn add(&mut self, value: f64) -> Result<()> {
        finite("reply score", &[value])?;
        self.sum += value;
        self.replies += 1;
        Ok(())
    }

    /// Takes in another accumulator's replies.
    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.replies += other.replies;
    }

    /// The number of replies.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// The mean; `None` before the first reply.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.replies > 0).then(|| self.sum / self.replies as f64)
    }

    /// The mean with its signature, which is that of a single reply and says
    /// that it is a mean of how many.
    #[must_use]
    pub fn score(&self, of_one: &Signature) -> Option<Score> {
        self.value().map(|value| Score { value, signature: of_one.averaged(self.replies) })
    }
}
