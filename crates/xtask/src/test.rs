//! `cargo xtask test`: every check, in one command.
//!
//! All steps use one profile and the same flags for rustc, and those that need
//! torch select the whole workspace, so that torch is compiled once.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::options::{SetupOptions, TestOptions};
use crate::process::say;
use crate::tally::Tally;
use crate::{package, process, setup};

/// Crates that must build and pass their tests alone, without torch and
/// without default features.
const TORCH_FREE: [&str; 9] = [
    "idl-dialogue",
    "idl-corpora",
    "idl-convED",
    "idl-cluster",
    "idl-encoder",
    "idl-order",
    "idl-metrics",
    "idl-persona-ext",
    "idl-store",
];

/// Some cargo commands under one name.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    what: &'static str,
    commands: Vec<Vec<&'static str>>,
}

/// The steps, quick ones first.
pub(crate) fn steps() -> Vec<Step> {
    let step = |name, what, command: &[&'static str]| Step {
        name,
        what,
        commands: vec![command.to_vec()],
    };
    let alone = TORCH_FREE.iter().flat_map(|package| {
        ["build", "test"].map(|c| vec![c, "--package", package, "--no-default-features"])
    });
    let mut packages = package::arguments();
    packages.push("--no-verify");
    vec![
        step("fmt", "format", &["fmt", "--all", "--check"]),
        step(
            "clippy",
            "lints, warnings denied",
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        ),
        step("test", "all tests and doctests", &["test", "--workspace"]),
        // `cargo test` runs a criterion bench once, without measuring.
        step("bench", "benches in test mode", &["test", "--workspace", "--bench", "*"]),
        step("doc", "documentation, warnings denied", &["doc", "--workspace", "--no-deps"]),
        step("package", "what would be published, not built again", &packages),
        Step { name: "alone", what: "each torch-free crate alone", commands: alone.collect() },
    ]
}

/// Sets up what is missing and runs the steps; the first that fails ends it.
pub(crate) fn run(root: &Path, options: &TestOptions) -> Result<()> {
    let mut steps = steps();
    if !options.only.is_empty() {
        steps.retain(|step| options.only.iter().any(|name| name == step.name));
    }
    if options.list {
        for step in &steps {
            say(&format!("{:<7} {}", step.name, step.what));
            for command in &step.commands {
                say(&format!("          cargo {}", command.join(" ")));
            }
        }
        return Ok(());
    }
    check_components(&steps)?;
    let config = setup::run(root, &SetupOptions { keep: true, ..SetupOptions::default() })?;

    let begin = Instant::now();
    let mut tally = Tally::default();
    // Printed again at the end: those of the main step, or of what was chosen.
    let mut closing = Vec::new();
    let mut times = Vec::new();
    let of = steps.len();
    for (n, step) in steps.iter().enumerate() {
        eprintln!("\n=== {} of {of}: {} ({}) ===", n + 1, step.name, step.what);
        let start = Instant::now();
        run_step(root, &config, step, &mut tally)?;
        times.push((step.name, start.elapsed()));
        eprintln!("=== {}: ok, {} ===", step.name, time(start.elapsed()));
        if closing.is_empty() || step.name == "test" {
            closing.clone_from(&tally.lines);
        }
    }

    eprintln!();
    for (name, elapsed) in times {
        say(&format!("step {name:<7} ok {:>8}", time(elapsed)));
    }
    say(&format!("all steps ok in {}", time(begin.elapsed())));
    for line in closing {
        say(&line);
    }
    say(&format!("{} passed, {} failed", tally.passed, tally.failed));
    Ok(())
}

fn run_step(root: &Path, config: &Config, step: &Step, tally: &mut Tally) -> Result<()> {
    for args in &step.commands {
        eprintln!("$ cargo {}", args.join(" "));
        let mut command = process::cargo(Some(config))?;
        command.current_dir(root).args(args);
        if step.name == "doc" {
            process::add_rustdoc_flags(&mut command, &["-D", "warnings"]);
        }
        let status = process::stream(&mut command, tally)?;
        if !status.success() {
            return Err(Error::Step {
                name: step.name.to_owned(),
                status: status.to_string(),
                command: format!("cargo {}", args.join(" ")),
            });
        }
    }
    Ok(())
}

fn check_components(steps: &[Step]) -> Result<()> {
    for component in ["fmt", "clippy"] {
        if steps.iter().any(|s| s.name == component) && !has_component(component) {
            let name = if component == "fmt" { "rustfmt" } else { "clippy" };
            return Err(Error::Component(name));
        }
    }
    Ok(())
}

/// Whether `cargo fmt` or `cargo clippy` can run.
pub(crate) fn has_component(component: &str) -> bool {
    process::cargo(None).is_ok_and(|mut command: Command| {
        command.args([component, "--version"]);
        command.stdin(std::process::Stdio::null());
        command.output().is_ok_and(|out| out.status.success())
    })
}

fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = elapsed.as_secs();
    format!("{} min {:02} s", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_torch_free_crate_is_built_and_tested() {
        let steps = steps();
        let alone = steps.iter().find(|s| s.name == "alone").unwrap();
        assert_eq!(alone.commands.len(), 2 * TORCH_FREE.len());
    }

    #[test]
    fn times_are_read_easily() {
        assert_eq!(time(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 05 s");
    }
}
