//! The recurrence, for several pairs at a time.
//!
//! Plain loops over small arrays: the compiler turns each into a few vector
//! instructions on any target, so nothing here is unsafe or specific to one.

/// So many pairs are computed together, where there are so many of about the
/// same length; others are computed one by one, by the same code.
pub(crate) const LANES: usize = 16;

/// `max` as one instruction; no NaN can occur.
#[inline(always)]
fn max<const W: usize>(x: [f32; W], y: [f32; W]) -> [f32; W] {
    std::array::from_fn(|l| if x[l] > y[l] { x[l] } else { y[l] })
}

#[inline(always)]
fn add<const W: usize>(x: [f32; W], y: [f32; W]) -> [f32; W] {
    std::array::from_fn(|l| x[l] + y[l])
}

/// Lets one more utterance of the first session, whose class has position
/// `POSITION` in the second sessions' cycles, be matched.
///
/// `best[s]` is the greatest sum over the utterances so far and the first `s`
/// slots of the second sessions (so `best[0]` is 0); `weights[c]`, plus
/// `offset`, is what matching the slot of cycle `c` adds:
///
/// ```text
/// best'[s + 1] = max(best[s + 1], best'[s], best[s] + weight)
/// ```
fn step<const W: usize, const CLASSES: usize, const POSITION: usize>(
    best: &mut [[f32; W]],
    weights: &[[f32; W]],
    offset: f32,
) {
    let Some((first, slots)) = best.split_first_mut() else { return };
    let (mut before, mut running) = (*first, *first);
    let (cycles, _) = slots.as_chunks_mut::<CLASSES>();
    for (cycle, weight) in cycles.iter_mut().zip(weights) {
        for (position, slot) in cycle.iter_mut().enumerate() {
            let mut here = *slot;
            if position == POSITION {
                here = max(here, add(before, add(*weight, [offset; W])));
            }
            before = *slot;
            running = max(running, here);
            *slot = running;
        }
    }
}

/// Goes on with the greatest sums of one first session against `W` second
/// ones: `best` is that of the utterances so far, beginning with zeros, one row
/// of `W` for each slot of the second sessions and one before them.
/// `utterances` gives position and weights, one row of `W` for each cycle, of
/// each utterance of the first session.
///
/// What was the last row of `best` after the last utterance is the result.
pub(crate) fn advance<'w, const W: usize>(
    classes: usize,
    utterances: impl Iterator<Item = (usize, &'w [f32])>,
    offset: f32,
    best: &mut [f32],
) {
    let (best, _) = best.as_chunks_mut::<W>();
    for (position, weights) in utterances {
        let (weights, _) = weights.as_chunks::<W>();
        match (classes, position) {
            (1, _) => step::<W, 1, 0>(best, weights, offset),
            (_, 0) => step::<W, 2, 0>(best, weights, offset),
            (_, _) => step::<W, 2, 1>(best, weights, offset),
        }
    }
}
