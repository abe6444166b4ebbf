//! How a run ends.

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All steps are done.
    Finished,
    /// The callback asked for it.
    Cancelled,
    /// `eval_loss` had stopped falling.
    EarlyStopping,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Steps done, those before a resume included.
    pub steps: u64,
    /// Why there were no more.
    pub stop: StopReason,
    /// The step with the lowest `eval_loss`, and that loss.
    pub best: Option<(u64, f64)>,
}
