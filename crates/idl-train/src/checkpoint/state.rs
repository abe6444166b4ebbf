//! `trainer_state.json`: where a run stood.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checkpoint::record::RunRecord;
use crate::digest::FileDigest;

/// Where a run stood when its checkpoint was written. Hugging Face's names
/// where its trainer has the field.
///
/// The order of the examples follows from seed and step alone, so there is no
/// state of a random number generator to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainerState {
    /// Steps done.
    pub global_step: u64,
    /// Steps of the whole run.
    pub max_steps: u64,
    /// Passes through the data done, fractions included.
    pub epoch: f64,
    /// Tokens read.
    pub num_tokens: u64,
    /// Seconds spent in training.
    pub train_runtime: f64,
    /// The lowest `eval_loss` so far.
    #[serde(default)]
    pub best_metric: Option<f64>,
    /// The step that it is of.
    #[serde(default)]
    pub best_global_step: Option<u64>,
    /// Evaluations since then.
    #[serde(default)]
    pub evaluations_without_improvement: u64,
    /// Threads in use: other numbers of threads give other last bits.
    pub threads: i64,
    /// What was learnt from what and how: see
    /// [`Error::Resume`](crate::Error::Resume).
    #[serde(default)]
    pub run: RunRecord,
    /// The checkpoint's other files, by name.
    pub files: BTreeMap<String, FileDigest>,
}
