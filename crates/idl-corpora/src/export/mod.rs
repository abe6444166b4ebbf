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
mod entry;
pub mod messages;
mod names;
pub mod telegram;
mod time;
pub mod whatsapp;

pub use cut::{Account, Merge, SessionParams, sessions};
pub use entry::{Entry, Message, NoText};
pub use time::Time;
