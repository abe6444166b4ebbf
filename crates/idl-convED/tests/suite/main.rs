//! All tests of the public functions, in one binary.

// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::unwrap_used)]

mod kernels;
mod lengths;
mod properties;
mod sessions;
#[cfg(feature = "tch")]
mod tensors;
mod vectors;
