//! What goes where there is no room for all.

use idl_dialogue::Utterance;
use idl_lm::ChatTokenizer;

use super::reference::Reference;
use crate::error::Result;

/// The least number of steps of a cut, up to `last`, after which `tokens` fits
/// into `room`; or the number of tokens where not even the last does.
///
/// Every step takes something away, so the numbers of tokens fall, and the
/// first that fits is found by halves: at most `2 + log2(last)` numbers are
/// asked for, and each is of what would truly be read, not added up from
/// pieces. Where a template makes a shorter conversation longer, what is found
/// fits, and the step before it does not. Steps that a template refuses on the
/// way are no answer: then every step is tried in its turn.
pub(crate) fn first_that_fits(
    last: usize,
    room: usize,
    mut tokens: impl FnMut(usize) -> Result<usize>,
) -> Result<Result<usize, usize>> {
    // Most conversations need no cut.
    let whole = tokens(0)?;
    if whole <= room {
        return Ok(Ok(0));
    }
    if last == 0 {
        return Ok(Err(whole));
    }
    // What is cut to `low` does not fit; what is cut to `high` does, or is all
    // that there is.
    let (mut low, mut high) = (0, last);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match tokens(middle) {
            Ok(count) if count <= room => high = middle,
            Ok(_) => low = middle,
            Err(_) => return one_by_one(low + 1, last, room, tokens),
        }
    }
    if high < last {
        return Ok(Ok(high));
    }
    one_by_one(last, last, room, tokens)
}

/// The first of `from..=last` that fits.
fn one_by_one(
    from: usize,
    last: usize,
    room: usize,
    mut tokens: impl FnMut(usize) -> Result<usize>,
) -> Result<Result<usize, usize>> {
    let mut count = 0;
    for gone in from..=last {
        count = tokens(gone)?;
        if count <= room {
            return Ok(Ok(gone));
        }
    }
    Ok(Err(count))
}

/// The tokens of a prompt.
pub(crate) fn prompt_tokens(tokenizer: &ChatTokenizer, messages: &[Utterance]) -> Result<usize> {
    let tokens = tokenizer.encode_chat(messages, true)?.len();
    #[cfg(test)]
    tests::count(tokens);
    Ok(tokens)
}

/// The references that are left when the `gone` farthest have gone, of equally
/// far ones the earlier first; in their order.
pub(super) fn without_farthest(references: &[Reference], gone: usize) -> Vec<&Reference> {
    let mut order: Vec<usize> = (0..references.len()).collect();
    // Stable: ties stay in the order in which they go.
    order.sort_by(|&a, &b| references[b].distance.total_cmp(&references[a].distance));
    let mut kept = order.split_off(gone.min(order.len()));
    kept.sort_unstable();
    kept.into_iter().map(|index| &references[index]).collect()
}

#[cfg(test)]
mod tests;
