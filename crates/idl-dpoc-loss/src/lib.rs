#![doc = include_str!("../README.md")]

pub mod anchored;
mod batch;
mod completions;
mod config;
pub mod criterion;
mod error;
mod ops;
mod output;
pub mod pairwise;
mod preference;
pub mod reference_free;

pub use batch::Batch;
pub use completions::Completions;
pub use config::{Loss, Score};
pub use error::{Error, Result};
pub use output::{CriterionSummary, LossOutput, Summary};
pub use preference::{LossConfig, PreferenceLoss};
