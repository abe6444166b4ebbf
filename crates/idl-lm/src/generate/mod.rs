//! Generation: prompts in, replies out.

mod batch;
mod choose;
mod conversation;
mod generator;
mod lanes;
mod params;
mod prompt_cache;
mod reply;
mod rsa;
mod sampling;
mod stop;
mod stream;
mod text;

pub use batch::Request;
pub use conversation::Conversation;
pub use generator::Generator;
pub use params::DecodingParams;
pub use prompt_cache::PromptCache;
pub use reply::{FinishReason, Generation, OnPiece, Piece};
pub use rsa::RsaParams;
