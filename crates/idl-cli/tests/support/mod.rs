//! The program, started as its users start it.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// The subcommand `name` of the program.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idl"));
    command.arg(name);
    command
}

/// What a program does with `input` on stdin.
pub(crate) fn fed(name: &str, arguments: &[&str], input: &str) -> Output {
    fed_bytes(name, arguments, input.as_bytes())
}

/// The same with what may be no text.
pub(crate) fn fed_bytes(name: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = program(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The program may stop before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// What it printed.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it said besides.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
