//! `train_log.jsonl`: one JSON object a line, under TRL's metric names.

pub mod metric;
mod record;
mod writer;

pub use record::LogRecord;
pub use writer::{TrainLog, read_log};
