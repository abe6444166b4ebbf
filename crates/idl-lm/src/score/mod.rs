//! What a model makes of text that is there.

mod logprobs;
mod recompute;
mod tree;

pub use recompute::Recomputation;
pub use tree::{TokenTree, TreeLogProbs};
