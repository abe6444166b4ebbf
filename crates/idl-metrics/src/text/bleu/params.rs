//! The settings of BLEU, by the habits of the two references.

use serde::{Deserialize, Serialize};

use crate::tokens::Tokenizer;
use crate::{Error, Result, Signature};

/// What is done about orders without a match, in sacreBLEU's words (Chen and
/// Cherry 2014).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Smoothing {
    /// Nothing: one such order makes the score 0.
    None,
    /// The count becomes this (0.1 is usual).
    Floor(f64),
    /// This is added to counts and totals of orders above 1 (1 is usual).
    AddK(f64),
    /// The i-th such order counts 1 / 2^i (NIST's).
    #[default]
    Exp,
}

/// NLTK's smoothing functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NltkSmoothing {
    /// `method0`: the smallest positive number for 0, which is not quite 0.
    #[default]
    Method0,
    /// `method1`: this (0.1 is usual) for a count of 0.
    Method1(f64),
    /// `method2`: 1 is added to counts and totals of orders above 1.
    Method2,
    /// `method3`: the i-th order without a match counts 1 / 2^i.
    Method3,
}

/// Whose formula is followed. They differ in the smoothing, in what counts for
/// a reply shorter than an order, and in the exponent's cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convention {
    /// sacreBLEU 2.
    Sacrebleu {
        /// For orders without a match.
        smoothing: Smoothing,
        /// Leave out orders for which the hypotheses are too short: for
        /// sentences.
        effective_order: bool,
    },
    /// `nltk.translate.bleu_score`, uniform weights. Scores are times 100.
    Nltk {
        /// For orders without a match.
        smoothing: NltkSmoothing,
    },
}

/// The settings of BLEU.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BleuParams {
    /// The longest n-gram, 1 to 4.
    pub max_order: usize,
    /// How text becomes words.
    pub tokenizer: Tokenizer,
    /// Whether text is made lower case first.
    pub lowercase: bool,
    /// Whose formula.
    pub convention: Convention,
}

impl Default for BleuParams {
    /// sacreBLEU's: 4-grams, 13a, case kept, exponential smoothing.
    fn default() -> Self {
        BleuParams {
            max_order: 4,
            tokenizer: Tokenizer::V13a,
            lowercase: false,
            convention: Convention::Sacrebleu { smoothing: Smoothing::Exp, effective_order: false },
        }
    }
}

impl BleuParams {
    /// sacreBLEU's for sentences: as the default, with effective order.
    #[must_use]
    pub fn sentence() -> Self {
        BleuParams {
            convention: Convention::Sacrebleu { smoothing: Smoothing::Exp, effective_order: true },
            ..BleuParams::default()
        }
    }

    /// NLTK's on text that is tokenised.
    #[must_use]
    pub fn nltk(smoothing: NltkSmoothing) -> Self {
        BleuParams {
            tokenizer: Tokenizer::None,
            convention: Convention::Nltk { smoothing },
            ..BleuParams::default()
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(1..=super::stats::MAX_ORDER).contains(&self.max_order) {
            return Err(Error::Parameter {
                name: "max_order",
                value: self.max_order.to_string(),
                expected: "1 to 4",
            });
        }
        let value = match self.convention {
            Convention::Sacrebleu {
                smoothing: Smoothing::Floor(v) | Smoothing::AddK(v), ..
            }
            | Convention::Nltk { smoothing: NltkSmoothing::Method1(v) } => v,
            _ => 0.0,
        };
        if value.is_finite() && value >= 0.0 {
            return Ok(());
        }
        Err(Error::Parameter {
            name: "smoothing",
            value: value.to_string(),
            expected: "finite, at least 0",
        })
    }

    /// The settings in sacreBLEU's words; what they were used for comes after.
    pub(super) fn signature(&self, order: usize) -> Signature {
        let signature = Signature::new(&format!("bleu-{order}"))
            .with("case", if self.lowercase { "lc" } else { "mixed" });
        match self.convention {
            Convention::Sacrebleu { smoothing, effective_order } => signature
                .with("eff", if effective_order { "yes" } else { "no" })
                .with("tok", self.tokenizer.as_str())
                .with(
                    "smooth",
                    match smoothing {
                        Smoothing::None => "none".to_owned(),
                        Smoothing::Floor(v) => format!("floor[{v:.2}]"),
                        Smoothing::AddK(v) => format!("add-k[{v:.2}]"),
                        Smoothing::Exp => "exp".to_owned(),
                    },
                )
                .with("as", "sacrebleu"),
            Convention::Nltk { smoothing } => signature
                .with("tok", self.tokenizer.as_str())
                .with(
                    "smooth",
                    match smoothing {
                        NltkSmoothing::Method0 => "method0".to_owned(),
                        NltkSmoothing::Method1(v) => format!("method1[{v:.2}]"),
                        NltkSmoothing::Method2 => "method2".to_owned(),
                        NltkSmoothing::Method3 => "method3".to_owned(),
                    },
                )
                .with("as", "nltk"),
        }
    }
}
