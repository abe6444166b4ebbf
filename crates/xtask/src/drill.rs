//! `cargo xtask drill`: checks that take longer than a test may, or need what a
//! test must do without. They are run by hand; what they find becomes a test.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::options::{DrillOptions, SetupOptions};
use crate::process::say;
use crate::tally::Tally;
use crate::{package, process, properties, setup};

/// The drills, and what each does.
pub(crate) const DRILLS: [(&str, &str); 2] = [
    ("fresh", "property tests and damaged files with fresh seeds, round after round"),
    ("package", "packages every published crate and builds it from its package"),
];

/// Cases of each property test in a round, whatever number it names itself:
/// proptest lets the variable win. Some take a second for ten cases, and rounds
/// with seeds of their own find more than a few long ones.
const CASES: &str = "256";

/// Damaged files for each reader in a round.
const INPUTS: u64 = 20_000;

/// Runs a drill.
pub(crate) fn run(root: &Path, options: &DrillOptions) -> Result<()> {
    match options.name.as_str() {
        "fresh" => fresh(root, options),
        "package" => build_packages(root),
        // The command line knows the names.
        name => Err(Error::Usage(format!("unknown drill `{name}`"))),
    }
}

/// Rounds with a seed each, until the time is up; the first failure ends them.
fn fresh(root: &Path, options: &DrillOptions) -> Result<()> {
    let suites = properties::find(root)?;
    let tests: usize = suites.iter().map(|suite| suite.tests.len()).sum();
    let config = setup::run(root, &SetupOptions { keep: true, ..SetupOptions::default() })?;
    let (start, time) = (Instant::now(), Duration::from_secs(60 * options.minutes));
    let mut seed = options.seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
    });
    say(&format!(
        "{tests} property tests of {} packages, for {} minutes from seed {seed}",
        suites.len(),
        options.minutes
    ));
    let (mut rounds, mut tally) = (0, Tally::default());
    while rounds == 0 || start.elapsed() < time {
        eprintln!("\n=== round {}, seed {seed} ===", rounds + 1);
        let mut command = process::cargo(Some(&config))?;
        command.current_dir(root).env("PROPTEST_RNG_SEED", seed.to_string());
        command.env("PROPTEST_CASES", CASES).env("IDL_FUZZ_INPUTS", INPUTS.to_string());
        // More cases, and as many more that do not count.
        command.env("PROPTEST_MAX_GLOBAL_REJECTS", "65536");
        command.env("IDL_FUZZ_FROM", (seed << 20).to_string());
        // All packages at once: one alone would have other features, and be
        // compiled anew.
        command.args(["test", "--quiet", "--workspace", "--tests", "--"]);
        command.args(suites.iter().flat_map(|suite| &suite.tests));
        let status = process::stream(&mut command, &mut tally)?;
        if !status.success() {
            return Err(Error::Step {
                name: format!("fresh, seed {seed}"),
                status: status.to_string(),
                command: format!(
                    "PROPTEST_RNG_SEED={seed} PROPTEST_CASES={CASES} cargo test --workspace"
                ),
            });
        }
        rounds += 1;
        seed += 1;
    }
    say(&format!(
        "{rounds} rounds in {} minutes, the last of seed {}; {} passed, {} failed",
        start.elapsed().as_secs() / 60,
        seed - 1,
        tally.passed,
        tally.failed
    ));
    Ok(())
}

/// Builds every published crate from its package, as a user's cargo would: what
/// a package lacks is found here. It takes as long as a first build.
fn build_packages(root: &Path) -> Result<()> {
    let config = setup::run(root, &SetupOptions { keep: true, ..SetupOptions::default() })?;
    let arguments = package::arguments();
    let mut command = process::cargo(Some(&config))?;
    let status = process::status(command.current_dir(root).args(&arguments))?;
    if !status.success() {
        return Err(Error::Step {
            name: "package".to_owned(),
            status: status.to_string(),
            command: format!("cargo {}", arguments.join(" ")),
        });
    }
    Ok(())
}
