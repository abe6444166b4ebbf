//! The store and the index, from outside.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy.toml exempts tests, not their helpers"
)]

mod common;
mod damage;
mod forget;
mod kill;
mod lexical;
mod shared;
mod store;
