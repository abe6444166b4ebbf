//! The choice: which of a person's sessions stand before a dialogue, by what has
//! been said so far.
//!
//! A [`Reader`] makes records of sessions, which a
//! [`SessionStore`](idl_store::SessionStore) keeps and a [`SessionBank`] compares,
//! and a [`Query`] of what has been said: of the person's own utterances, which
//! tell most, or while there are none the partner's. A [`Chooser`] adds up what
//! speaks for each session ([`Evidence`]) and explains what it chose.
//!
//! # No leak
//! The query sees the context and nothing else. What is to be replied, learnt or
//! scored comes after it.

mod bank;
mod chooser;
mod evidence;
mod reader;

pub use bank::{BankedSession, SessionBank};
pub use chooser::{ChoiceParams, Chooser, ChosenSession};
pub use evidence::Evidence;
pub use reader::{Ask, Query, Reader};
