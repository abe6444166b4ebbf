#![doc = include_str!("../README.md")]

mod assignment;
mod costs;
mod error;
mod exact;
mod good;
mod input;
mod nearest;
mod neighbourhood;
mod path;
mod policy;
mod random;
mod search;
mod session_order;
mod subtours;

pub use error::{Error, Result};
pub use exact::EXACT_LIMIT;
pub use policy::{Policy, UnknownPolicy};
pub use session_order::{SessionOrder, order};
