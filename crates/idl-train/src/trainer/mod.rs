//! One loop for both stages.

mod callback;
mod check;
mod config;
mod evaluation;
mod gradient;
mod outcome;
mod progress;
mod record;
mod references;
mod resume;
mod run;
mod setup;
mod source;
mod steps;
mod target;

pub use callback::{Callback, Step};
pub use config::{TrainConfig, total_steps};
pub use outcome::{Outcome, StopReason};
pub use run::train;
pub use setup::Trainer;
pub use source::ExampleStream;
pub use target::TrainTarget;
