//! What somebody meets who starts the program for the first time.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::process::Command;

use support::{stderr, stdout};

fn idl(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_idl")).args(arguments).output().unwrap()
}

#[test]
fn help_shows_every_task() {
    let help = idl(&["--help"]);
    assert!(help.status.success());
    let text = stdout(&help);
    for task in [
        "learn",
        "chat",
        "add",
        "show",
        "forget",
        "import-chats",
        "corpus-stats",
        "persona",
        "distance",
        "order",
        "spi",
        "choice",
        "prepare",
        "train",
        "evaluate",
        "generate",
        "score",
        "metrics",
        "demo",
        "walkthrough",
        "pictures",
        "completions",
    ] {
        assert!(text.contains(&format!("\n  {task} ")), "{task} is missing:\n{text}");
    }
}

#[test]
fn without_a_task_it_says_what_there_is() {
    let nothing = idl(&[]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stdout(&nothing).is_empty());
    assert!(stderr(&nothing).contains("\n  import-chats "), "{}", stderr(&nothing));
}

#[test]
fn an_unknown_task_ends_in_one_line() {
    let unknown = idl(&["prepair"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(stderr(&unknown), "error: unrecognized subcommand 'prepair' (--help tells more)\n");
}

#[test]
fn shells_can_complete() {
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef idl"), ("fish", "complete -c")]
    {
        let script = idl(&["completions", shell]);
        assert!(script.status.success());
        assert!(stdout(&script).contains(sign), "{shell}");
        assert!(stdout(&script).contains("import-chats"), "{shell}");
    }
}
