//! Many prompts at once.

use crate::error::{Error, Result};
use crate::generate::choose::choose;
use crate::generate::generator::Generator;
use crate::generate::lanes::Lanes;
use crate::generate::params::DecodingParams;
use crate::generate::prompt_cache::PromptCache;
use crate::generate::reply::{self, FinishReason, Generation, OnPiece, Reply, room};
use crate::model::KvCache;

/// Columns times rows of a batch: bounds the memory of many requests.
const CELLS: usize = 16_384;
/// More rows bring nothing on a CPU.
const ROWS: usize = 32;

/// A common beginning of so many tokens is worth a pass of its own.
const SHARED: usize = 16;

/// A prompt and how to continue it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its tokens.
    pub prompt: Vec<i64>,
    /// Its parameters, its own seed among them.
    pub params: DecodingParams,
}

impl Generator<'_> {
    /// Continues `prompt`.
    ///
    /// The prompt is computed once; each new token then costs one step over the
    /// cached keys and values.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty prompt or unknown ids, [`Error::TooLong`]
    /// for a prompt that leaves no position for a reply, [`Error::Generation`]
    /// for parameters out of range or logits that are no numbers.
    pub fn generate_ids(
        &self,
        prompt: &[i64],
        params: impl Into<DecodingParams>,
    ) -> Result<Generation> {
        let request = Request { prompt: prompt.to_vec(), params: params.into() };
        let replies = self.generate_batch(&[request], &mut reply::silent)?;
        replies.into_iter().next().ok_or_else(|| Error::Input("no reply".to_owned()))
    }

    /// Continues all prompts; replies in the order of the requests.
    ///
    /// Prompts of similar length are computed together, padded to the longest;
    /// what they have in common at their beginnings is computed once; and a
    /// reply that has ended makes room. Each request has random numbers
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
        self.check(requests)?;
        let _guard = tch::no_grad_guard();
        self.in_groups(requests, None, on_piece)
    }

    /// As [`generate_batch`](Self::generate_batch), for prompts that begin as
    /// those of an earlier call did: several conversations behind one person's
    /// sessions. The longest common beginning is taken from `cache`, as far as
    /// it is there; the rest is computed once and stays there. All replies then
    /// go on from it.
    ///
    /// ```no_run
    /// # fn ask(model: &idl_lm::CausalLm, tokenizer: &idl_lm::ChatTokenizer) -> idl_lm::Result<()> {
    /// use std::ops::ControlFlow;
    ///
    /// use idl_lm::{DecodingParams, Generator, PromptCache, Request};
    ///
    /// let sessions = "<s><|user|>any pets ?<|assistant|>two owls .</s>";
    /// let mut requests = Vec::new();
    /// for question in ["where do they sleep ?", "what are their names ?"] {
    ///     let prompt = tokenizer.encode(&format!("{sessions}<|user|>{question}<|assistant|>"))?;
    ///     requests.push(Request { prompt, params: DecodingParams::default() });
    /// }
    /// let mut cache = PromptCache::new(model)?;
    /// let generator = Generator { model, tokenizer };
    /// let replies = generator.generate_batch_cached(&mut cache, &requests, &mut |_| {
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(replies.len(), 2); // and `cache` holds the sessions
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`generate_batch`](Self::generate_batch).
    pub fn generate_batch_cached(
        &self,
        cache: &mut PromptCache,
        requests: &[Request],
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Vec<Generation>> {
        self.check(requests)?;
        if requests.is_empty() {
            return Ok(Vec::new()); // and `cache` stays as it is
        }
        let prompts: Vec<&[i64]> = requests.iter().map(|r| &*r.prompt).collect();
        cache.fill(self.model, common(&prompts))?;
        let _guard = tch::no_grad_guard();
        self.in_groups(requests, Some(cache.cache()), on_piece)
    }

    fn check(&self, requests: &[Request]) -> Result<()> {
        for request in requests {
            request.params.check()?;
            self.check_prompt(&request.prompt)?;
        }
        Ok(())
    }

    /// Batch by batch; `shared` holds the first tokens of every prompt.
    fn in_groups(
        &self,
        requests: &[Request],
        shared: Option<&KvCache>,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Vec<Generation>> {
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
            for (index, reply) in self.together(requests, together, shared, on_piece)? {
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
        shared: Option<&KvCache>,
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
        let mut cache = self.room_behind(shared, &prompts, longest + most - 1)?;
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

    /// A row of `columns` columns for each prompt. What all begin with is in
    /// there: what `shared` holds, or else their common beginning, computed
    /// here if there is enough of it.
    fn room_behind(
        &self,
        shared: Option<&KvCache>,
        prompts: &[&[i64]],
        columns: usize,
    ) -> Result<KvCache> {
        let (model, rows) = (self.model, prompts.len());
        if let Some(shared) = shared {
            return shared.fork(rows, columns);
        }
        let beginning = common(prompts);
        if rows > 1 && beginning.len() >= SHARED {
            let mut once = model.new_cache(1, beginning.len())?;
            let (_, _logits) = Lanes::start(model, &mut once, &[beginning])?;
            return once.fork(rows, columns);
        }
        let options = model.options();
        KvCache::with_columns(model.config(), options.kind, options.device, rows, columns)
    }
}

/// What all prompts begin with, less than any of them: a last token is
/// computed anew, since its logits are asked for.
fn common<'p>(prompts: &[&'p [i64]]) -> &'p [i64] {
    let Some((first, others)) = prompts.split_first() else { return &[] };
    let most = prompts.iter().map(|p| p.len()).min().unwrap_or(0).saturating_sub(1);
    let alike = |other: &&[i64]| first.iter().zip(*other).take_while(|(a, b)| a == b).count();
    let length = others.iter().map(alike).fold(most, usize::min);
    &first[..length]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_beginning_leaves_a_token_of_each() {
        assert_eq!(common(&[]), [0i64; 0]);
        assert_eq!(common(&[&[1, 2, 3]]), [1, 2]);
        assert_eq!(common(&[&[1, 2, 3], &[1, 2, 3]]), [1, 2]);
        assert_eq!(common(&[&[1, 2, 3], &[1, 2], &[1, 2, 4, 5]]), [1]);
        assert_eq!(common(&[&[1, 2], &[3, 2]]), [0i64; 0]);
    }

    #[test]
    fn groups_are_bounded() {
        assert_eq!(group([].into_iter()), 0);
        assert_eq!(group([CELLS + 1, CELLS + 1].into_iter()), 1, "one is always taken");
        assert_eq!(group([CELLS / 2, CELLS / 2, CELLS / 2].into_iter()), 2);
        assert_eq!(group([50, 60, 100, 101].into_iter()), 3, "the longer ones go alone");
        assert_eq!(group(std::iter::repeat_n(1, 100)), ROWS);
    }
}
