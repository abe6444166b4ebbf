//! Which loss, with which parameters: the serialisable choice.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A preference loss and its parameters.
///
/// In a configuration it is a table with the loss's name under `type`;
/// parameters left out take the defaults of the functions on this type, and an
/// unknown parameter is an error:
///
/// ```
/// use idl_dpoc_loss::Loss;
/// let loss: Loss = serde_json::from_str(r#"{"type": "dpoc_paper", "penalty": 1.5}"#)?;
/// assert_eq!(loss, Loss::DpocPaper { beta: 0.1, penalty: 1.5 });
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Notation: `a_y = log pi(y|x) - log pi_ref(y|x)` summed over the completion,
/// w chosen, l rejected, c criterion, `D = a_w - a_l`. The formulas and their
/// gradients are derived in [`pairwise`](crate::pairwise),
/// [`anchored`](crate::anchored), [`reference_free`](crate::reference_free)
/// and [`criterion`](crate::criterion).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Loss {
    /// [DPO](crate::pairwise::dpo). Also read: `sigmoid`, as TRL calls it.
    #[serde(alias = "sigmoid")]
    Dpo {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [Conservative DPO](crate::pairwise::cdpo).
    Cdpo {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Share e of wrong labels, in `[0, 0.5)` (0.1).
        #[serde(default = "default::label_smoothing")]
        label_smoothing: f64,
    },
    /// [Robust DPO](crate::pairwise::robust).
    Robust {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Share e of wrong labels, in `[0, 0.5)` (0.1).
        #[serde(default = "default::label_smoothing")]
        label_smoothing: f64,
    },
    /// [Hinge](crate::pairwise::hinge), as in SLiC.
    Hinge {
        /// Reciprocal of the margin that is enough (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [IPO](crate::pairwise::ipo). Needs token counts: it averages a.
    Ipo {
        /// The target margin is `1 / (2 beta)` (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [DPO-Positive](crate::anchored::dpop).
    Dpop {
        /// Strength of the tie to the reference (0.3).
        #[serde(default = "default::dpop_beta")]
        beta: f64,
        /// Weight q of the fall of the chosen reply (50).
        #[serde(default = "default::dpop_lambda")]
        lambda: f64,
    },
    /// [Cal-DPO](crate::anchored::cal_dpo).
    CalDpo {
        /// The targets are `a_w = 1/(2 beta)` and `a_l = -1/(2 beta)` (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [DPO-Shift](crate::pairwise::dpo_shift).
    DpoShift {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Factor f on the rejected reply, in `(0, 1]` (0.95).
        #[serde(default = "default::shift")]
        shift: f64,
    },
    /// [DPO + NLL](crate::anchored::rpo). Needs token counts.
    #[serde(alias = "dpo_nll")]
    Rpo {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Weight gamma of the chosen reply's NLL per token (1).
        #[serde(default = "default::one")]
        nll_weight: f64,
    },
    /// [SimPO](crate::reference_free::simpo). Needs token counts, no reference.
    Simpo {
        /// Scale of the mean log-probabilities (2).
        #[serde(default = "default::simpo_beta")]
        beta: f64,
        /// Target margin, after scaling (1).
        #[serde(default = "default::one")]
        gamma: f64,
    },
    /// [ORPO](crate::reference_free::orpo). Needs token counts, no reference.
    Orpo {
        /// Weight of the odds ratio beside the NLL (0.1).
        #[serde(default = "default::beta")]
        lambda: f64,
    },
    /// [APO-zero](crate::anchored::apo_zero).
    ApoZero {
        /// Scale of the log-ratios (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [NCA on pairs](crate::anchored::nca). Also read: `nca_pair`.
    #[serde(alias = "nca_pair")]
    Nca {
        /// Scale of the log-ratios (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [Plackett–Luce DPO](crate::criterion::pl_dpo) over w > c > l.
    PlDpo {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
    },
    /// [DPOC of the paper](crate::criterion::dpoc_paper), the default. Also
    /// read: `dpoc`.
    #[serde(alias = "dpoc")]
    DpocPaper {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Weight p of a violated order (2).
        #[serde(default = "default::paper_penalty")]
        penalty: f64,
    },
    /// [DPOC of the released code](crate::criterion::dpoc_released).
    DpocReleased {
        /// Strength of the tie to the reference (0.1).
        #[serde(default = "default::beta")]
        beta: f64,
        /// Weight p of a violated order (0.5).
        #[serde(default = "default::released_penalty")]
        penalty: f64,
    },
}

/// Defaults: those of the loss's own paper where it names one (for DPOC's
/// released form, of the released code), else TRL's.
mod default {
    pub(super) fn beta() -> f64 {
        0.1
    }
    pub(super) fn label_smoothing() -> f64 {
        0.1
    }
    pub(super) fn dpop_beta() -> f64 {
        0.3
    }
    pub(super) fn dpop_lambda() -> f64 {
        50.0
    }
    pub(super) fn shift() -> f64 {
        0.95
    }
    pub(super) fn one() -> f64 {
        1.0
    }
    pub(super) fn simpo_beta() -> f64 {
        2.0
    }
    pub(super) fn paper_penalty() -> f64 {
        2.0
    }
    pub(super) fn released_penalty() -> f64 {
        0.5
    }
}

/// DPOC as the paper prints it: beta 0.1, penalty 2.
impl Default for Loss {
    fn default() -> Self {
        Self::DpocPaper { beta: default::beta(), penalty: default::paper_penalty() }
    }
}

/// What a loss ranks completions by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Score {
    /// `a_y`, the log-ratio to the reference, summed over tokens.
    LogRatio,
    /// `a_y / |y|`.
    MeanLogRatio,
    /// `log pi(y|x) / |y|`; no reference.
    MeanLogProb,
}

impl Loss {
    /// All losses with their default parameters, for tables and tests.
    pub fn all() -> [Self; 16] {
        let (beta, label_smoothing) = (default::beta(), default::label_smoothing());
        [
            Self::Dpo { beta },
            Self::Cdpo { beta, label_smoothing },
            Self::Robust { beta, label_smoothing },
            Self::Hinge { beta },
            Self::Ipo { beta },
            Self::Dpop { beta: default::dpop_beta(), lambda: default::dpop_lambda() },
            Self::CalDpo { beta },
            Self::DpoShift { beta, shift: default::shift() },
            Self::Rpo { beta, nll_weight: default::one() },
            Self::Simpo { beta: default::simpo_beta(), gamma: default::one() },
            Self::Orpo { lambda: beta },
            Self::ApoZero { beta },
            Self::Nca { beta },
            Self::PlDpo { beta },
            Self::default(),
            Self::DpocReleased { beta, penalty: default::released_penalty() },
        ]
    }

    /// The name under `type` in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dpo { .. } => "dpo",
            Self::Cdpo { .. } => "cdpo",
            Self::Robust { .. } => "robust",
            Self::Hinge { .. } => "hinge",
            Self::Ipo { .. } => "ipo",
            Self::Dpop { .. } => "dpop",
            Self::CalDpo { .. } => "cal_dpo",
            Self::DpoShift { .. } => "dpo_shift",
            Self::Rpo { .. } => "rpo",
            Self::Simpo { .. } => "simpo",
            Self::Orpo { .. } => "orpo",
            Self::ApoZero { .. } => "apo_zero",
            Self::Nca { .. } => "nca",
            Self::PlDpo { .. } => "pl_dpo",
            Self::DpocPaper { .. } => "dpoc_paper",
            Self::DpocReleased { .. } => "dpoc_released",
        }
    }

    /// What completions are ranked by.
    pub fn score(&self) -> Score {
        match self {
            Self::Ipo { .. } => Score::MeanLogRatio,
            Self::Simpo { .. } | Self::Orpo { .. } => Score::MeanLogProb,
            _ => Score::LogRatio,
        }
    }

    /// Whether the reference model's log-probabilities are used.
    pub fn needs_reference(&self) -> bool {
        self.score() != Score::MeanLogProb
    }

    /// Whether token counts are used.
    pub fn needs_tokens(&self) -> bool {
        self.score() != Score::LogRatio || matches!(self, Self::Rpo { .. })
    }

    /// Whether a criterion completion is ranked.
    pub fn needs_criterion(&self) -> bool {
        matches!(self, Self::PlDpo { .. } | Self::DpocPaper { .. } | Self::DpocReleased { .. })
    }

    /// Whether adding one constant to every completion's score changes
    /// nothing. Where it does not, the loss cannot see the likelihood of the
    /// chosen reply fall as long as that of the rejected one falls with it.
    pub fn is_shift_invariant(&self) -> bool {
        match *self {
            Self::Dpo { .. }
            | Self::Cdpo { .. }
            | Self::Robust { .. }
            | Self::Hinge { .. }
            | Self::Ipo { .. }
            | Self::Simpo { .. }
            | Self::PlDpo { .. }
            | Self::DpocPaper { .. }
            | Self::DpocReleased { .. } => true,
            Self::DpoShift { shift, .. } => shift == 1.0,
            Self::Dpop { lambda, .. } => lambda == 0.0,
            Self::Rpo { nll_weight, .. } => nll_weight == 0.0,
            Self::CalDpo { .. } | Self::Orpo { .. } | Self::ApoZero { .. } | Self::Nca { .. } => {
                false
            }
        }
    }

    /// The factor between score and reward: beta, or ORPO's lambda.
    pub(crate) fn reward_scale(&self) -> f64 {
        match *self {
            Self::Dpo { beta }
            | Self::Cdpo { beta, .. }
            | Self::Robust { beta, .. }
            | Self::Hinge { beta }
            | Self::Ipo { beta }
            | Self::Dpop { beta, .. }
            | Self::CalDpo { beta }
            | Self::DpoShift { beta, .. }
            | Self::Rpo { beta, .. }
            | Self::Simpo { beta, .. }
            | Self::ApoZero { beta }
            | Self::Nca { beta }
            | Self::PlDpo { beta }
            | Self::DpocPaper { beta, .. }
            | Self::DpocReleased { beta, .. } => beta,
            Self::Orpo { lambda } => lambda,
        }
    }

    /// Checks every parameter against its range.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], with the first parameter out of range.
    pub fn check(&self) -> Result<()> {
        let scale = if matches!(self, Self::Orpo { .. }) { "lambda" } else { "beta" };
        positive(self.name(), scale, self.reward_scale())?;
        match *self {
            Self::Cdpo { label_smoothing: e, .. } | Self::Robust { label_smoothing: e, .. } => {
                let ok = (0.0..0.5).contains(&e);
                require(ok, self.name(), "label_smoothing", e, "in [0, 0.5)")
            }
            Self::DpoShift { shift, .. } => {
                require(shift > 0.0 && shift <= 1.0, self.name(), "shift", shift, "in (0, 1]")
            }
            Self::Dpop { lambda, .. } => not_negative(self.name(), "lambda", lambda),
            Self::Rpo { nll_weight, .. } => not_negative(self.name(), "nll_weight", nll_weight),
            Self::Simpo { gamma, .. } => not_negative(self.name(), "gamma", gamma),
            Self::DpocPaper { penalty, .. } | Self::DpocReleased { penalty, .. } => {
                not_negative(self.name(), "penalty", penalty)
            }
            _ => Ok(()),
        }
    }
}

/// Some factor must be positive and finite.
fn positive(loss: &'static str, parameter: &'static str, value: f64) -> Result<()> {
    let ok = value.is_finite() && value > 0.0;
    require(ok, loss, parameter, value, "finite and above 0")
}

/// Some weight must be finite and not negative.
pub(crate) fn not_negative(loss: &'static str, parameter: &'static str, value: f64) -> Result<()> {
    let ok = value.is_finite() && value >= 0.0;
    require(ok, loss, parameter, value, "finite and not below 0")
}

fn require(
    ok: bool,
    loss: &'static str,
    parameter: &'static str,
    value: f64,
    requirement: &'static str,
) -> Result<()> {
    if ok { Ok(()) } else { Err(Error::InvalidParameter { loss, parameter, value, requirement }) }
}
