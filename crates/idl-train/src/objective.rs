//! What a step minimises, from one pass over each example.

use std::ops::Range;

use idl_dpoc_loss::{Batch, Completions, PreferenceLoss, Summary};
use idl_lm::{CausalLm, Recomputation, TreeLogProbs};
use tch::{Kind, Tensor};

use crate::data::Example;
use crate::error::{Error, Result};
use crate::log::metric;

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
/// summed over tokens, `[replies]` each: one pass of the model with whatever
/// adapter is active.
///
/// # Errors
/// [`Error::Data`] for an example without alternatives; the model's.
pub fn preference_logprobs(model: &CausalLm, example: &Example) -> Result<Completions<Tensor>> {
    scored(example, || Ok(example.tree.logprobs(model)?))
}

/// The same of what `score` makes of the example's tree.
fn scored(
    example: &Example,
    score: impl FnOnce() -> Result<TreeLogProbs>,
) -> Result<Completions<Tensor>> {
    if example.alternatives.is_empty() {
        return Err(Error::Data(format!("example {} has no alternatives", example.id)));
    }
    let TreeLogProbs { spans, branches, .. } = score()?;
    let sum = |t: &Tensor| t.f_sum(Kind::Float);
    let stack = |tensors: Vec<Result<Tensor, tch::TchError>>| -> Result<Tensor> {
        Ok(Tensor::f_stack(&tensors.into_iter().collect::<Result<Vec<_>, _>>()?, 0)?)
    };
    let (rejected, criterion) = by_kind(example, &branches);
    Ok(Completions {
        chosen: stack(spans.iter().map(sum).collect())?,
        rejected: stack(rejected.into_iter().map(sum).collect())?,
        criterion: criterion.map(|c| stack(c.into_iter().map(sum).collect())).transpose()?,
    })
}

/// Their means over the replies, by the names that logs have for them.
fn means(logprobs: &Completions<Tensor>) -> Result<Vec<(&'static str, f64)>> {
    let mean = |t: &Tensor| t.f_detach()?.f_mean(Kind::Float)?.f_double_value(&[]);
    let mut means = vec![
        (metric::LOGPS_CHOSEN, mean(&logprobs.chosen)?),
        (metric::LOGPS_REJECTED, mean(&logprobs.rejected)?),
    ];
    if let Some(criterion) = &logprobs.criterion {
        means.push((metric::LOGPS_CRITERION, mean(criterion)?));
    }
    Ok(means)
}

/// The lengths of an example's completions, `[replies]` each.
fn lengths(example: &Example) -> Result<Completions<Tensor>> {
    let lengths = example.tree.branch_lengths();
    let count = |all: Vec<&usize>| {
        Tensor::f_from_slice(&all.into_iter().map(|&n| n as i64).collect::<Vec<i64>>())
    };
    let (rejected, criterion) = by_kind(example, &lengths);
    let chosen: Vec<usize> = example.tree.spans().iter().map(Range::len).collect();
    Ok(Completions {
        chosen: count(chosen.iter().collect())?,
        rejected: count(rejected)?,
        criterion: criterion.map(count).transpose()?,
    })
}

/// What is known of each branch, apart: of the rejected replies, and of the
/// criterion replies where there are some.
fn by_kind<'b, T>(example: &Example, branches: &'b [T]) -> (Vec<&'b T>, Option<Vec<&'b T>>) {
    if !example.has_criterion() {
        return (branches.iter().collect(), None);
    }
    let every_other = |from: usize| branches.iter().skip(from).step_by(2).collect();
    (every_other(0), Some(every_other(1)))
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
pub(crate) struct Supervised {
    pub(crate) loss: Differentiable,
    /// How many of the tokens are the likeliest at their place.
    pub(crate) likeliest: i64,
}

impl Supervised {
    pub(crate) fn of(
        model: &CausalLm,
        example: &Example,
        activations: Activations,
    ) -> Result<Self> {
        let mut rest = None;
        let scored = activations.score(model, example, &mut rest)?;
        let likeliest = Tensor::f_cat(&scored.likeliest, 0)?.f_sum(Kind::Int64)?;
        let sum = Tensor::f_cat(&scored.spans, 0)?.f_sum(Kind::Float)?.f_neg()?;
        let likeliest = likeliest.f_int64_value(&[])?;
        Ok(Supervised { loss: Differentiable { sum, rest }, likeliest })
    }
}

/// The preference loss of one example, summed over its replies, and what is
/// worth watching.
pub(crate) struct Preference {
    pub(crate) loss: Differentiable,
    pub(crate) summary: Summary,
    /// Mean log-probabilities of the replies, by name.
    pub(crate) logps: Vec<(&'static str, f64)>,
}

impl Preference {
    pub(crate) fn of(
        model: &CausalLm,
        example: &Example,
        loss: &PreferenceLoss,
        reference: Option<&Completions<Tensor>>,
        activations: Activations,
    ) -> Result<Self> {
        let mut rest = None;
        let policy = scored(example, || activations.score(model, example, &mut rest))?;
        let lengths = lengths(example)?;
        let batch = Batch {
            policy: policy.as_ref(),
            reference: reference.map(Completions::as_ref),
            tokens: Some(lengths.as_ref()),
        };
        let output = loss.compute(&batch)?;
        let (summary, logps) = (output.summary()?, means(&policy)?);
        let sum = output.losses.f_sum(Kind::Float)?;
        Ok(Preference { loss: Differentiable { sum, rest }, summary, logps })
    }
}
