#![doc = include_str!("../README.md")]

mod digest;
mod embeddings;
mod error;
mod lexical;
mod record;
mod sqlite;
mod store;

pub use embeddings::{Embeddings, Quantized};
pub use error::{Error, Result};
pub use lexical::LexicalIndex;
pub use record::Record;
pub use sqlite::SqliteStore;
pub use store::{OnConflict, Outcome, SessionStore};
