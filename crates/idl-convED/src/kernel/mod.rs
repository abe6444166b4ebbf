//! Many distances at once, in `f32`.
//!
//! With `g = (insertion + deletion) / 2`, a script from `m` to `n` utterances
//! with `s` substitutions has `m - s` deletions and `n - s` insertions, so
//!
//! ```text
//! d = deletion * m + insertion * n - 2 g * S
//! S = the greatest sum of 1 - rho (1 - cos) over a monotone matching
//!     of utterances of the same role,    rho = lambda / 2 g
//! ```
//!
//! `S` is what the kernels compute. It is better to compute than `lev` is: it
//! is symmetric whatever the costs, so half the pairs suffice; its boundary is
//! zero; and an utterance that matches nothing changes nothing, so sessions may
//! be filled up with such utterances wherever that makes them regular:
//! * the sessions of a [`block`] are filled up so that the roles alternate, and
//!   sixteen of them at a time to the same length (but sessions much longer than
//!   others, which would mostly be others' filling, are alone);
//! * the [`product`] of two blocks' unit vectors, role by role, then has the
//!   cosines of sixteen pairs side by side in memory,
//! * where [`lanes`] runs the recurrence for sixteen pairs at once, without a
//!   branch and without rearranging anything;
//! * a [`rectangle`] of pairs is one product for each class, in stripes where
//!   sessions are so long that it would be large;
//! * a [`tile`] has all pairs of two blocks, in parallel;
//! * [`memory`] comes from a store, since fresh memory is slow.

mod block;
mod lanes;
mod memory;
mod product;
mod rectangle;
mod sides;
mod tile;

pub(crate) use block::{Block, Layout};
pub(crate) use lanes::LANES;
pub(crate) use memory::room_for;
pub(crate) use sides::Weights;
pub(crate) use tile::Scores;
