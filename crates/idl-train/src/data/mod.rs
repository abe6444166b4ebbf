//! From sessions to token trees with completion masks.
//!
//! One example is one target dialogue behind its reference sessions: a single
//! trunk of tokens. Every reply that is learnt is a span of the trunk; what
//! might have been said instead is a branch that leaves where the reply starts
//! ([`TokenTree`](idl_lm::TokenTree)). So one pass serves all replies of a dialogue and all their
//! alternatives.

mod alternatives;
mod builder;
mod conversation;
mod cut;
mod example;
mod reference;

pub use alternatives::{Alternatives, CriterionKind, CriterionReply, RejectedKind};
pub use builder::ExampleBuilder;
pub use conversation::Conversation;
pub(crate) use cut::{first_that_fits, prompt_tokens};
pub use example::Example;
pub use reference::Reference;
