//! What a step minimises, from one pass over each example.

use idl_dpoc_loss::{Batch, LogProbs, PreferenceLoss, Summary, TokenCounts};
use idl_lm::{CausalLm, Recomputation, TreeLogProbs};
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
        Self::scored(example, || Ok(example.tree.logprobs(model)?))
    }

    /// Of what `score` makes of the example's tree.
    fn scored(example: &Example, score: impl FnOnce() -> Result<TreeLogProbs>) -> Result<Self> {
        if example.alternatives.is_empty() {
            return Err(Error::Data(format!("example {} has no alternatives", example.id)));
        }
        let TreeLogProbs { spans, branches } = score()?;
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

    /// Their means over the replies: chosen, rejected, criterion.
    fn means(&self) -> Result<[f64; 3]> {
        let mean = |t: &Tensor| t.f_detach()?.f_mean(Kind::Float)?.f_double_value(&[]);
        Ok([mean(&self.chosen)?, mean(&self.rejected)?, mean(&self.criterion)?])
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

/// How a pass keeps what its gradient needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activations {
    /// In memory, all of them.
    Kept,
    /// By computing each layer again.
    Recomputed,
}

impl Activations {
    fn score(
        self,
        model: &CausalLm,
        example: &Example,
        rest: &mut Option<Recomputation>,
    ) -> Result<TreeLogProbs> {
        if self == Activations::Kept {
            return Ok(example.tree.logprobs(model)?);
        }
        let (scored, recomputation) = example.tree.logprobs_recomputing(model)?;
        *rest = Some(recomputation);
        Ok(scored)
    }
}

/// A loss, summed over what it is of, whose gradient may be in two parts.
pub(crate) struct Differentiable {
    pub(crate) sum: Tensor,
    rest: Option<Recomputation>,
}

impl Differentiable {
    /// The loss divided by `count`, in double precision.
    pub(crate) fn over(self, count: usize) -> Result<(f64, Self)> {
        let Differentiable { sum, rest } = self;
        let sum = sum.f_div_scalar(count.max(1) as f64)?;
        let value = sum.f_to_kind(Kind::Double)?.f_double_value(&[])?;
        Ok((value, Differentiable { sum, rest }))
    }

    /// Adds its gradient to that of the parameters.
    pub(crate) fn backward(self, model: &CausalLm) -> Result<()> {
        self.sum.f_backward()?;
        // The graph of the head goes before layers are computed again.
        drop(self.sum);
        match self.rest {
            None => Ok(()),
            Some(rest) => Ok(rest.backward(model)?),
        }
    }
}

/// The supervised loss of one example, summed over its completion tokens.
pub(crate) fn supervised(
    model: &CausalLm,
    example: &Example,
    activations: Activations,
) -> Result<Differentiable> {
    let mut rest = None;
    let scored = activations.score(model, example, &mut rest)?;
    let all = Tensor::f_cat(&scored.spans, 0)?;
    Ok(Differentiable { sum: all.f_sum(Kind::Float)?.f_neg()?, rest })
}

/// The preference loss of one example, summed over its replies, and what is
/// worth watching.
pub(crate) struct Preference {
    pub(crate) loss: Differentiable,
    pub(crate) summary: Summary,
    /// Mean log-probabilities of chosen, rejected, criterion.
    pub(crate) logps: [f64; 3],
}

impl Preference {
    pub(crate) fn of(
        model: &CausalLm,
        example: &Example,
        loss: &PreferenceLoss,
        reference: Option<&PreferenceLogProbs>,
        activations: Activations,
    ) -> Result<Self> {
        let mut rest = None;
        let policy =
            PreferenceLogProbs::scored(example, || activations.score(model, example, &mut rest))?;
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
        let (summary, logps) = (output.summary()?, policy.means()?);
        let sum = output.losses.f_sum(Kind::Float)?;
        Ok(Preference { loss: Differentiable { sum, rest }, summary, logps })
    }
}
