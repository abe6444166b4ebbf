//! The program `idl`: in-dialogue learning without writing code, a subcommand for each task. JSON Lines in, JSON Lines
//! out, progress on stderr, exit code 2 and one line for bad input.
//!
//! The subcommands are in `commands`. What they share: how a program starts and ends (`cli`), shows progress
//! (`progress`), reads lines (`lines`) and exports (`chats`); how it finds and loads persons (`corpus`), what turns texts into vectors
//! (`encoder`) and into persona triples (`extractor`), which language model it speaks to (`lm`), what ranks last in
//! preference data (`rejected`), what a training run is told (`run_config`), pretraining included (`pretrain`), and
//! shows (`curves`), whom it was trained on (`trained_on`), the table in which systems are compared (`table`), and the
//! folder in which a person's voice is kept (`voice`).

mod chats;
mod cli;
mod commands;
mod corpus;
mod curves;
mod encoder;
mod extractor;
mod lines;
mod lm;
mod pretrain;
mod progress;
mod rejected;
mod run_config;
mod table;
mod trained_on;
mod voice;

use std::process::ExitCode;

/// Runs the program on the arguments it was started with.
#[must_use]
pub fn main() -> ExitCode {
    cli::run(commands::run)
}
