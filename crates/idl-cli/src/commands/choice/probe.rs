//! One question to a choice whose answer is known.

use std::path::PathBuf;

use clap::Args;
use idl::choice::{Ask, ChoiceParams, Chooser, Query, SessionBank};
use idl_dialogue::BoxError;

/// What all measures ask for.
#[derive(Debug, Args)]
pub(crate) struct ChoiceArgs {
    /// How many sessions are chosen
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub sessions: usize,

    /// The weights of the evidence, JSON: {"whole", "words", "utterances", "company",
    /// "recency"}; what is absent counts nothing [default: those of the library]
    #[arg(long, value_name = "JSON")]
    pub weights: Option<String>,

    /// Which utterances ask: own, answer (own and the partner's last one) or all
    #[arg(long, value_name = "WHICH", default_value_t = Ask::default())]
    pub ask: Ask,

    /// Instead of the table the means of a grid of weights, best first
    #[arg(long)]
    pub search: bool,

    /// `tfidf`, or a sentence-transformers folder
    #[arg(long, value_name = "tfidf|DIR", default_value = "tfidf")]
    pub encoder: PathBuf,

    /// A folder that keeps what the encoder of --encoder DIR has encoded, for
    /// other runs too
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

impl ChoiceArgs {
    /// The choice that is measured.
    ///
    /// # Errors
    /// Weights that are none.
    pub(crate) fn params(&self) -> Result<ChoiceParams, BoxError> {
        let mut params =
            ChoiceParams { count: self.sessions, ask: self.ask, ..ChoiceParams::default() };
        if let Some(json) = &self.weights {
            params.weights =
                serde_json::from_str(json).map_err(|error| format!("`--weights`: {error}"))?;
        }
        params.check()?;
        Ok(params)
    }
}

/// A question to one bank.
pub(crate) struct Probe<'b> {
    /// Whose sessions.
    pub bank: &'b SessionBank,
    /// Those that may be chosen, by place.
    pub candidates: Vec<usize>,
    /// What is asked.
    pub query: Query,
    /// Whether each session of the bank is right.
    pub right: Vec<bool>,
    /// The position of the person, or pair: what means are taken over.
    pub unit: usize,
    /// Whether what counts is the share of the right ones that is chosen, rather than
    /// the share of the chosen ones that is right.
    pub recall: bool,
}

impl Probe<'_> {
    /// How good a choice is, 0 to 1.
    ///
    /// # Errors
    /// The choice's.
    pub(crate) fn score(&self, chooser: &Chooser) -> Result<f64, BoxError> {
        let chosen = chooser.choose(self.bank, &self.candidates, Some(&self.query), None)?;
        let right = chosen.iter().filter(|c| self.right[c.place]).count();
        let of = if self.recall { self.right_candidates() } else { chosen.len() };
        Ok(right as f64 / of.max(1) as f64)
    }

    /// What random sessions would have, in expectation.
    pub(crate) fn chance(&self, count: usize) -> f64 {
        let all = self.candidates.len().max(1) as f64;
        if self.recall {
            (count as f64 / all).min(1.0)
        } else {
            self.right_candidates() as f64 / all
        }
    }

    fn right_candidates(&self) -> usize {
        self.candidates.iter().filter(|&&place| self.right[place]).count()
    }
}
