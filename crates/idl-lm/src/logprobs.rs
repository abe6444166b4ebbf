//! Log-probabilities of tokens, of which there are few beside the vocabulary.

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::CausalLm;

/// Rows of logits held at a time: 2,048 of 32,000 words in 32 bits are 260 MB.
const ROWS: i64 = 2048;

/// The log-probability of each of `targets` `[n]`, in nats, where `rows` `[n,
/// hidden]` predict them: logits of 2,048 rows at a time, reduced in 32 bits.
pub(crate) fn token_logprobs(model: &CausalLm, rows: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let total = rows.size2()?.0;
    let mut parts = Vec::new();
    for start in (0..total).step_by(ROWS as usize) {
        let n = ROWS.min(total - start);
        let logits = model.logits(&rows.f_narrow(0, start, n)?)?.f_to_kind(Kind::Float)?;
        let chosen = logits
            .f_gather(1, &targets.f_narrow(0, start, n)?.f_unsqueeze(1)?, false)?
            .f_squeeze_dim(1)?;
        parts.push(chosen.f_sub(&logits.f_logsumexp(&[1i64][..], false)?)?);
    }
    Ok(Tensor::f_cat(&parts, 0)?)
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
        let all = Vec::<f32>::try_from(token_logprobs(self, &rows, &tensor(&targets)?)?)?;
        let mut all = all.into_iter();
        Ok(pairs.iter().map(|(_, c)| all.by_ref().take(c.len()).collect()).collect())
    }
}
