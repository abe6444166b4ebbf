//! What a step minimises, from one pass over each example.

use idl_dpoc_loss::{Batch, LogProbs, PreferenceLoss, Summary, TokenCounts};
use idl_lm::{CausalLm, TreeLogProbs};
use tch::{Kind, Tensor};

use crate::data::Example;
use crate::error::{Error, Result};

/// The objective of a training run.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// Mutual supervised learning: the negative log-likelihood of the
    /// completions' tokens, EOS included.
    Supervised,
    /// Deep personalised alignment: a preference loss over the replies and
    /// their alternatives.
    Preference {
        /// The loss.
        loss: &'a PreferenceLoss,
        /// The frozen adapter that the policy is compared with; `None` is the
        /// base.
        reference: Option<&'a str>,
    },
}

/// Log-probabilities of the replies of one example and of their alternatives,
/// summed over tokens: `[replies]` each.
#[derive(Debug)]
pub struct PreferenceLogProbs {
    /// Of the true replies.
    pub chosen: Tensor,
    /// Of the distractors.
    pub rejected: Tensor,
    /// Of the criterion replies.
    pub criterion: Tensor,
}

impl PreferenceLogProbs {
    /// One pass of the model with whatever adapter is active.
    ///
    /// # Errors
    /// [`Error::Data`] for an example without alternatives; the model's.
    pub fn of(model: &CausalLm, example: &Example) -> Result<Self> {
        if example.alternatives.is_empty() {
            return Err(Error::Data(format!("example {} has no alternatives", example.id)));
        }
        let TreeLogProbs { spans, branches } = example.tree.logprobs(model)?;
        let sum = |t: &Tensor| t.f_sum(Kind::Float);
        let stack = |tensors: Vec<Result<Tensor, tch::TchError>>| -> Result<Tensor> {
            Ok(Tensor::f_stack(&tensors.into_iter().collect::<Result<Vec<_>, _>>()?, 0)?)
        };
        Ok(PreferenceLogProbs {
            chosen: stack(spans.iter().map(sum).collect())?,
            rejected: stack(branches.iter().step_by(2).map(sum).collect())?,
            criterion: stack(branches.iter().skip(1).step_by(2).map(sum).collect())?,
        })
    }

    fn as_log_probs(&self) -> LogProbs<'_> {
        LogProbs {
            chosen: &self.chosen,
            rejected: &self.rejected,
            criterion: Some(&self.criterion),
        }
    }
}

/// The lengths of an example's completions, `[replies]` each.
pub(crate) fn token_counts(example: &Example) -> Result<[Tensor; 3]> {
    let lengths = example.tree.branch_lengths();
    let count = |n: Vec<i64>| Tensor::f_from_slice(&n);
    Ok([
        count(example.tree.spans().iter().map(|s| s.len() as i64).collect())?,
        count(lengths.iter().step_by(2).map(|&n| n as i64).collect())?,
        count(lengths.iter().skip(1).step_by(2).map(|&n| n as i64).collect())?,
    ])
}

/// The supervised loss of one example, summed over its completion tokens.
pub(crate) fn supervised(model: &CausalLm, example: &Example) -> Result<Tensor> {
    let scored = example.tree.logprobs(model)?;
    let all = Tensor::f_cat(&scored.spans, 0)?;
    Ok(all.f_sum(Kind::Float)?.f_neg()?)
}

/// The preference loss of one example, summed over its replies, and what is
/// worth watching.
pub(crate) fn preference(
    model: &CausalLm,
    example: &Example,
    loss: &PreferenceLoss,
    reference: Option<&PreferenceLogProbs>,
) -> Result<(Tensor, Summary, f64)> {
    let policy = PreferenceLogProbs::of(model, example)?;
    let [chosen, rejected, criterion] = token_counts(example)?;
    let batch = Batch {
        policy: policy.as_log_probs(),
        reference: reference.map(PreferenceLogProbs::as_log_probs),
        tokens: Some(TokenCounts {
            chosen: &chosen,
            rejected: &rejected,
            criterion: Some(&criterion),
        }),
    };
    let output = loss.compute(&batch)?;
    let summary = output.summary()?;
    let logps = policy.chosen.f_detach()?.f_mean(Kind::Float)?.f_double_value(&[])?;
    Ok((output.losses.f_sum(Kind::Float)?, summary, logps))
}
