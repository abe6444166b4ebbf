//! What a run is, as its checkpoints keep it.

use serde::{Deserialize, Serialize};

use crate::checkpoint::change::Named;

/// The form of [`RunRecord`]. The first was one hash over everything.
pub(crate) const RUN_VERSION: u32 = 2;

/// What decides what a run computes, but for the parameters that it trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The form of this record.
    pub version: u32,
    /// Steps over which the learning rate goes.
    pub schedule_steps: u64,
    /// Settings under the names of [`TrainConfig`](crate::TrainConfig), and besides: `base.*`,
    /// `trained`, `adapter.*`, `objective`, `loss.*`, `reference.*`,
    /// `examples.*`, `held_out.*`. Weights and examples are SHA-256 of their
    /// bits.
    pub parts: Named,
}

impl Default for RunRecord {
    /// What a checkpoint holds that has none: the first form.
    fn default() -> Self {
        RunRecord { version: 1, schedule_steps: 0, parts: Named::new() }
    }
}

impl RunRecord {
    /// That this program knows the record's form; what it found, where not.
    pub(crate) fn check_version(&self) -> Result<(), (u32, u32)> {
        if self.version == RUN_VERSION { Ok(()) } else { Err((self.version, RUN_VERSION)) }
    }
}
