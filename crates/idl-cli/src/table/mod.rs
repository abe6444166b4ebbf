//! What systems make of persons, as a table with intervals and tests: as text,
//! as Markdown, as JSON.

mod columns;
mod figure;
mod rows;
mod summary;
mod text;

use std::path::Path;

use idl::dialogue::BoxError;

pub(crate) use rows::{System, Table};
use summary::Summary;

impl Table {
    /// The table for a terminal, and the comparisons.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut out);
        out
    }

    /// The same in Markdown.
    #[must_use]
    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        let _ = self.write_markdown(&mut out);
        out
    }

    /// Writes the scores of every person and the table's figures as JSON, whole
    /// or not at all.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(crate) fn save(&self, path: &Path) -> Result<(), BoxError> {
        let mut json = serde_json::to_value(self)?;
        json["summary"] = serde_json::to_value(Summary::new(self))?;
        let json = serde_json::to_string_pretty(&json)?;
        let mut temp = path.as_os_str().to_owned();
        temp.push(".tmp");
        let temp = Path::new(&temp);
        std::fs::write(temp, json).map_err(|e| format!("{}: {e}", temp.display()))?;
        std::fs::rename(temp, path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(())
    }
}
