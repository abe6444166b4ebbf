//! Chats as people have them: from an exported file to sessions.
//!
//! A reader gives the entries of an export one by one: [`messages`] (a plain
//! JSONL of our own), [`telegram`] (Telegram Desktop's `result.json`) and
//! [`whatsapp`] (WhatsApp's text file). [`sessions`] cuts them where people
//! pause and makes one of them the person. Nothing is lost on the way without
//! being counted: see [`Account`].
//!
//! ```
//! use idl_corpora::export::{self, SessionParams};
//!
//! let file = "\
//! 31/12/2023, 18:03 - Bo: is there tea ?
//! 31/12/2023, 18:04 - Ada: yes ,
//! 31/12/2023, 18:04 - Ada: in the pot .
//! 31/12/2023, 18:05 - Bo: <Media omitted>
//! 01/01/2024, 09:30 - Bo: happy new year !
//! 01/01/2024, 09:31 - Ada: and to you .
//! ";
//! let entries = export::whatsapp::read(file.as_bytes(), "bo.txt", None);
//! let params = SessionParams { min_messages: 2, ..SessionParams::of("Ada") };
//! let (chats, account) = export::sessions(entries, &params)?;
//! assert_eq!(chats[0].session.id, "bo@2023-12-31T18:03:00");
//! assert_eq!(chats[0].session.messages[1].content, "yes ,\nin the pot .");
//! assert_eq!((chats.len(), account.kept, account.media), (2, 5, 1));
//! # Ok::<(), idl_corpora::Error>(())
//! ```

mod cut;
pub mod messages;
pub mod telegram;
mod time;
pub mod whatsapp;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

pub use cut::{Account, Merge, SessionParams, sessions};
pub use time::Time;

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

/// Strings that come again and again, each held once.
#[derive(Debug, Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        match self.0.get(name) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = name.into();
                self.0.insert(Arc::clone(&new));
                new
            }
        }
    }
}

/// The name of a file without folders and ending, which stands for the chat
/// where the file does not name it.
fn stem(file: &str) -> String {
    Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
