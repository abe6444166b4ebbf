//! Consistency with a persona, judged by natural language inference.

mod consistency;
#[cfg(feature = "traits")]
mod judge;

pub use consistency::{Consistency, Verdict};
