//! What set-up has left: `.cargo/libtorch.toml`, libtorch, the encoder.

use std::fs;
use std::path::Path;

use super::report::Report;
use crate::cache::Cache;
use crate::config::{Config, Source};
use crate::process::output;
use crate::{cuda, encoder, libtorch};

/// What the next set-up would have to fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) libtorch: bool,
    pub(super) encoder: bool,
}

impl Wanted {
    /// Looks at the variables, at what is recorded and at the cache, as set-up
    /// does.
    pub(super) fn find(config: Option<&Config>, cache: Option<&Cache>) -> Self {
        let recorded = config.is_some_and(|c| libtorch::fault(&c.libtorch).is_none());
        let named = libtorch::user_choice(config).is_some();
        let cached = cache.is_some_and(|c| libtorch::cached(c).is_some());
        Self {
            libtorch: !(recorded || named || cached),
            encoder: encoder::known(config).is_none()
                && cache.is_none_or(|c| encoder::cached(c).is_none()),
        }
    }

    /// The free space that takes.
    pub(super) fn bytes(self) -> u64 {
        // One after the other, each giving back what it needed for a while.
        let libtorch = if self.libtorch { libtorch::BYTES } else { 0 };
        let encoder = if self.encoder { encoder::BYTES } else { 0 };
        libtorch.max(encoder)
    }
}

/// Whether set-up was done in this checkout, and whether cargo reads what it
/// wrote.
pub(super) fn checkout(root: &Path, config: Option<&Config>, report: &mut Report) {
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

/// The libtorch that is recorded, and the one in `LIBTORCH` if it is another.
pub(super) fn libtorch(config: Option<&Config>, report: &mut Report) {
    if let Some(other) = libtorch::user_choice(config) {
        let name = other.display();
        match libtorch::fault(&other) {
            Some(why) => report.lacks(
                "LIBTORCH",
                &format!("is set to {name}, which cannot be used: {why}"),
                "unset LIBTORCH, or name a folder with libtorch 2.11.0",
            ),
            None if config.is_some() => report.note(
                "LIBTORCH",
                &format!(
                    "is set to {name}, which plain cargo prefers; the next set-up takes it over"
                ),
            ),
            None => report.ok("LIBTORCH", &format!("{name}; the next set-up takes it")),
        }
    }
    let Some(config) = config else { return };
    let dir = &config.libtorch;
    if let Some(why) = libtorch::fault(dir) {
        let todo = match config.source {
            Source::Cache => "cargo xtask setup",
            // Plain set-up would refuse: it does not undo the user's choice.
            Source::User => {
                "delete .cargo/libtorch.toml to have libtorch fetched, or set LIBTORCH to a \
                 folder with libtorch 2.11.0; then: cargo xtask setup"
            }
            Source::Python => {
                "python3 -m pip install torch==2.11.0; then: cargo xtask setup --cuda \
                 (or, for the CPU only: cargo xtask setup)"
            }
        };
        report.lacks("libtorch", &format!("{} cannot be used: {why}", dir.display()), todo);
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

/// The driver, and whether programs are linked for it.
pub(super) fn gpu(config: Option<&Config>, report: &mut Report) {
    let smi = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
    let driver = output("nvidia-smi", &smi).filter(|text| !text.is_empty());
    let library = output("ldconfig", &["-p"]).is_some_and(|text| text.contains("libcuda.so"));
    let link = config.and_then(|c| c.link.as_deref());
    // Not an error: programs for a GPU may be built where there is none.
    let without = if link.is_some() {
        "; programs are linked for CUDA and run on the CPU here: install the NVIDIA driver, or go \
         back to the CPU's libtorch by `cargo xtask setup`"
    } else {
        "; programs run on the CPU"
    };
    match (driver, library) {
        (Some(text), _) => report.ok("GPU", &text.replace('\n', "; ")),
        (None, true) => {
            report
                .note("GPU", &format!("libcuda.so is here, but nvidia-smi finds no GPU{without}"));
        }
        (None, false) => report.note("GPU", &format!("no CUDA driver{without}")),
    }
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

/// The sentence encoder.
pub(super) fn encoder(config: Option<&Config>, report: &mut Report) {
    match config.and_then(|c| c.encoder.as_deref()) {
        None => report.lacks("encoder", "not set up; tests need it", "cargo xtask setup"),
        Some(dir) => match encoder::fault(dir) {
            None => report.ok("encoder", &dir.display().to_string()),
            Some(why) => {
                let text = format!("{} cannot be used: {why}", dir.display());
                report.lacks("encoder", &text, "cargo xtask setup");
            }
        },
    }
}
