//! Set-up and the two commands of the README: `cargo xtask setup`, `demo`,
//! `test`, `drill` and `doctor`.
//!
//! After the first set-up plain cargo works without any variable set: what is
//! found or fetched is written to `.cargo/libtorch.toml`, which
//! `.cargo/config.toml` includes. That file is the only thing set-up leaves in
//! the checkout; everything else lies in the user's cache folder.

mod archive;
mod cache;
mod cli;
mod config;
mod cuda;
mod demo;
mod doctor;
mod drill;
mod encoder;
mod error;
mod fetch;
mod libtorch;
mod options;
mod package;
mod process;
mod progress;
mod properties;
mod setup;
mod tally;
mod test;

use std::process::ExitCode;

use cli::Command;
use error::Result;

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<u8> {
    let root = process::workspace_root();
    match cli::parse(std::env::args_os().skip(1))? {
        Command::Help(text) => {
            process::say(text.trim_end());
            Ok(0)
        }
        Command::Setup(options) => setup::run(&root, &options).map(|_| 0),
        Command::Demo(args) => demo::run(&root, &args),
        Command::Test(options) => test::run(&root, &options).map(|()| 0),
        Command::Drill(options) => drill::run(&root, &options).map(|()| 0),
        Command::Doctor => Ok(doctor::run(&root)),
    }
}
