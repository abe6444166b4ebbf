//! The recurrence, for sixteen pairs at a time.
//!
//! Plain loops over small arrays: the compiler turns each into a few vector
//! instructions on any target, so nothing here is unsafe or specific to one.

/// So many pairs are computed together.
pub(crate) const LANES: usize = 16;

/// One number for each pair.
pub(crate) type Lanes = [f32; LANES];

/// `max` as one instruction; no NaN can occur.
#[inline(always)]
fn max(x: Lanes, y: Lanes) -> Lanes {
    std::array::from_fn(|l| if x[l] > y[l] { x[l] } else { y[l] })
}

#[inline(always)]
fn add(x: Lanes, y: Lanes) -> Lanes {
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
fn step<const CLASSES: usize, const POSITION: usize>(
    best: &mut [Lanes],
    weights: &[Lanes],
    offset: f32,
) {
    let Some((first, slots)) = best.split_first_mut() else { return };
    let (mut before, mut running) = (*first, *first);
    let (cycles, _) = slots.as_chunks_mut::<CLASSES>();
    for (cycle, weight) in cycles.iter_mut().zip(weights) {
        for (position, slot) in cycle.iter_mut().enumerate() {
            let mut here = *slot;
            if position == POSITION {
                here = max(here, add(before, add(*weight, [offset; LANES])));
            }
            before = *slot;
            running = max(running, here);
            *slot = running;
        }
    }
}

/// The greatest sums for one first session against [`LANES`] second ones of
/// `cycles` cycles. `weights` gives position and weights of each utterance of
/// the first session; `best` is scratch of at least `cycles * classes + 1`.
pub(crate) fn greatest_sums<'w>(
    classes: usize,
    cycles: usize,
    utterances: impl Iterator<Item = (usize, &'w [Lanes])>,
    offset: f32,
    best: &mut [Lanes],
) -> Lanes {
    let best = &mut best[..=cycles * classes];
    best.fill([0.0; LANES]);
    for (position, weights) in utterances {
        match (classes, position) {
            (1, _) => step::<1, 0>(best, weights, offset),
            (_, 0) => step::<2, 0>(best, weights, offset),
            (_, _) => step::<2, 1>(best, weights, offset),
        }
    }
    best.last().copied().unwrap_or([0.0; LANES])
}
