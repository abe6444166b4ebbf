//! All readers, by one standard.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests fail that way")]
#![allow(unreachable_pub, reason = "`fuzz` is a crate of its own under `cargo fuzz`")]

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

mod budget;
mod drills;
