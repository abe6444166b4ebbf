//! What decides where and how cargo builds: its folders, flags and threads.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::folders::probe;
use super::report::Report;

/// `CARGO_HOME` and the target folder, wherever they are.
pub(super) fn folders(report: &mut Report) {
    if let Some(home) = cargo_home() {
        let place = home.display();
        match probe(&home) {
            Ok(()) => report.ok("CARGO_HOME", &place.to_string()),
            // Enough for a build whose crates are all there.
            Err(error) => report.note(
                "CARGO_HOME",
                &format!(
                    "{place} cannot be written to ({error}): cargo can fetch no crates; set \
                     CARGO_HOME to a folder you can write to"
                ),
            ),
        }
    }
    if let Some(target) = target_dir() {
        let place = target.display();
        match probe(&target) {
            Ok(()) => report.ok("target folder", &place.to_string()),
            Err(error) => report.lacks(
                "target folder",
                &format!("{place} cannot be written to: {error}"),
                "make it writable, or set CARGO_TARGET_DIR to a folder that is",
            ),
        }
    }
}

fn set(name: &str) -> Option<PathBuf> {
    let value = env::var_os(name).filter(|v| !v.is_empty())?;
    std::path::absolute(value).ok()
}

fn cargo_home() -> Option<PathBuf> {
    set("CARGO_HOME").or_else(|| Some(set("HOME")?.join(".cargo")))
}

/// The variable's, else the one this program lies in (`target/debug/xtask`),
/// which counts the settings of every config file.
fn target_dir() -> Option<PathBuf> {
    let own = || Some(env::current_exe().ok()?.ancestors().nth(2)?.to_path_buf());
    set("CARGO_TARGET_DIR").or_else(|| set("CARGO_BUILD_TARGET_DIR")).or_else(own)
}

/// Config files whose flags cargo takes in place of those in
/// `.cargo/libtorch.toml`.
pub(super) fn flags(root: &Path, report: &mut Report) {
    let folders = root.ancestors().map(|dir| dir.join(".cargo")).chain(cargo_home());
    let mut files: Vec<_> =
        folders.flat_map(|dir| ["config.toml", "config"].map(|name| dir.join(name))).collect();
    files.sort();
    files.dedup();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if let Some(key) = replacing_key(&text) {
            report.note(
                "cargo config",
                &format!(
                    "{} sets {key}, which replaces the flags of .cargo/libtorch.toml: programs \
                     will not find libtorch; move it to build.rustflags, which is added to them",
                    file.display()
                ),
            );
        }
    }
}

/// The first `target.*.rustflags` that may count on this machine. Looks at
/// lines, not at all of TOML.
fn replacing_key(text: &str) -> Option<String> {
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.split(']').next().unwrap_or_default().trim().to_owned();
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let name = if section.is_empty() { String::new() } else { format!("{section}.") };
        let full = format!("{name}{}", key.trim());
        // `cfg(..)` cannot be judged here; another machine's triple can.
        let ours = full.contains(env::consts::ARCH) || full.contains("cfg(");
        let flags = full.ends_with("rustflags") || value.contains("rustflags");
        if full.starts_with("target.") && ours && flags {
            return Some(full);
        }
    }
    None
}

/// Cores, and the variables that say how many of them are used.
pub(super) fn threads(report: &Report) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("{cores} cores");
    for name in ["OMP_NUM_THREADS", "RAYON_NUM_THREADS"] {
        if let Ok(value) = env::var(name) {
            text += &format!(", {name}={value}");
        }
    }
    report.ok("threads", &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_replace_ours_are_told_from_those_that_do_not() {
        let triple = format!("{}-unknown-linux-gnu", env::consts::ARCH);
        let section = format!("[target.{triple}]\nlinker = 'x'\nrustflags = ['-C', 'x']\n");
        assert_eq!(replacing_key(&section), Some(format!("target.{triple}.rustflags")));
        for text in [
            "[target.'cfg(unix)']\nrustflags = ['x']".to_owned(),
            format!("target.{triple}.rustflags = ['x']"),
            format!("[target]\n{triple} = {{ rustflags = ['x'] }}"),
        ] {
            assert!(replacing_key(&text).is_some(), "{text}");
        }
        for text in [
            "[build]\nrustflags = ['x']",
            "[target.other-cpu]\nrustflags = ['x']",
            "[target.'cfg(unix)']\n# rustflags = ['x']\nlinker = 'mold'",
            "",
        ] {
            assert_eq!(replacing_key(text), None, "{text}");
        }
    }
}
