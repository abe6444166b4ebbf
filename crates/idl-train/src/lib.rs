#![doc = include_str!("../README.md")]

mod card;
pub mod checkpoint;
mod criterion;
mod data;
mod digest;
mod error;
pub mod log;
mod objective;
pub mod optim;
mod rejected;
pub mod rows;
pub mod schedule;
mod trainer;

pub use card::ModelCard;
pub use criterion::{BuildStats, PreferenceCorpus};
pub use data::{
    Alternatives, Conversation, CriterionKind, CriterionReply, Example, ExampleBuilder, Reference,
    RejectedKind,
};
pub use error::{Error, Result};
pub use objective::{Objective, preference_logprobs};
pub use rejected::{Candidates, PersonaBlind, RejectedSource};
pub use trainer::{
    Callback, ExampleStream, Outcome, Step, StopReason, TrainConfig, TrainTarget, Trainer,
    total_steps, train,
};
