//! A line on stderr that says how far a long transfer is.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Prints bytes and percent: often and in place on a terminal, seldom and line
/// by line in a log.
#[derive(Debug)]
pub(crate) struct Progress {
    label: String,
    total: Option<u64>,
    terminal: bool,
    last: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(label: impl Into<String>, total: Option<u64>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { label: label.into(), total, terminal, last: Instant::now(), shown: false }
    }

    /// To be called as often as is convenient.
    pub(crate) fn at(&mut self, bytes: u64) {
        let pause = Duration::from_millis(if self.terminal { 250 } else { 5000 });
        if self.last.elapsed() >= pause {
            self.last = Instant::now();
            self.show(bytes);
        }
    }

    fn show(&mut self, bytes: u64) {
        let text = describe(&self.label, bytes, self.total);
        let mut err = std::io::stderr();
        // Nobody to tell is no reason to stop.
        let _ = if self.terminal {
            write!(err, "\r\x1b[K{text}").and_then(|()| err.flush())
        } else {
            writeln!(err, "{text}")
        };
        self.shown = true;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.shown {
            eprintln!();
        }
    }
}

fn describe(label: &str, bytes: u64, total: Option<u64>) -> String {
    let mb = bytes / 1_000_000;
    match total.filter(|&t| t > 0) {
        // pip holds a file twice for a moment: never more than 100 %.
        Some(total) => {
            let bytes = bytes.min(total);
            let (mb, of) = (bytes / 1_000_000, total / 1_000_000);
            format!("  {label}: {mb} of {of} MB ({} %)", bytes * 100 / total)
        }
        None => format!("  {label}: {mb} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn never_beyond_the_whole() {
        assert_eq!(describe("x", 5_000_000, Some(10_000_000)), "  x: 5 of 10 MB (50 %)");
        assert_eq!(describe("x", 20_000_000, Some(10_000_000)), "  x: 10 of 10 MB (100 %)");
        assert_eq!(describe("x", 5_000_000, None), "  x: 5 MB");
        assert_eq!(describe("x", 5_000_000, Some(0)), "  x: 5 MB");
    }
}
