//! The subcommands of `idl`.

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use idl_dialogue::BoxError;

mod chat;
mod choice;
mod corpus_stats;
mod demo;
mod distance;
mod evaluate;
mod generate;
mod import_chats;
mod learn;
mod metrics;
mod order;
mod persona;
mod pictures;
mod prepare;
mod score;
mod spi;
mod train;
mod voices;
mod walkthrough;

/// In-dialogue learning: talk like a person, learnt from that person's past
/// conversations, without a written profile.
///
/// Every subcommand reads JSON Lines (`--input FILE`, `-` for stdin) and writes
/// JSON Lines to stdout; progress goes to stderr. Bad input ends with one line
/// that names file, line and field, and exit code 2.
#[derive(Debug, Parser)]
#[command(name = "idl", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Idl {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  idl demo
  idl learn --chats 'WhatsApp Chat with Bo.txt' --format whatsapp --me Ada --out ada
  idl chat ada
  idl completions bash > ~/.local/share/bash-completion/completions/idl";

#[derive(Debug, Subcommand)]
enum Command {
    // A voice: from chats to a person to talk with.
    Learn(Box<learn::Arguments>),
    Chat(Box<chat::Arguments>),
    Add(Box<voices::AddArguments>),
    Show(Box<voices::ShowArguments>),
    Forget(Box<voices::ForgetArguments>),
    // Sessions in, sessions understood.
    ImportChats(Box<import_chats::Arguments>),
    CorpusStats(Box<corpus_stats::Arguments>),
    Persona(Box<persona::Arguments>),
    Distance(Box<distance::Arguments>),
    Order(Box<order::Arguments>),
    Spi(Box<spi::Arguments>),
    Choice(Box<choice::Arguments>),
    // Learning.
    Prepare(Box<prepare::Arguments>),
    Train(Box<train::Arguments>),
    Evaluate(Box<evaluate::Arguments>),
    // A model's replies.
    Generate(Box<generate::Arguments>),
    Score(Box<score::Arguments>),
    Metrics(Box<metrics::Arguments>),
    // To look at.
    Demo(Box<demo::Arguments>),
    Walkthrough(Box<walkthrough::Arguments>),
    Pictures(Box<pictures::Arguments>),
    /// Prints a script that completes the subcommands and options of `idl` in a
    /// shell.
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs the subcommand that was asked for.
pub(crate) fn run(idl: Idl) -> Result<(), BoxError> {
    match idl.command {
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Add(arguments) => voices::add(&arguments),
        Command::Show(arguments) => voices::show(&arguments),
        Command::Forget(arguments) => voices::forget(&arguments),
        Command::ImportChats(arguments) => import_chats::run(&arguments),
        Command::CorpusStats(arguments) => corpus_stats::run(&arguments),
        Command::Persona(arguments) => persona::run(&arguments),
        Command::Distance(arguments) => distance::run(&arguments),
        Command::Order(arguments) => order::run(&arguments),
        Command::Spi(arguments) => spi::run(&arguments),
        Command::Choice(arguments) => choice::run(&arguments),
        Command::Prepare(arguments) => prepare::run(*arguments),
        Command::Train(arguments) => train::run(*arguments),
        Command::Evaluate(arguments) => evaluate::run(*arguments),
        Command::Chat(arguments) => chat::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        Command::Metrics(arguments) => metrics::run(&arguments),
        Command::Demo(arguments) => demo::run(*arguments),
        Command::Walkthrough(arguments) => walkthrough::run(*arguments),
        Command::Pictures(arguments) => pictures::run(&arguments),
        Command::Completions { shell } => completions(shell),
    }
}

fn completions(shell: Shell) -> Result<(), BoxError> {
    // Into memory first: clap_complete panics where stdout is closed.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Idl::command(), "idl", &mut script);
    crate::cli::print_text(&String::from_utf8(script)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Idl::command().debug_assert();
    }

    #[test]
    fn every_subcommand_says_what_it_does_and_shows_examples() {
        for command in Idl::command().get_subcommands() {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing");
            if name != "completions" {
                let examples = command.get_after_help().map(ToString::to_string);
                assert!(
                    examples.unwrap_or_default().contains(&format!("idl {name}")),
                    "{name} shows no example"
                );
            }
        }
    }
}
