//! rust-bert's panics as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

/// Runs rust-bert's code and makes an error of its panics (which the panic hook
/// has by then reported).
pub(crate) fn guarded<T, E>(run: impl FnOnce() -> Result<T, E>) -> Result<T>
where
    Error: From<E>,
{
    // The model is only read: a panic leaves nothing half done in it.
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Ok(result?),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&s| s.to_owned()));
            Err(Error::RustBertPanic(text.unwrap_or_else(|| "without a message".to_owned())))
        }
    }
}
