//! From a folder.

use std::path::Path;

use super::llama::LlamaConfig;
use super::parse;
use crate::error::{Error, Result};

impl LlamaConfig {
    /// Reads `config.json` from the folder `dir`.
    ///
    /// Both spellings of the rotary parameters are understood: `rope_theta`
    /// with `rope_scaling`, and the `rope_parameters` that transformers 5
    /// writes. Keys that change nothing of what is computed are ignored.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for the file, [`Error::Unsupported`]
    /// where it asks for what is not implemented (another architecture, another
    /// scaling of the rotary positions, quantised weights), [`Error::Config`]
    /// where the numbers do not fit together.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        Ok(Self::with_json(dir)?.0)
    }

    /// The same beside all that the file holds.
    pub(crate) fn with_json(dir: &Path) -> Result<(Self, serde_json::Value)> {
        let path = dir.join("config.json");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        parse::config(&text, path)
    }
}
