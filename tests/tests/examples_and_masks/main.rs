//! From conversations to tokens: what is scored is the reply and its end, all
//! of it and nothing else, whatever is cut; and one pass over a tree gives what
//! separate passes give.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod cut;
mod data;
mod refused;
mod rejected;
mod tree;
