//! AdamW over plain tensors, with state that survives a restart exactly.
//!
//! tch's optimisers can neither save nor load their state, and its clipping
//! does not tell the norm. Resuming a run bit for bit needs the first, a
//! training log the second.

mod adamw;
mod clip;
mod state;

pub use adamw::{AdamW, AdamWConfig};
pub use clip::clip_grad_norm;
