#![doc = include_str!("../README.md")]

pub mod anchored;
mod batch;
mod config;
pub mod criterion;
mod error;
mod ops;
mod output;
pub mod pairwise;
mod preference;
pub mod reference_free;

pub use batch::{Batch, LogProbs, TokenCounts};
pub use config::{Loss, Score};
pub use error::{Error, Result};
pub use output::{CriterionSummary, LossOutput, Rewards, Summary};
pub use preference::{LossConfig, PreferenceLoss};
