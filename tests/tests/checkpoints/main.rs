//! Checkpoints: a run that is stopped anywhere and goes on is the run that was
//! not stopped, bit for bit; what is damaged is told and passed over.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod evaluation;
mod folder;
mod identity;
mod pieces;
#[path = "../support/mod.rs"]
mod support;
mod watch;
