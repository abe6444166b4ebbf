//! The losses against hand-derived values, PyTorch, TRL, and their own laws.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod config;
mod criterion;
mod errors;
mod hand;
mod laws;
mod parity;
mod support;
