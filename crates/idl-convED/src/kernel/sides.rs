//! What is matched with what, and how much of it at a time.

use super::block::{Block, Layout};

/// How many entries one product has, unless the sessions are so long that those
/// of a single group make more: some hundred kilobytes, which stay in a core's
/// cache until the recurrence has read them.
pub(super) const PRODUCT: usize = 3 << 15;

/// What matching two utterances of a role adds: `1 - rho (1 - cos)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    pub(crate) rho: f32,
}

/// First and second sessions, and how they are matched.
#[derive(Clone, Copy)]
pub(super) struct Sides<'b> {
    pub(super) rows: &'b Block,
    pub(super) columns: &'b Block,
    pub(super) layout: &'b Layout,
    pub(super) weights: Weights,
}
