//! The losses against hand-derived values, PyTorch, TRL, and their own laws.

mod criterion;
mod errors;
mod hand;
mod laws;
mod parity;
mod support;
