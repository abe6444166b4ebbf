//! Which tests are property tests: those inside `proptest! { .. }`, and those that
//! feed damaged files to readers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The property tests of a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) package: String,
    /// Names as libtest filters by them.
    pub(crate) tests: BTreeSet<String>,
}

/// What stands for all tests of damaged files: their module.
const DAMAGED_FILES: &str = "budget::";

/// The packages that have any, in the order of their folders.
pub(crate) fn find(root: &Path) -> Result<Vec<Suite>> {
    let mut packages: Vec<PathBuf> = entries(&root.join("crates"))?;
    packages.extend(["examples", "benches", "tests"].map(|name| root.join(name)));
    let mut suites = Vec::new();
    for dir in packages.into_iter().filter(|dir| dir.join("Cargo.toml").is_file()) {
        let mut tests = BTreeSet::new();
        for part in ["src", "tests"] {
            collect(&dir.join(part), &mut tests)?;
        }
        if !tests.is_empty() {
            let manifest = read(&dir.join("Cargo.toml"))?;
            suites.push(Suite { package: name(&manifest).unwrap_or_default().to_owned(), tests });
        }
    }
    Ok(suites)
}

/// The package's name.
fn name(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
    line.strip_suffix('"')
}

fn collect(dir: &Path, tests: &mut BTreeSet<String>) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for path in entries(dir)? {
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            tests.extend(properties(&read(&path)?).map(str::to_owned));
            if path.ends_with("budget.rs") {
                tests.insert(DAMAGED_FILES.to_owned());
            }
        }
    }
    Ok(())
}

/// The names of the functions in the blocks of `proptest!`. The code is formatted:
/// a block ends where a brace is as far to the left as its beginning.
fn properties(code: &str) -> impl Iterator<Item = &str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut block: Option<usize> = None;
    code.lines().filter_map(move |line| {
        match block {
            None if line.trim_start().starts_with("proptest! {") => block = Some(indent(line)),
            Some(left) if line.trim() == "}" && indent(line) == left => block = None,
            Some(_) => {
                let rest = line.trim_start().strip_prefix("fn ")?;
                return rest.split('(').next();
            }
            None => {}
        }
        None
    })
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| Error::Io { action: "read", path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort_unstable();
    Ok(paths)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_inside_the_blocks_are_found_and_no_others() {
        let code = "fn before() {}\n    proptest! {\n        #[test]\n        fn first(\n            n: u8,\n        ) {\n            if n > 0 {\n            }\n        }\n\n        #[test]\n        fn second(n: u8) {}\n    }\n    fn after() {}\n";
        assert_eq!(properties(code).collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn the_workspace_has_some_in_most_crates() {
        let suites = find(&crate::process::workspace_root()).unwrap();
        let of = |package: &str| suites.iter().find(|s| s.package == package);
        assert!(of("idl-corpora").is_some_and(|s| s.tests.contains(DAMAGED_FILES)));
        assert!(of("idl-corpora").is_some_and(|s| s.tests.contains("sessions_survive")));
        assert!(of("idl-lm").is_some() && of("idl-tests").is_some(), "{suites:?}");
    }

    /// What makes the README's command dependable.
    #[test]
    fn property_tests_draw_the_same_cases_in_every_run() {
        use proptest::test_runner::{Config, RngSeed};
        assert!(std::env::var_os("PROPTEST_RNG_SEED").is_some(), "see .cargo/config.toml");
        assert!(matches!(Config::default().rng_seed, RngSeed::Fixed(_)));
    }
}
