//! `demo` and `test`, with a stand-in for cargo.

use std::fs;

use crate::machine::{Machine, ok, refusal, text};

#[test]
fn the_demo_is_run_where_the_user_is_and_its_exit_code_kept() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    machine.program("cargo", &format!("echo \"$*|$LIBTORCH|$PWD\" >> '{}'\nexit 2", log.display()));
    let mut command = machine.xtask(&["demo", "--", "--data", "a b"]);
    command.env("LIBTORCH", machine.cache().join("libtorch-2.11.0-cpu"));
    fs::create_dir(machine.path("repo/sub")).unwrap();
    let output = command.current_dir(machine.path("repo/sub")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let said = fs::read_to_string(log).unwrap();
    // LIBTORCH comes from libtorch.toml, as for plain cargo.
    let wanted = "run --release --package idl-cli -- demo --data a b||";
    assert!(said.starts_with(wanted), "{said}");
    assert!(said.trim_end().ends_with("repo/sub"), "{said}");
}

#[test]
fn test_runs_the_steps_and_ends_with_the_sum() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    let script = format!(
        "echo \"$*|$RUSTFLAGS|$CARGO_ENCODED_RUSTDOCFLAGS\" >> '{}'\n\
         [ \"$1\" = test ] && echo 'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured'\n\
         exit 0",
        log.display()
    );
    machine.program("cargo", &script);
    let mut command = machine.xtask(&["test"]);
    let output = command.env("IDL_ENCODER", machine.encoder()).output().unwrap();
    ok(&output);
    let stdout = String::from_utf8_lossy(&output.stdout);
    // One of the workspace, one of the benches, one for each crate alone.
    assert_eq!(stdout.lines().last(), Some("22 passed, 0 failed"), "{stdout}");
    let log = fs::read_to_string(log).unwrap();
    for step in [
        "fmt --all --check|",
        "clippy --workspace --all-targets -- -D warnings|",
        "test --workspace|",
        "test --workspace --bench *|",
        "doc --workspace --no-deps||-D\u{1f}warnings",
        "package --workspace --offline --allow-dirty --exclude idl-benches ",
        "build --package idl-convED --no-default-features|",
        "test --package idl-convED --no-default-features|",
    ] {
        assert!(log.lines().any(|line| line.starts_with(step)), "{step} not in {log}");
    }
}

#[test]
fn the_users_rustflags_are_kept_and_explained() {
    let machine = Machine::new();
    machine.set_up();
    let log = machine.path("log");
    machine.program("cargo", &format!("echo \"$CARGO_ENCODED_RUSTFLAGS\" >> '{}'", log.display()));
    let mut command = machine.xtask(&["demo"]);
    let output = command.env("RUSTFLAGS", "-C target-cpu=native").output().unwrap();
    ok(&output);
    assert!(text(&output).contains("warning: RUSTFLAGS is set"), "{}", text(&output));
    let flags = fs::read_to_string(log).unwrap();
    let wanted = format!(
        "-C\u{1f}target-cpu=native\u{1f}-C\u{1f}link-arg=-Wl,-rpath,{}/lib\n",
        machine.cache().join("libtorch-2.11.0-cpu").display()
    );
    assert_eq!(flags, wanted);
}

#[test]
fn the_first_failing_step_ends_the_run_and_is_named() {
    let machine = Machine::new();
    machine.set_up();
    machine.program(
        "cargo",
        "[ \"$1\" = test ] && echo 'test result: FAILED. 2 passed; 1 failed;' && exit 101\nexit 0",
    );
    let mut command = machine.xtask(&["test"]);
    let output = command.env("IDL_ENCODER", machine.encoder()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("step `test` failed") && !text.contains(" bench ("), "{text}");
}

#[test]
fn a_missing_component_is_explained_before_anything_is_fetched() {
    let machine = Machine::new();
    machine.program("cargo", "[ \"$1\" = clippy ] && exit 1\nexit 0");
    let said = refusal(&mut machine.xtask(&["test"]));
    assert!(said.contains("clippy is missing; run: rustup component add"), "{said}");
    assert!(!machine.cache().exists());
}
