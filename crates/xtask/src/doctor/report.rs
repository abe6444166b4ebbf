//! The lines of the report.

use crate::process::say;

/// Prints lines; remembers whether something that is needed is missing.
#[derive(Debug, Default)]
pub(super) struct Report {
    lacking: bool,
}

impl Report {
    /// Something is as it should be.
    pub(super) fn ok(&self, name: &str, text: &str) {
        say(&format!("ok      {name:<14} {text}"));
    }

    /// Worth knowing, but nothing has to be done.
    pub(super) fn note(&self, name: &str, text: &str) {
        say(&format!("note    {name:<14} {text}"));
    }

    /// Something is wrong, and `todo` puts it right.
    pub(super) fn lacks(&mut self, name: &str, text: &str, todo: &str) {
        self.lacking = true;
        say(&format!("MISSING {name:<14} {text}\n        {:<14} -> {todo}", ""));
    }

    pub(super) fn lacks_something(&self) -> bool {
        self.lacking
    }
}
