//! Running cargo the way the user would.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::tally::Tally;

/// The checkout: two levels above this package.
pub(crate) fn workspace_root() -> PathBuf {
    // At run time, so that a checkout that was moved still works.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.ancestors().nth(2).map_or_else(|| package.clone(), Path::to_path_buf)
}

/// A cargo command that finds libtorch through
/// `.cargo/libtorch.toml` alone, as a plain cargo of the user's would: then
/// both share what they build.
pub(crate) fn cargo(config: Option<&Config>) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        // The cargo that started us has set these for us; they would hide a
        // newer libtorch.toml, or make build scripts run again.
        let name_text = name.to_string_lossy();
        if ["LIBTORCH", "LIBTORCH_LIB", "IDL_ENCODER"].contains(&&*name_text)
            || name_text.starts_with("CARGO_PKG_")
            || name_text.starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(&name);
        }
    }
    if let Some(config) = config {
        for tool in ["RUSTFLAGS", "RUSTDOCFLAGS"] {
            // Such a variable replaces the flags of every config file.
            if let Some(users) = users_flags(tool) {
                let flags = join(users, config.flags()?);
                command.env(format!("CARGO_ENCODED_{tool}"), flags);
            }
        }
    }
    Ok(command)
}

/// Adds flags for rustdoc to a command of [`cargo`]'s. It replaces those of the
/// config file, which matter only where doctests are linked.
pub(crate) fn add_rustdoc_flags(command: &mut Command, flags: &[&str]) {
    let users = users_flags("RUSTDOCFLAGS").unwrap_or_default();
    let flags = join(users, flags.iter().map(|f| (*f).to_owned()).collect());
    command.env("CARGO_ENCODED_RUSTDOCFLAGS", flags);
}

/// The flags that the user has set in the environment, if any.
pub(crate) fn users_flags(tool: &str) -> Option<Vec<String>> {
    let text = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if let Some(encoded) = text(&format!("CARGO_ENCODED_{tool}")) {
        return Some(encoded.split('\x1f').map(str::to_owned).collect());
    }
    text(tool).map(|flags| flags.split_whitespace().map(str::to_owned).collect())
}

fn join(mut users: Vec<String>, ours: Vec<String>) -> String {
    users.extend(ours);
    users.join("\x1f")
}

/// Prints a line, as `println!`, but a reader that has gone away (`| head`) is
/// no reason to panic.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs a command with the terminal as its own.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().map_err(spawn(command))
}

/// Runs a command, passes its output on as it comes, and counts the tests in
/// it.
pub(crate) fn stream(command: &mut Command, tally: &mut Tally) -> Result<ExitStatus> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(spawn(command))?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        // A broken pipe of ours or of the child's ends the copying, not the run.
        while lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            tally.line(&String::from_utf8_lossy(&line));
            let mut out = std::io::stdout();
            let _ = out.write_all(&line).and_then(|()| out.flush());
            line.clear();
        }
    }
    child.wait().map_err(spawn(command))
}

/// The output of a program, or none if it is missing or fails.
pub(crate) fn output(program: impl Into<OsString>, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program.into());
    let out = command.args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn spawn(command: &Command) -> impl FnOnce(std::io::Error) -> Error {
    let program = command.get_program().display().to_string();
    move |source| Error::Spawn { program, source }
}
