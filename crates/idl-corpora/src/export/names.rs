//! Names: of senders and chats, and of the file.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Strings that come again and again, each held once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    /// The one copy of `name`.
    pub(super) fn get(&mut self, name: &str) -> Arc<str> {
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
pub(super) fn stem(file: &str) -> String {
    Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
