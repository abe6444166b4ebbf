//! What is asked of every reader of idl-corpora, whatever bytes it is given.
//!
//! A [`Format`] has a function that writes a good file and one that reads
//! bytes, panicking if the reader breaks its word. The targets of `cargo fuzz`
//! call the latter. The tests of idl-corpora (`tests/readers`), which take this
//! module in by its path, feed it damaged files and noise with a fixed budget,
//! and the damage that has a name.

pub mod formats;
pub mod mutate;
pub mod text;

pub use formats::{FORMATS, Format, named};
