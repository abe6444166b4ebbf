//! `cargo xtask doctor`: what is here, and what to do for each thing missing.

use std::fs;
use std::path::Path;

use crate::cache::{self, Cache};
use crate::config::{Config, Source};
use crate::process::{output, say};
use crate::{cuda, encoder, fetch, libtorch, setup, test};

/// Collects lines; remembers whether something that is needed is missing.
#[derive(Debug, Default)]
struct Report {
    lacking: bool,
}

impl Report {
    fn ok(&self, name: &str, text: &str) {
        say(&format!("ok      {name:<14} {text}"));
    }

    fn note(&self, name: &str, text: &str) {
        say(&format!("note    {name:<14} {text}"));
    }

    fn lacks(&mut self, name: &str, text: &str, todo: &str) {
        self.lacking = true;
        say(&format!("MISSING {name:<14} {text}\n        {:<14} -> {todo}", ""));
    }
}

/// Prints the report and returns the exit code: 1 if something is missing.
pub(crate) fn run(root: &Path) -> u8 {
    let mut report = Report::default();
    rust(&mut report);
    python(&report);
    let config = Config::load(root);
    checkout(root, config.as_ref(), &mut report);
    if let Some(config) = &config {
        libtorch(config, &mut report);
        for warning in setup::warnings(config) {
            report.note("environment", &warning);
        }
    }
    gpu(config.as_ref(), &mut report);
    encoder(config.as_ref(), &mut report);
    threads(&report);
    cache_folder(&mut report);
    if report.lacking {
        say("\nSomething is missing: follow the arrows, then run this again.");
    } else {
        say("\nAll is well.");
    }
    u8::from(report.lacking)
}

fn rust(report: &mut Report) {
    let needed = (1, 95);
    match output("rustc", &["--version"]) {
        Some(text) if minor_version(&text).is_some_and(|v| v >= needed) => {
            report.ok("rustc", &text);
        }
        Some(text) => report.lacks("rustc", &format!("{text}; 1.95 is needed"), "rustup update"),
        None => report.lacks("rustc", "cannot be run", "install Rust from https://rustup.rs"),
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match output(cargo, &["--version"]) {
        Some(text) => report.ok("cargo", &text),
        None => report.lacks("cargo", "cannot be run", "install Rust from https://rustup.rs"),
    }
    for (name, component) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if test::has_component(component) {
            report.ok(name, "present");
        } else {
            report.lacks(
                name,
                "`cargo xtask test` needs it",
                &format!("rustup component add {name}"),
            );
        }
    }
    match output("c++", &["--version"]) {
        Some(text) => report.ok("C++ compiler", text.lines().next().unwrap_or_default()),
        None => report.lacks(
            "C++ compiler",
            "torch-sys compiles its bindings with c++",
            "install g++ (Debian, Ubuntu: apt-get install g++)",
        ),
    }
}

/// `(1, 95)` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn minor_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn python(report: &Report) {
    match output("python3", &["--version"]) {
        Some(text) => report.ok("python3", &text),
        None => report.note("python3", "none; set-up takes libtorch's own archive through curl"),
    }
    match fetch::python_with_pip() {
        Some(python) => {
            let text = output(python, &["-m", "pip", "--version"]).unwrap_or_default();
            report.ok("pip", &text);
        }
        None => report.note("pip", "none; the sentence encoder cannot be fetched without it"),
    }
}

fn checkout(root: &Path, config: Option<&Config>, report: &mut Report) {
    let path = Config::path(root);
    match config {
        Some(config) => {
            let source = match config.source {
                Source::Cache => "libtorch from the cache folder",
                Source::User => "a libtorch of your own",
                Source::Python => "libtorch of python3's torch",
            };
            report.ok("set-up", &format!("{}: {source}", path.display()));
        }
        None if path.exists() => {
            report.lacks(
                "set-up",
                &format!("{} names no libtorch", path.display()),
                "cargo xtask setup",
            );
        }
        None => report.lacks("set-up", "not done in this checkout", "cargo xtask setup"),
    }
    let include = fs::read_to_string(root.join(".cargo/config.toml")).unwrap_or_default();
    if !include.contains("libtorch.toml") {
        report.lacks(
            "cargo config",
            ".cargo/config.toml does not include libtorch.toml",
            "git checkout .cargo/config.toml",
        );
    }
}

fn libtorch(config: &Config, report: &mut Report) {
    if let Some(other) = libtorch::user_choice(Some(config)) {
        report.note(
            "LIBTORCH",
            &format!(
                "is set to {}, which plain cargo prefers; the next set-up takes it over",
                other.display()
            ),
        );
    }
    let dir = &config.libtorch;
    if let Err(error) = libtorch::validate(dir, "", "run: cargo xtask setup") {
        report.lacks("libtorch", &error.to_string(), "cargo xtask setup");
        return;
    }
    let version = libtorch::version_of(dir).unwrap_or_else(|| "unknown version".into());
    let kind = if dir.join("lib/libtorch_cuda.so").exists() { "CUDA" } else { "CPU" };
    report.ok(
        "libtorch",
        &format!("{version}, {kind}, {} (tch 0.24 expects {})", dir.display(), libtorch::VERSION),
    );
    abi(dir, report);
}

/// torch-sys compiles for the C++11 ABI unless told otherwise.
fn abi(dir: &Path, report: &mut Report) {
    const NEW: &[u8] = b"St7__cxx1112basic_string";
    let wants_new = std::env::var("LIBTORCH_CXX11_ABI").map_or(true, |v| v == "1");
    let Ok(bytes) = fs::read(dir.join("lib/libc10.so")) else { return };
    let has_new = bytes.windows(NEW.len()).any(|window| window == NEW);
    let name = |new| if new { "C++11" } else { "pre-C++11" };
    if has_new == wants_new {
        report.ok("ABI", name(has_new));
    } else {
        report.lacks(
            "ABI",
            &format!(
                "libtorch has the {} ABI, torch-sys is told {}",
                name(has_new),
                name(wants_new)
            ),
            if has_new {
                "unset LIBTORCH_CXX11_ABI"
            } else {
                "use a libtorch with the C++11 ABI, or set LIBTORCH_CXX11_ABI=0"
            },
        );
    }
}

fn gpu(config: Option<&Config>, report: &mut Report) {
    let smi = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
    let driver = output("nvidia-smi", &smi).filter(|text| !text.is_empty());
    let library = output("ldconfig", &["-p"]).is_some_and(|text| text.contains("libcuda.so"));
    match (driver, library) {
        (Some(text), _) => report.ok("GPU", &text.replace('\n', "; ")),
        (None, true) => report.note("GPU", "libcuda.so is here, but nvidia-smi finds no GPU"),
        (None, false) => report.note("GPU", "no CUDA driver; programs run on the CPU"),
    }
    let link = config.and_then(|c| c.link.as_deref());
    if link.is_some_and(|link| !link.join("lib/libtorch_cuda.so").exists()) {
        report.lacks("CUDA", "the folder to link through is gone", "cargo xtask setup --cuda");
    } else if link.is_some() {
        report.ok("CUDA", "programs are linked with libtorch_cuda");
    } else {
        let how = match cuda::python_torch() {
            Ok(dir) => format!("`cargo xtask setup --cuda` would use {}", dir.display()),
            Err(_) => "`cargo xtask setup --cuda` needs python3's torch 2.11.0 or LIBTORCH".into(),
        };
        report.note("CUDA", &format!("not linked; {how}"));
    }
}

fn encoder(config: Option<&Config>, report: &mut Report) {
    match config.and_then(|c| c.encoder.as_deref()) {
        None => report.lacks("encoder", "not set up; tests need it", "cargo xtask setup"),
        Some(dir) => match encoder::missing(dir) {
            None => report.ok("encoder", &dir.display().to_string()),
            Some(file) => {
                let text = format!("{} has no {file}", dir.display());
                report.lacks("encoder", &text, "cargo xtask setup");
            }
        },
    }
}

fn threads(report: &Report) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("{cores} cores");
    for name in ["OMP_NUM_THREADS", "RAYON_NUM_THREADS"] {
        if let Ok(value) = std::env::var(name) {
            text += &format!(", {name}={value}");
        }
    }
    report.ok("threads", &text);
}

fn cache_folder(report: &mut Report) {
    let cache = match Cache::locate() {
        Ok(cache) => cache,
        Err(error) => return report.lacks("cache folder", &error.to_string(), "set IDL_CACHE_DIR"),
    };
    let free = cache::free_bytes(cache.root())
        .map_or_else(|| "unknown".into(), |bytes| format!("{} MB", bytes / 1_000_000));
    let holds = match libtorch::cached(&cache) {
        Some(_) => "holds libtorch",
        None => "holds no libtorch",
    };
    let text = format!("{} ({holds}; {free} free)", cache.root().display());
    report.ok("cache folder", &text);
}

#[cfg(test)]
mod tests {
    use super::minor_version;

    #[test]
    fn rustc_versions() {
        assert_eq!(minor_version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(minor_version("rustc 1.96.0-nightly (x)"), Some((1, 96)));
        assert_eq!(minor_version("rustc"), None);
    }
}
