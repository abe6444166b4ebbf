//! `cargo xtask demo`.

use std::ffi::OsString;
use std::path::Path;

use crate::error::Result;
use crate::options::SetupOptions;
use crate::{process, setup};

/// Sets up what is missing, runs the demo program and returns its exit code.
pub(crate) fn run(root: &Path, args: &[OsString]) -> Result<u8> {
    // The demo embeds sessions by TF-IDF: it needs no sentence encoder.
    let options = SetupOptions { no_encoder: true, keep: true, ..SetupOptions::default() };
    let config = setup::run(root, &options)?;
    let mut command = process::cargo(Some(&config))?;
    command.args(["run", "--release", "--package", "idl-cli", "--", "demo"]);
    // In the user's folder, not in `root`: the arguments may be relative paths.
    command.args(args);
    let status = process::status(&mut command)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
