//! Log-probabilities of tokens, of which there are few beside the vocabulary.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::{CausalLm, is_recorded};

/// Rows of logits held at a time: 2,048 of 32,000 words in 32 bits are 260 MB.
const ROWS: i64 = 2048;

/// What a model makes of tokens, `[n]` each.
pub(crate) struct Scored {
    /// Their log-probabilities, in nats, in 32 bits.
    pub(crate) logprobs: Tensor,
    /// Whether no other token is likelier at their place.
    pub(crate) likeliest: Tensor,
}

/// Scores `targets` `[n]` where `rows` `[n, hidden]` predict them: logits of
/// 2,048 rows at a time, reduced in 32 bits. Where the head is not trained, no
/// gradient keeps logits.
pub(crate) fn token_logprobs(model: &CausalLm, rows: &Tensor, targets: &Tensor) -> Result<Scored> {
    if is_recorded(rows)? && !is_recorded(model.head())? {
        return with_slopes(model, rows, targets, ROWS);
    }
    let (mut values, mut likeliest) = (Vec::new(), Vec::new());
    for (rows, targets) in chunks(rows, targets, ROWS)? {
        let logits = model.logits(&rows)?.f_to_kind(Kind::Float)?;
        let chosen = logits.f_gather(1, &targets, false)?;
        likeliest.push(is_largest(&chosen, &logits)?);
        values.push(chosen.f_sub(&logits.f_logsumexp(&[1i64][..], true)?)?.f_squeeze_dim(1)?);
    }
    Ok(Scored { logprobs: Tensor::f_cat(&values, 0)?, likeliest: Tensor::f_cat(&likeliest, 0)? })
}

/// Whether `chosen` `[n, 1]` is the largest of its row of `logits`: `[n]`.
fn is_largest(chosen: &Tensor, logits: &Tensor) -> Result<Tensor> {
    let largest = logits.f_detach()?.f_amax(&[1i64][..], true)?;
    Ok(chosen.f_detach()?.f_ge_tensor(&largest)?.f_squeeze_dim(1)?)
}

/// As [`token_logprobs`], with a gradient for `rows` alone.
///
/// A log-probability depends on its own row `h` only, and its gradient there,
/// `(onehot(target) - softmax(W h)) W`, is no longer than `h`. So it is computed
/// at once, chunk by chunk and without a graph, and the result is `value +
/// (h - h) . slope`, whose second summand is zero and has that gradient. This
/// multiplies as often as forward and backward pass together would, and the
/// `[n, vocabulary]` logits are gone when it returns.
fn with_slopes(model: &CausalLm, rows: &Tensor, targets: &Tensor, step: i64) -> Result<Scored> {
    let (mut values, mut likeliest, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
    {
        let _guard = tch::no_grad_guard();
        let head = model.head();
        for (rows, targets) in chunks(rows, targets, step)? {
            let mut logits = model.logits(&rows)?.f_to_kind(Kind::Float)?;
            let chosen = logits.f_gather(1, &targets, false)?;
            likeliest.push(is_largest(&chosen, &logits)?);
            let total = logits.f_logsumexp(&[1i64][..], true)?;
            values.push(chosen.f_sub(&total)?.f_squeeze_dim(1)?);
            // onehot - softmax, in the place of the logits.
            let mut slope = logits.f_sub_(&total)?.f_exp_()?.f_neg_()?;
            let slope = slope.f_scatter_add_(1, &targets, &chosen.f_ones_like()?)?;
            slopes.push(slope.f_to_kind(head.kind())?.f_matmul(head)?.f_to_kind(Kind::Float)?);
        }
    }
    let wide = rows.f_to_kind(Kind::Float)?;
    let zero = wide.f_sub(&wide.f_detach()?)?;
    let slope = zero.f_mul(&Tensor::f_cat(&slopes, 0)?)?;
    let slope = slope.f_sum_dim_intlist(&[1i64][..], false, Kind::Float)?;
    Ok(Scored {
        logprobs: Tensor::f_cat(&values, 0)?.f_add(&slope)?,
        likeliest: Tensor::f_cat(&likeliest, 0)?,
    })
}

/// `rows` `[n, hidden]` and `targets` `[n]`, the latter as a column, `step` at a
/// time.
fn chunks(rows: &Tensor, targets: &Tensor, step: i64) -> Result<Vec<(Tensor, Tensor)>> {
    let total = rows.size2()?.0;
    let chunk = |start: i64| {
        let n = step.min(total - start);
        let targets = targets.f_narrow(0, start, n)?.f_unsqueeze(1)?;
        Ok((rows.f_narrow(0, start, n)?, targets))
    };
    (0..total).step_by(step as usize).map(chunk).collect()
}

/// Scoring without gradients.
impl CausalLm {
    /// For each prompt and its completion, in token ids, the log-probability of
    /// each token of the completion, in nats; the sum is that of the completion
    /// given the prompt.
    ///
    /// Pairs of like lengths share a pass of at most `max_tokens` tokens,
    /// padding included (a longer pair has a pass of its own). Logits are made
    /// for completions only, 2,048 rows at a time, and reduced in 32 bits
    /// whatever the weights' precision. No gradient is recorded. Completions of
    /// one prompt are cheaper as branches of a [`TokenTree`](crate::TokenTree).
    ///
    /// # Errors
    /// [`Error::Input`] for an empty prompt (nothing predicts a first token),
    /// an empty completion or an unknown id; [`Error::TooLong`].
    ///
    /// ```no_run
    /// # fn score(model: &idl_lm::CausalLm) -> idl_lm::Result<()> {
    /// let pairs = [(vec![1, 10, 11], vec![12, 2]), (vec![1, 10], vec![2])];
    /// let scores = model.completion_logprobs(&pairs, 8192)?;
    /// assert_eq!((scores[0].len(), scores[1].len()), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn completion_logprobs<P, C>(
        &self,
        pairs: &[(P, C)],
        max_tokens: usize,
    ) -> Result<Vec<Vec<f32>>>
    where
        P: AsRef<[i64]>,
        C: AsRef<[i64]>,
    {
        let positions = self.config.max_position_embeddings;
        let pairs: Vec<_> = pairs.iter().map(|(p, c)| (p.as_ref(), c.as_ref())).collect();
        for (index, (prompt, completion)) in pairs.iter().enumerate() {
            if prompt.is_empty() || completion.is_empty() {
                let what = if prompt.is_empty() { "prompt" } else { "completion" };
                return Err(Error::Input(format!("the {what} of pair {index} is empty")));
            }
            let tokens = prompt.len() + completion.len();
            if tokens > positions {
                return Err(Error::TooLong { tokens, positions });
            }
            self.check_ids(prompt)?;
            self.check_ids(completion)?;
        }
        let _guard = tch::no_grad_guard();
        let length = |index: &usize| pairs[*index].0.len() + pairs[*index].1.len();
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by_key(length);
        let mut scores = vec![Vec::new(); pairs.len()];
        let mut rest = &order[..];
        while let [first, ..] = rest {
            // Ascending lengths: the last of a batch says how wide it is.
            let mut count = 1;
            let mut width = length(first);
            while let Some(next) = rest.get(count)
                && length(next) * (count + 1) <= max_tokens
            {
                width = length(next);
                count += 1;
            }
            let (batch, others) = rest.split_at(count);
            let batch_pairs: Vec<_> = batch.iter().map(|&i| pairs[i]).collect();
            for (&index, score) in batch.iter().zip(self.score_batch(&batch_pairs, width)?) {
                scores[index] = score;
            }
            rest = others;
        }
        Ok(scores)
    }

    /// One pass over sequences padded behind their ends, where causal attention
    /// does not look.
    fn score_batch(&self, pairs: &[(&[i64], &[i64])], width: usize) -> Result<Vec<Vec<f32>>> {
        let device = self.options.device;
        let mut ids = vec![0; pairs.len() * width];
        let (mut from, mut targets) = (Vec::new(), Vec::new());
        for (row, (prompt, completion)) in pairs.iter().enumerate() {
            let cells = &mut ids[row * width..][..prompt.len() + completion.len()];
            cells[..prompt.len()].copy_from_slice(prompt);
            cells[prompt.len()..].copy_from_slice(completion);
            let first = row * width + prompt.len() - 1;
            from.extend((first..first + completion.len()).map(|i| i as i64));
            targets.extend_from_slice(completion);
        }
        let tensor = |v: &[i64]| Tensor::f_from_slice(v).and_then(|t| t.f_to_device(device));
        let ids = tensor(&ids)?.f_view([pairs.len() as i64, width as i64])?;
        let hidden = self.forward(&ids, None, None)?.f_flatten(0, 1)?;
        let rows = hidden.f_index_select(0, &tensor(&from)?)?;
        let all = token_logprobs(self, &rows, &tensor(&targets)?)?.logprobs;
        let mut all = Vec::<f32>::try_from(all)?.into_iter();
        Ok(pairs.iter().map(|(_, c)| all.by_ref().take(c.len()).collect()).collect())
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::model::LoadOptions;

    fn model(name: &str, kind: Kind) -> CausalLm {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        CausalLm::from_dir(&dir, LoadOptions { kind, ..LoadOptions::default() }).unwrap()
    }

    /// Rows, targets, and what the caller's loss weighs each target by.
    fn example(kind: Kind) -> (Tensor, Tensor, Tensor) {
        tch::manual_seed(11);
        let rows = Tensor::randn([7, 16], (Kind::Float, Device::Cpu)).to_kind(kind);
        let targets = Tensor::from_slice(&[3i64, 0, 31, 3, 8, 17, 1]);
        (rows, targets, Tensor::randn([7], (Kind::Float, Device::Cpu)))
    }

    /// Values and the gradient of the rows, by `f`.
    fn by(rows: &Tensor, weights: &Tensor, f: impl Fn(&Tensor) -> Tensor) -> (Tensor, Tensor) {
        let rows = rows.detach().copy().set_requires_grad(true);
        let values = f(&rows);
        (&values * weights).sum(Kind::Float).backward();
        (values.detach(), rows.grad().to_kind(Kind::Float))
    }

    #[test]
    fn slopes_are_the_gradient() {
        for (kind, tolerance) in [(Kind::Float, 1e-5), (Kind::BFloat16, 3e-2)] {
            for name in ["grouped_tied", "full_untied"] {
                let model = model(name, kind);
                let (rows, targets, weights) = example(kind);
                // Two of the targets are what the model would say.
                let best = model.logits(&rows).unwrap().argmax(-1, false);
                targets.narrow(0, 1, 2).copy_(&best.narrow(0, 1, 2));
                let likeliest = best.eq_tensor(&targets);
                let (values, gradient) = by(&rows, &weights, |rows| {
                    let logits = model.logits(rows).unwrap().to_kind(Kind::Float);
                    let all = logits.log_softmax(-1, Kind::Float);
                    all.gather(1, &targets.unsqueeze(1), false).squeeze_dim(1)
                });
                for step in [1, 3, 7, 50] {
                    let (v, g) = by(&rows, &weights, |rows| {
                        let scored = with_slopes(&model, rows, &targets, step).unwrap();
                        assert!(scored.likeliest.equal(&likeliest));
                        scored.logprobs
                    });
                    for (got, expected) in [(v, &values), (g, &gradient)] {
                        let error = (got - expected).abs().max() / expected.abs().max();
                        let error = error.double_value(&[]);
                        assert!(error < tolerance, "{kind:?} {name} {step}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_head_that_is_trained_gets_its_gradient() {
        let model = model("grouped_tied", Kind::Float);
        let head = model.head().set_requires_grad(true);
        let (rows, targets, _) = example(Kind::Float);
        let rows = rows.set_requires_grad(true);
        let scored = token_logprobs(&model, &rows, &targets).unwrap();
        scored.logprobs.sum(Kind::Float).backward();
        let likeliest = model.logits(&rows).unwrap().argmax(-1, false).eq_tensor(&targets);
        assert!(scored.likeliest.equal(&likeliest));
        assert!(rows.grad().abs().max().double_value(&[]) > 0.0);
        let p = rows.matmul(&head.tr()).softmax(-1, Kind::Float);
        let expected = (targets.one_hot(32).to_kind(Kind::Float) - p).tr().matmul(&rows);
        assert!(head.grad().allclose(&expected, 1e-4, 1e-5, false));
        // And without gradients there is none.
        let scored = tch::no_grad(|| token_logprobs(&model, &rows, &targets)).unwrap();
        assert!(!scored.logprobs.requires_grad());
    }
}
