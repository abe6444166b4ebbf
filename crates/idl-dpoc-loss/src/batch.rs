//! What goes in: log-probabilities and token counts, checked once.

use tch::{Kind, Tensor};

use crate::completions::Completions;
use crate::config::Score;
use crate::error::{Error, Result};

/// One batch of preference examples: tensors of shape `[B]`.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Log-probabilities under the model that is trained, each summed over the
    /// completion's tokens (EOS included), in nats. Gradients flow into these.
    pub policy: Completions<&'a Tensor>,
    /// The same under the frozen reference, for the losses that compare with one.
    /// Gradients never flow into these.
    pub reference: Option<Completions<&'a Tensor>>,
    /// Token counts of any kind, for the losses that average. Where given they
    /// are checked, needed or not.
    pub tokens: Option<Completions<&'a Tensor>>,
}

/// What one completion of every example brings, checked and in f32 (or f64).
#[derive(Debug)]
struct Completion {
    policy: Tensor,
    reference: Option<Tensor>,
    tokens: Option<Tensor>,
}

/// A checked batch: vectors of one length, finite, no completion empty.
#[derive(Debug)]
pub(crate) struct Checked(Completions<Completion>);

/// What the loss is going to ask of the batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) loss: &'static str,
    pub(crate) reference: bool,
    pub(crate) tokens: bool,
    pub(crate) criterion: bool,
}

impl<'a> Batch<'a> {
    /// Checks shapes and values and brings everything to f32.
    ///
    /// bf16 and f16 go up *before* any subtraction: log-probabilities of
    /// hundreds of nats have a spacing of 1 or more in bf16. f64 stays f64.
    pub(crate) fn check(&self, needs: Needs) -> Result<Checked> {
        let loss = needs.loss;
        let reference = if needs.reference {
            Some(self.reference.ok_or(Error::MissingReference { loss })?)
        } else {
            None
        };
        if needs.tokens && self.tokens.is_none() {
            return Err(Error::MissingTokenCounts { loss, tensor: "tokens" });
        }
        if needs.criterion && self.policy.criterion.is_none() {
            return Err(Error::MissingCriterion { loss, tensor: "policy.criterion" });
        }

        let batch = vector_length("policy.chosen", self.policy.chosen, None)?;
        if batch == 0 {
            return Err(Error::EmptyBatch);
        }
        let kind = match self.policy.chosen.f_kind()? {
            Kind::Double => Kind::Double,
            _ => Kind::Float,
        };
        let mut column = Column { kind, batch, log_probs: Vec::new(), counts: Vec::new() };

        let chosen = Completion {
            policy: column.log_probs("policy.chosen", self.policy.chosen)?,
            reference: reference
                .map(|r| column.frozen("reference.chosen", r.chosen))
                .transpose()?,
            tokens: self.tokens.map(|t| column.counts("tokens.chosen", t.chosen)).transpose()?,
        };
        let rejected = Completion {
            policy: column.log_probs("policy.rejected", self.policy.rejected)?,
            reference: reference
                .map(|r| column.frozen("reference.rejected", r.rejected))
                .transpose()?,
            tokens: self
                .tokens
                .map(|t| column.counts("tokens.rejected", t.rejected))
                .transpose()?,
        };
        // A criterion that nobody needs is still scored, for the metrics.
        let criterion = match self.policy.criterion {
            None => None,
            Some(policy) => Some(Completion {
                policy: column.log_probs("policy.criterion", policy)?,
                reference: match reference {
                    None => None,
                    Some(r) => {
                        let tensor = "reference.criterion";
                        let r = r.criterion.ok_or(Error::MissingCriterion { loss, tensor })?;
                        Some(column.frozen(tensor, r)?)
                    }
                },
                tokens: match self.tokens.and_then(|t| t.criterion) {
                    Some(t) => Some(column.counts("tokens.criterion", t)?),
                    None if needs.tokens => {
                        return Err(Error::MissingTokenCounts { loss, tensor: "tokens.criterion" });
                    }
                    None => None,
                },
            }),
        };
        column.check_values()?;
        Ok(Checked(Completions { chosen, rejected, criterion }))
    }
}

impl Checked {
    /// Of every completion, what `score` asks for.
    pub(crate) fn scores(&self, score: Score) -> Result<Completions<Tensor>> {
        self.0.as_ref().try_map(|completion| completion.score(score))
    }

    /// Of the chosen completion, its log-probability per token.
    pub(crate) fn chosen_mean_logp(&self) -> Result<Tensor> {
        self.0.chosen.score(Score::MeanLogProb)
    }
}

impl Completion {
    fn score(&self, score: Score) -> Result<Tensor> {
        match score {
            Score::LogRatio => self.log_ratio(),
            Score::MeanLogRatio => self.per_token(&self.log_ratio()?),
            Score::MeanLogProb => self.per_token(&self.policy),
        }
    }

    /// `log pi - log pi_ref`. `check` has made sure of a reference where a
    /// loss needs one; the others never ask.
    fn log_ratio(&self) -> Result<Tensor> {
        match &self.reference {
            Some(reference) => Ok(self.policy.f_sub(reference)?),
            None => Err(Error::MissingReference { loss: "a log-ratio" }),
        }
    }

    fn per_token(&self, sum: &Tensor) -> Result<Tensor> {
        match &self.tokens {
            Some(tokens) => Ok(sum.f_div(tokens)?),
            None => Err(Error::MissingTokenCounts { loss: "a mean", tensor: "tokens" }),
        }
    }
}

/// Brings tensors to one kind and remembers them, so that all values are
/// looked at together: on a GPU every look waits for the device.
struct Column {
    kind: Kind,
    batch: i64,
    log_probs: Vec<(&'static str, Tensor)>,
    counts: Vec<(&'static str, Tensor)>,
}

impl Column {
    fn log_probs(&mut self, name: &'static str, tensor: &Tensor) -> Result<Tensor> {
        vector_length(name, tensor, Some(self.batch))?;
        let tensor = tensor.f_to_kind(self.kind)?;
        self.log_probs.push((name, tensor.f_detach()?));
        Ok(tensor)
    }

    fn frozen(&mut self, name: &'static str, tensor: &Tensor) -> Result<Tensor> {
        self.log_probs(name, &tensor.f_detach()?)
    }

    fn counts(&mut self, name: &'static str, tensor: &Tensor) -> Result<Tensor> {
        vector_length(name, tensor, Some(self.batch))?;
        let tensor = tensor.f_detach()?.f_to_kind(self.kind)?;
        self.counts.push((name, tensor.f_detach()?));
        Ok(tensor)
    }

    /// One look at everything; only where it finds fault, a second one that
    /// says where.
    fn check_values(&self) -> Result<()> {
        let all = |columns: &[(&'static str, Tensor)]| -> Result<Tensor> {
            let tensors: Vec<&Tensor> = columns.iter().map(|(_, tensor)| tensor).collect();
            Ok(Tensor::f_stack(&tensors, 0)?)
        };
        let mut good = all(&self.log_probs)?.f_isfinite()?.f_all()?;
        if !self.counts.is_empty() {
            let counts = all(&self.counts)?;
            let present = counts.f_isfinite()?.f_logical_and(&counts.f_ge(1.0)?)?.f_all()?;
            good = good.f_logical_and(&present)?;
        }
        if good.f_int64_value(&[])? != 0 {
            return Ok(());
        }
        for (tensor, values) in &self.log_probs {
            if let Some((example, value)) = first(values, |value| !value.is_finite())? {
                return Err(Error::NonFinite { tensor, example, value });
            }
        }
        for (tensor, values) in &self.counts {
            let bad = |count: f64| !count.is_finite() || count < 1.0;
            if let Some((example, count)) = first(values, bad)? {
                return Err(Error::EmptyCompletion { tensor, example, count });
            }
        }
        Ok(())
    }
}

/// The first value of `[B]` for which `bad` holds.
pub(crate) fn first(values: &Tensor, bad: impl Fn(f64) -> bool) -> Result<Option<(usize, f64)>> {
    let values = values.f_detach()?.f_contiguous()?.f_to_kind(Kind::Double)?;
    let values = Vec::<f64>::try_from(values)?;
    Ok(values.into_iter().enumerate().find(|&(_, value)| bad(value)))
}

/// The B of a tensor of shape `[B]`.
fn vector_length(tensor: &'static str, values: &Tensor, batch: Option<i64>) -> Result<i64> {
    let shape = if values.defined() { values.size() } else { Vec::new() };
    match shape[..] {
        [length] if batch.is_none_or(|batch| batch == length) => Ok(length),
        _ => Err(Error::Shape { tensor, shape, batch }),
    }
}
