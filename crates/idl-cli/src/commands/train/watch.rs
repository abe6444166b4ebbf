//! What a run shows while it goes on: log, progress bar, and Ctrl-C.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::progress::{self, Progress};
use idl::dialogue::BoxError;
use idl::train::checkpoint::{Change, one_line};
use idl::train::log::{LogRecord, TrainLog, metric};
use idl::train::{Callback, Step};

/// Writes the log, and ends the run where the user asks for it.
pub(crate) struct Watch {
    log: TrainLog,
    bar: Progress,
    interrupted: Arc<AtomicBool>,
    evaluated: String,
}

impl Watch {
    pub(crate) fn new(log: TrainLog, total: u64) -> Result<Self, BoxError> {
        // Once a process, which may train in several stages.
        static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
        let interrupted = match INTERRUPTED.get() {
            Some(interrupted) => Arc::clone(interrupted),
            None => {
                let flag = Arc::new(AtomicBool::new(false));
                let interrupted = Arc::clone(&flag);
                ctrlc::set_handler(move || {
                    if flag.swap(true, Ordering::SeqCst) {
                        // A second Ctrl-C does not wait for the checkpoint.
                        std::process::exit(130);
                    }
                    eprintln!("\nstopping after this step");
                })?;
                Arc::clone(INTERRUPTED.get_or_init(|| interrupted))
            }
        };
        let bar = progress::bar("training", total);
        Ok(Watch { log, bar, interrupted, evaluated: String::new() })
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether the user has asked for the end.
    fn flow(&self) -> ControlFlow<()> {
        let stop = self.interrupted.load(Ordering::SeqCst);
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> idl::train::Result<ControlFlow<()>> {
        self.log.log(step.record)?;
        let read = |name| step.record.get(name).unwrap_or(f64::NAN);
        let speed = read(metric::TOKENS_PER_SECOND);
        let mut message = format!("loss {:.3}, {speed:.0} tokens/s", read(metric::LOSS));
        if let Some(accuracy) = step.record.get(metric::REWARDS_ACCURACIES) {
            message.push_str(&format!(", rewards ordered {:.0} %", 100.0 * accuracy));
        }
        self.bar.set_message(format!("{message}{}", self.evaluated));
        self.bar.set_position(step.record.step);
        Ok(self.flow())
    }

    fn on_resume(&mut self, step: u64, epoch: f64, changes: &[Change]) -> idl::train::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        eprintln!("changed since the checkpoint: {}", one_line(changes));
        self.log.log(&LogRecord { changed: changes.to_vec(), ..LogRecord::new(step, epoch) })
    }

    fn on_evaluation(
        &mut self,
        record: &LogRecord,
        best: bool,
    ) -> idl::train::Result<ControlFlow<()>> {
        self.log.log(record)?;
        let loss = record.get("eval_loss").unwrap_or(f64::NAN);
        self.evaluated = format!(", eval {loss:.3}{}", if best { " (best)" } else { "" });
        Ok(self.flow())
    }

    fn on_reference(&mut self, done: usize, total: usize) -> idl::train::Result<ControlFlow<()>> {
        self.bar.set_message(format!("reference: {done} of {total} dialogues"));
        Ok(self.flow())
    }

    fn on_save(&mut self, _: &Path) -> idl::train::Result<()> {
        self.log.sync()
    }
}
