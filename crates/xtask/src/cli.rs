//! The command line.

use std::ffi::OsString;

use crate::drill::DRILLS;
use crate::error::{Error, Result};
use crate::options::{DrillOptions, SetupOptions, TestOptions};
use crate::test;

const HELP: &str = "\
Set-up and the two commands of the README.

cargo xtask demo [ARGS..]     set up what is missing, then run the demo program with ARGS
                              (`cargo xtask demo --help` shows the program's own options)
cargo xtask test [STEP..]     set up what is missing, then run every check, or only the named
             [--list]         steps; --list prints the steps and what they run
cargo xtask setup             set up: libtorch, the sentence encoder, .cargo/libtorch.toml
             [--cuda]             link the CUDA build in LIBTORCH or in python3's torch
             [--libtorch-url U]   unpack this libtorch zip (URL or file) instead of PyPI's wheel;
                                  a `#sha256=HEX` at its end is checked
             [--no-encoder]       leave the sentence encoder out (90 MB)
cargo xtask drill NAME        run a check that takes long, by hand; `fresh`: property tests and
             [--minutes N]    damaged files with fresh seeds, for 60 minutes unless N is given;
             [--seed S]       S is the first round's seed, else the time's; `package`: every
                              published crate built from its package
cargo xtask doctor            print what was found, and what to do for each thing missing

Variables: LIBTORCH (a libtorch 2.11 of your own), IDL_ENCODER (a sentence-transformers folder
of your own), IDL_CACHE_DIR (where downloads are kept; ~/.cache/in-dialogue-learning if not set).
Exit code: 0 all is well; 1 a check failed; 2 something must be put right first, and one
sentence says what. docs/install.md has the details.
";

/// What the user asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help(&'static str),
    Setup(SetupOptions),
    Demo(Vec<OsString>),
    Test(TestOptions),
    Drill(DrillOptions),
    Doctor,
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut args = args.into_iter();
    let Some(command) = args.next() else {
        return Err(Error::Usage("no command given".into()));
    };
    match command.to_str() {
        Some("help" | "--help" | "-h") => Ok(Command::Help(HELP)),
        Some("demo") => {
            let mut args: Vec<_> = args.collect();
            if args.first().is_some_and(|a| a == "--") {
                args.remove(0);
            }
            Ok(Command::Demo(args))
        }
        Some("setup") => setup(args),
        Some("test") => test(args),
        Some("drill") => drill(args),
        Some("doctor") => match args.next() {
            None => Ok(Command::Doctor),
            Some(a) if is_help(&a) => Ok(Command::Help(HELP)),
            Some(a) => Err(unknown(&a, "doctor")),
        },
        _ => Err(Error::Usage(format!("unknown command `{}`", command.display()))),
    }
}

fn setup(mut args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut options = SetupOptions::default();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--cuda") => options.cuda = true,
            Some("--no-encoder") => options.no_encoder = true,
            Some("--libtorch-url") => {
                let url = args.next().and_then(|u| u.into_string().ok()).filter(|u| !u.is_empty());
                let missing = || Error::Usage("--libtorch-url needs a URL or a file".into());
                options.libtorch_url = Some(url.ok_or_else(missing)?);
            }
            _ if is_help(&arg) => return Ok(Command::Help(HELP)),
            _ => return Err(unknown(&arg, "setup")),
        }
    }
    if options.cuda && options.libtorch_url.is_some() {
        return Err(Error::Usage(
            "--cuda and --libtorch-url exclude each other: unpack the CUDA archive and set LIBTORCH to it".into(),
        ));
    }
    Ok(Command::Setup(options))
}

fn test(args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut options = TestOptions::default();
    for arg in args {
        match arg.to_str() {
            Some("--list") => options.list = true,
            Some(name) if test::steps().iter().any(|s| s.name == name) => {
                options.only.push(name.to_owned());
            }
            _ if is_help(&arg) => return Ok(Command::Help(HELP)),
            _ => {
                let names: Vec<_> = test::steps().into_iter().map(|s| s.name).collect();
                return Err(Error::Usage(format!(
                    "unknown argument `{}` of test; the steps are {}",
                    arg.display(),
                    names.join(", ")
                )));
            }
        }
    }
    Ok(Command::Test(options))
}

fn drill(mut args: impl Iterator<Item = OsString>) -> Result<Command> {
    let names = DRILLS.map(|(name, what)| format!("`{name}`: {what}")).join("; ");
    let mut options = DrillOptions { minutes: 60, ..DrillOptions::default() };
    while let Some(arg) = args.next() {
        let mut number = |option: &str| {
            let value = args.next().and_then(|n| n.to_str().and_then(|n| n.parse::<u64>().ok()));
            value.ok_or_else(|| Error::Usage(format!("{option} needs a whole number")))
        };
        match arg.to_str() {
            Some("--minutes") => options.minutes = number("--minutes")?,
            Some("--seed") => options.seed = Some(number("--seed")?),
            Some(name) if DRILLS.iter().any(|(drill, _)| *drill == name) => {
                options.name = name.to_owned();
            }
            _ if is_help(&arg) => return Ok(Command::Help(HELP)),
            _ => {
                let arg = arg.display();
                return Err(Error::Usage(format!("unknown argument `{arg}` of drill; {names}")));
            }
        }
    }
    if options.name.is_empty() {
        return Err(Error::Usage(format!("drill needs a name; {names}")));
    }
    Ok(Command::Drill(options))
}

fn is_help(arg: &OsString) -> bool {
    arg == "--help" || arg == "-h"
}

fn unknown(arg: &OsString, command: &str) -> Error {
    Error::Usage(format!("unknown argument `{}` of {command}", arg.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_str(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_demo_gets_its_arguments_untouched() {
        let wanted: Vec<OsString> = ["--data", "x", "--help"].map(OsString::from).into();
        assert_eq!(parse_str("demo --data x --help").unwrap(), Command::Demo(wanted.clone()));
        assert_eq!(parse_str("demo -- --data x --help").unwrap(), Command::Demo(wanted));
    }

    #[test]
    fn setup_options() {
        let Command::Setup(o) = parse_str("setup --no-encoder --libtorch-url u").unwrap() else {
            panic!("not setup")
        };
        assert!(o.no_encoder && !o.cuda && !o.keep);
        assert_eq!(o.libtorch_url.as_deref(), Some("u"));
    }

    #[test]
    fn drill_options() {
        let Command::Drill(o) = parse_str("drill fresh --seed 7").unwrap() else {
            panic!("not drill")
        };
        assert_eq!((o.name.as_str(), o.minutes, o.seed), ("fresh", 60, Some(7)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, word) in [
            ("", "no command"),
            ("tset", "tset"),
            ("setup --coda", "--coda"),
            ("setup --libtorch-url", "needs"),
            ("setup --cuda --libtorch-url u", "exclude"),
            ("test nothing", "nothing"),
            ("doctor who", "who"),
            ("drill", "fresh"),
            ("drill stale", "stale"),
            ("drill fresh --minutes soon", "--minutes"),
        ] {
            let error = parse_str(line).unwrap_err();
            assert!(error.to_string().contains(word), "{line}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
