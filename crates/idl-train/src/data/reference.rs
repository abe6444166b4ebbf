//! A session that is read in front of a dialogue.

use idl_dialogue::Utterance;
use serde::{Deserialize, Serialize};

/// A reference session in front of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its messages.
    pub messages: Vec<Utterance>,
    /// Its distance from the target's context: where there is no room for all,
    /// the farthest go first.
    pub distance: f64,
}
