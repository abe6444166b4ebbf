//! The frame of a program: arguments in, JSON lines out, and on bad input one
//! line on stderr and exit code 2.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use idl_dialogue::BoxError;
use serde::Serialize;

/// The exit code of a program that was given bad input.
const BAD_INPUT: u8 = 2;

/// Parses the command line and runs `program` on it.
///
/// Whatever is wrong, an unknown option included, ends with one line on stderr
/// and exit code 2. A reader of our output that has seen enough (`| head`) is
/// no error.
pub(crate) fn run<A: Parser>(program: impl FnOnce(A) -> Result<(), BoxError>) -> ExitCode {
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        // Nothing was asked for: everything that could be.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{error}");
            return ExitCode::from(BAD_INPUT);
        }
        Err(error) if error.use_stderr() => return fail(&usage(&error)),
        // `--help` and `--version`.
        Err(error) => {
            return match error.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => finish(Err(error.into())),
            };
        }
    };
    finish(program(arguments))
}

fn finish(result: Result<(), BoxError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => fail(&one_line(error.as_ref())),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(BAD_INPUT)
}

/// Writes `value` to stdout as one line of JSON.
///
/// # Errors
/// Stdout's.
pub(crate) fn print_json<T: Serialize>(value: &T) -> Result<(), BoxError> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    print_text(&line)
}

/// Writes `text` to stdout as it stands.
///
/// # Errors
/// Stdout's.
pub(crate) fn print_text(text: &str) -> Result<(), BoxError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// An error and its causes on one line, each after a colon.
#[must_use]
pub(crate) fn one_line(error: &(dyn Error + 'static)) -> String {
    let messages: Vec<_> = causes(error).map(|error| joined_lines(&error.to_string())).collect();
    messages.join(": ")
}

/// What clap has to say before it goes on to tips and usage, on one line.
fn usage(error: &clap::Error) -> String {
    let text = error.to_string();
    let complaint = text.split("\n\n").next().unwrap_or_default();
    let complaint = joined_lines(complaint.strip_prefix("error: ").unwrap_or(complaint));
    format!("{complaint} (--help tells more)")
}

fn joined_lines(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// An error, its cause, that one's cause and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    causes(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        /// A number.
        #[arg(long)]
        number: u8,
        /// A name.
        #[arg(long)]
        name: String,
    }

    fn complaint(arguments: &[&str]) -> String {
        let program = std::iter::once(&"program");
        usage(&Arguments::try_parse_from(program.chain(arguments)).unwrap_err())
    }

    #[test]
    fn clap_complains_on_one_line() {
        assert_eq!(
            complaint(&["--nonsense"]),
            "unexpected argument '--nonsense' found (--help tells more)"
        );
        assert_eq!(
            complaint(&["--number", "x", "--name", "y"]),
            "invalid value 'x' for '--number <NUMBER>': invalid digit found in string (--help tells more)"
        );
        assert_eq!(
            complaint(&[]),
            "the following required arguments were not provided: --number <NUMBER> --name <NAME> \
             (--help tells more)"
        );
    }

    #[test]
    fn causes_follow_after_colons() {
        let cause = io::Error::other("two\nlines");
        let error = idl_corpora::Error::Read { file: "f".into(), line: 3, source: cause };
        assert_eq!(one_line(&error), "f:3: cannot be read: two lines");
        assert!(!is_broken_pipe(&error));
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&idl_corpora::Error::Write { source: pipe }));
    }
}
