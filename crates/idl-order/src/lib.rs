#![doc = include_str!("../README.md")]

mod error;
mod exact;
mod input;
mod nearest;
mod path;
mod policy;
mod search;
mod session_order;

pub use error::{Error, Result};
pub use exact::EXACT_LIMIT;
pub use policy::{Policy, UnknownPolicy};
pub use session_order::{SessionOrder, order};
