#![doc = include_str!("../README.md")]

mod criterion;
mod data;
mod error;
pub mod log;
mod objective;
pub mod optim;
pub mod schedule;
mod trainer;

pub use criterion::{Coverage, PreferenceCorpus};
pub use data::{Alternatives, Conversation, CriterionKind, Example, ExampleBuilder, Reference};
pub use error::{Error, Result};
pub use objective::{Objective, PreferenceLogProbs};
pub use trainer::{Callback, Step, TrainConfig, total_steps, train};
