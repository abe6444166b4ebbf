//! The store from outside.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml exempts tests, not their helpers"
)]

mod common;
mod damage;
mod forget;
mod kill;
mod shared;
mod store;
