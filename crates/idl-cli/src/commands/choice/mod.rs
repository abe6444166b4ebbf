//! How good the choice of sessions is, measured without a language model.

mod locomo;
mod probe;
mod report;
mod sides;

use clap::{Args, Subcommand};
use idl_dialogue::BoxError;

/// Measures the choice of sessions, without a language model: how many of the
/// chosen ones are of the right side of a person of several sides, or hold the
/// answers to LoCoMo's questions.
///
/// One JSON object on stdout: for each way of choosing the mean over persons with
/// a 95 % interval (Student's t), and what the whole choice has over the others in
/// pairs. The ways are the kinds of evidence alone, their plain sum, and the choice
/// as it is; `chance` is what random sessions would have.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  idl choice sides --corpus convai2 --split valid --query middle --encoder ~/models/all-MiniLM-L6-v2
  idl choice sides --corpus convai2 --split train --min-sessions 6 --query middle --search
  idl choice locomo --file ../shared/data/locomo/locomo7.json --encoder ~/models/all-MiniLM-L6-v2")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// The share of the right side among the chosen, on persons of several sides
    Sides(Box<sides::Arguments>),
    /// The share of a question's evidence that is chosen, on LoCoMo
    Locomo(Box<locomo::Arguments>),
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    match &arguments.measure {
        Measure::Sides(arguments) => sides::run(arguments),
        Measure::Locomo(arguments) => locomo::run(arguments),
    }
}
