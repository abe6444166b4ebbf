//! The trainer keeps its word: what moves and what does not, whose mean a loss
//! is, what a seed fixes, where preference learning starts, and how a run ends.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod data;
mod end;
mod precision;
mod preference;
mod recompute;
mod references;
mod supervised;
#[path = "../support/mod.rs"]
mod support;
