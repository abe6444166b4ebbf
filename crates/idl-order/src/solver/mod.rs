//! What solves: the nearest-neighbour order, every subset, or, where subsets are
//! too many, search and bounds.

mod assignment;
mod costs;
mod exact;
mod good;
mod input;
mod nearest;
mod neighbourhood;
mod path;
mod random;
mod search;
mod subtours;

pub use exact::EXACT_LIMIT;
pub(crate) use exact::held_karp;
pub(crate) use good::{Effort, good_path};
pub(crate) use input::{Distances, check_target};
pub(crate) use nearest::nearest_neighbour;
