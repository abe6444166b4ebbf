//! Progress on stderr.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is printed where stderr is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// A bar of `len` steps with the time left. Where stderr is no terminal (a log
/// file, CI) there is a line now and then instead: see [`Progress::set_position`].
#[must_use]
pub(crate) fn bar(name: &str, len: u64) -> Progress {
    let bar = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
    let template = "{prefix:<24} {wide_bar} {pos}/{len} {msg} {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    let lines = !std::io::stderr().is_terminal();
    Progress { bar, lines, printed: std::cell::Cell::new(Duration::ZERO) }
}

/// A progress bar, or lines.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    lines: bool,
    /// When the last line was printed, since the start.
    printed: std::cell::Cell<Duration>,
}

impl Progress {
    /// So many steps are done.
    pub(crate) fn set_position(&self, done: u64) {
        self.bar.set_position(done);
        let elapsed = self.bar.elapsed();
        if self.lines && elapsed.saturating_sub(self.printed.get()) >= LINE_EVERY {
            self.printed.set(elapsed);
            let left = elapsed.mul_f64(
                self.bar.length().unwrap_or(done).saturating_sub(done) as f64 / done.max(1) as f64,
            );
            eprintln!(
                "{} {done}/{} {}, {} s left",
                self.bar.prefix(),
                self.bar.length().unwrap_or(done),
                self.bar.message(),
                left.as_secs()
            );
        }
    }

    /// What to say beside the bar.
    pub(crate) fn set_message(&self, message: String) {
        self.bar.set_message(message);
    }

    /// Done: the bar goes, what follows takes its place.
    pub(crate) fn finish_and_clear(&self) {
        self.bar.finish_and_clear();
    }
}
