//! What an export is made of.

use std::sync::Arc;

use super::time::Time;

/// A message that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// The conversation; "" where the export does not tell.
    pub chat: Arc<str>,
    /// When it was sent.
    pub time: Time,
    /// The sender's name.
    pub from: Arc<str>,
    /// What tells the sender from others of the same name.
    pub from_id: Option<Arc<str>>,
    /// The text.
    pub text: String,
}

/// Why an entry is no message of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoText {
    /// A picture, a recording, a sticker and so on, without a caption.
    Media,
    /// The program speaks: somebody joined, a call was missed, a message was
    /// deleted.
    Service,
    /// Not the sender's words: forwarded, or sent by way of a bot.
    Forwarded,
    /// Nothing at all.
    Empty,
}

/// An entry of an export.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// Somebody wrote something.
    Message(Message),
    /// Anything else.
    NoText(NoText),
}
