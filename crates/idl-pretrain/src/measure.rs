//! Measures at every evaluation of a run.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;

use idl_lm::CausalLm;
use idl_train::checkpoint::Change;
use idl_train::log::{LogRecord, metric};
use idl_train::{Callback, Step};

use crate::error::Result;

/// Something that is measured on a model, under one name or several.
pub trait Measure: fmt::Debug {
    /// Names, such as `copy/first`, and values.
    ///
    /// # Errors
    /// The model's.
    fn measure(&self, model: &CausalLm) -> Result<Vec<(String, f64)>>;
}

/// Watches a run as `inner` does, and adds measures to every evaluation, with
/// `eval_` before their names.
pub struct Measuring<'a> {
    inner: &'a mut dyn Callback,
    measures: &'a [&'a dyn Measure],
}

impl<'a> Measuring<'a> {
    /// `inner` with these measures.
    pub fn new(inner: &'a mut dyn Callback, measures: &'a [&'a dyn Measure]) -> Self {
        Measuring { inner, measures }
    }
}

impl fmt::Debug for Measuring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measuring").field("measures", &self.measures).finish_non_exhaustive()
    }
}

impl Callback for Measuring<'_> {
    fn on_step(&mut self, step: &Step<'_>) -> idl_train::Result<ControlFlow<()>> {
        self.inner.on_step(step)
    }

    fn on_resume(&mut self, step: u64, epoch: f64, changes: &[Change]) -> idl_train::Result<()> {
        self.inner.on_resume(step, epoch, changes)
    }

    fn on_reference(&mut self, done: usize, total: usize) -> idl_train::Result<ControlFlow<()>> {
        self.inner.on_reference(done, total)
    }

    fn measure(&mut self, model: &CausalLm, record: LogRecord) -> idl_train::Result<LogRecord> {
        let mut record = self.inner.measure(model, record)?;
        for measure in self.measures {
            for (name, value) in measure.measure(model)? {
                record = record.with(format!("{}{name}", metric::EVAL_PREFIX), value);
            }
        }
        Ok(record)
    }

    fn on_evaluation(
        &mut self,
        record: &LogRecord,
        best: bool,
    ) -> idl_train::Result<ControlFlow<()>> {
        self.inner.on_evaluation(record, best)
    }

    fn on_save(&mut self, checkpoint: &Path) -> idl_train::Result<()> {
        self.inner.on_save(checkpoint)
    }
}
