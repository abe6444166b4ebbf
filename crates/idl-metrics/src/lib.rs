#![doc = include_str!("../README.md")]

pub mod chance;
mod error;
pub mod intervals;
pub mod likelihood;
pub mod nli;
pub mod persona;
pub mod ranking;
mod score;
pub mod text;
mod tokens;

pub use error::{Error, Result};
pub use score::{Level, Mean, Score, Signature};
