//! The parts of the trainer that stand alone: optimiser, schedule, log, rows.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod log;
mod optim;
mod rows;
mod schedule;
