//! The next token of each reply.

use tch::{Kind, Tensor};

use crate::error::Result;
use crate::generate::reply::Reply;
use crate::generate::sampling::damaged;

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
