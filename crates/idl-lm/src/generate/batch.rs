//! Many prompts at once.

use tch::{Kind, Tensor};

use crate::cache::KvCache;
use crate::error::Result;
use crate::generate::Generator;
use crate::generate::lanes::Lanes;
use crate::generate::params::DecodingParams;
use crate::generate::reply::{FinishReason, Generation, OnPiece, Reply, room};
use crate::generate::sampling::damaged;

/// Columns times rows of a batch: bounds the memory of many requests.
const CELLS: usize = 16_384;
/// More rows bring nothing on a CPU.
const ROWS: usize = 32;

/// A prompt and how to continue it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its tokens.
    pub prompt: Vec<i64>,
    /// Its parameters, its own seed among them.
    pub params: DecodingParams,
}

impl Generator<'_> {
    /// Continues all prompts; replies in the order of the requests.
    ///
    /// Prompts of similar length are computed together, padded to the longest,
    /// and a reply that has ended makes room. Each request has random numbers
    /// of its own: what is sampled does not depend on the others. (Sums are
    /// rounded otherwise in a batch; that can only matter where a choice is so
    /// close.)
    ///
    /// `on_piece` sees the text as it comes.
    ///
    /// # Errors
    /// As [`generate_ids`](Self::generate_ids), for the first request that is
    /// wrong, before anything is computed.
    pub fn generate_batch(
        &self,
        requests: &[Request],
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Vec<Generation>> {
        for request in requests {
            request.params.check()?;
            self.check_prompt(&request.prompt)?;
        }
        let _guard = tch::no_grad_guard();
        let positions = self.model.config().max_position_embeddings;
        let columns = |r: &Request| r.prompt.len() + room(positions, r.prompt.len(), &r.params);
        let mut order: Vec<usize> = (0..requests.len()).collect();
        order.sort_by_key(|&i| columns(&requests[i]));
        let mut replies: Vec<Option<Generation>> = requests.iter().map(|_| None).collect();
        let mut rest = order.as_slice();
        while let Some(rows) =
            std::num::NonZero::new(group(rest.iter().map(|&i| columns(&requests[i]))))
        {
            let (together, others) = rest.split_at(rows.get());
            rest = others;
            for (index, reply) in self.together(requests, together, on_piece)? {
                replies[index] = Some(reply);
            }
        }
        Ok(replies.into_iter().flatten().collect())
    }

    /// One batch: the requests of these indices.
    fn together(
        &self,
        requests: &[Request],
        indices: &[usize],
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Vec<(usize, Generation)>> {
        let (mut alive, mut ended) = (Vec::new(), Vec::new());
        for &index in indices {
            let Request { prompt, params } = &requests[index];
            let reply = Reply::new(index, self.model, self.tokenizer, prompt, params);
            if reply.is_full() {
                ended.push((index, reply.finish(FinishReason::Length, on_piece)?));
            } else {
                alive.push((index, reply));
            }
        }
        if alive.is_empty() {
            return Ok(ended);
        }
        let prompts: Vec<&[i64]> = alive.iter().map(|(i, _)| &*requests[*i].prompt).collect();
        let positions = self.model.config().max_position_embeddings;
        let longest = prompts.iter().map(|p| p.len()).max().unwrap_or(0);
        let most = alive
            .iter()
            .map(|(i, _)| room(positions, requests[*i].prompt.len(), &requests[*i].params))
            .max()
            .unwrap_or(0);
        // The last token is not fed back. Padding may need columns beyond the
        // model's positions: those of a row stay below.
        let (config, options) = (self.model.config(), self.model.options());
        let (rows, columns) = (prompts.len(), longest + most - 1);
        let mut cache = KvCache::with_columns(config, options.kind, options.device, rows, columns)?;
        let (mut lanes, mut logits) = Lanes::start(self.model, &mut cache, &prompts)?;
        loop {
            let ids = choose(&logits, alive.iter_mut().map(|(_, reply)| reply))?;
            let (mut kept, mut next, mut going) = (Vec::new(), Vec::new(), Vec::new());
            let total = alive.len();
            for (row, ((index, mut reply), id)) in alive.into_iter().zip(ids).enumerate() {
                match reply.take(id, on_piece)? {
                    Some(reason) => ended.push((index, reply.finish(reason, on_piece)?)),
                    None => {
                        kept.push(row as i64);
                        next.push(id);
                        going.push((index, reply));
                    }
                }
            }
            alive = going;
            if alive.is_empty() {
                return Ok(ended);
            }
            if alive.len() < total {
                lanes.keep(&kept)?;
            }
            logits = lanes.step(&next)?;
        }
    }
}

/// How many of the next requests, in ascending order of columns, go together:
/// so few that they fit, and that padding is less than half.
fn group(columns: impl Iterator<Item = usize>) -> usize {
    let mut columns = columns.peekable();
    let alike = 2 * columns.peek().copied().unwrap_or(0);
    let fits = |&(rows, columns): &(usize, usize)| {
        rows == 0 || (columns <= alike && (rows + 1) * columns <= CELLS)
    };
    columns.enumerate().take(ROWS).take_while(fits).count()
}

/// The next token of each row of `logits`, `[batch, vocabulary]`.
pub(crate) fn choose<'r, 'a: 'r>(
    logits: &Tensor,
    replies: impl Iterator<Item = &'r mut Reply<'a>>,
) -> Result<Vec<i64>> {
    let mut replies: Vec<_> = replies.collect();
    if replies.iter().all(|reply| reply.sampler.takes_argmax()) {
        // The logits need not leave their device. A NaN is the greatest.
        let (top, ids) = logits.f_max_dim(1, false)?;
        let top: Vec<f32> = Vec::try_from(&top.f_to_kind(Kind::Float)?)?;
        if let Some(&top) = top.iter().find(|top| !top.is_finite()) {
            return Err(damaged(top));
        }
        return Ok(Vec::try_from(&ids)?);
    }
    let vocabulary = logits.size2()?.1 as usize;
    let mut all: Vec<f32> = Vec::try_from(&logits.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
    let rows = all.chunks_mut(vocabulary).zip(&mut replies);
    rows.map(|(row, reply)| reply.sampler.next(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_bounded() {
        assert_eq!(group([].into_iter()), 0);
        assert_eq!(group([CELLS + 1, CELLS + 1].into_iter()), 1, "one is always taken");
        assert_eq!(group([CELLS / 2, CELLS / 2, CELLS / 2].into_iter()), 2);
        assert_eq!(group([50, 60, 100, 101].into_iter()), 3, "the longer ones go alone");
        assert_eq!(group(std::iter::repeat_n(1, 100)), ROWS);
    }
}
