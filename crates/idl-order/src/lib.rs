#![doc = include_str!("../README.md")]

mod error;
mod policy;
mod session_order;
mod solver;

pub use error::{Error, Result};
pub use policy::{Policy, UnknownPolicy};
pub use session_order::{SessionOrder, order};
pub use solver::EXACT_LIMIT;
