//! rust-bert's models behind our traits.
//!
//! Configurations are read and weights are checked here, by name and shape,
//! before rust-bert sees them: it panics on some files that are not what it
//! expects.

mod encoder;
mod gpt2;
mod labels;
mod nli;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tch::nn::VarStore;
use tch::{Kind, no_grad};
use tokenizers::{Tokenizer, TruncationParams};

pub use encoder::RustBertEncoder;
pub use gpt2::Gpt2Generator;
pub use nli::{NliClassifier, NliProbabilities};

use crate::encoder::EncoderOptions;
use crate::error::{Error, Result};
use crate::weights::Weights;

/// Runs rust-bert's code and makes an error of its panics (which the panic hook
/// has by then reported).
fn guarded<T, E>(run: impl FnOnce() -> Result<T, E>) -> Result<T>
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

/// rust-bert's classifiers and GPT-2 are run in 32 bits.
fn check_kind(options: &EncoderOptions) -> Result<()> {
    if options.kind == Kind::Float {
        return Ok(());
    }
    let found = format!("{:?}", options.kind);
    Err(Error::Option { field: "kind", found, expected: "Float" })
}

/// Reads `tokenizer.json`, to cut at `max_tokens`, if any, and not to pad.
fn load_tokenizer(path: &Path, max_tokens: Option<usize>) -> Result<Tokenizer> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let refused = |source| Error::TokenizerFile { path: path.to_owned(), source };
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(refused)?;
    let truncation =
        max_tokens.map(|max_length| TruncationParams { max_length, ..TruncationParams::default() });
    tokenizer.with_truncation(truncation).map_err(refused)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// Fills a model's variables, but for those that are `constant`, from a
/// checkpoint, which must hold them and, beside them, no more than `unused`
/// tensors. Where the checkpoint lacks the variables' common `prefix`, it is
/// thought of as there.
fn fill(
    store: &mut VarStore,
    path: &Path,
    prefix: &str,
    constant: impl Fn(&str) -> bool,
    unused: impl Fn(&str) -> bool,
    options: &EncoderOptions,
) -> Result<()> {
    let mut weights = Weights::open(path)?;
    if !prefix.is_empty() {
        weights.strip(prefix);
    }
    weights.ignore(unused);
    let variables: BTreeMap<String, tch::Tensor> = store
        .variables()
        .into_iter()
        .map(|(name, t)| (name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name), t))
        .filter(|(name, _)| !constant(name))
        .collect();
    weights.check(&variables.iter().map(|(name, t)| (name.clone(), t.size())).collect())?;
    store.freeze();
    for (name, mut variable) in variables {
        let tensor = weights.take(&name, options)?;
        no_grad(|| variable.f_copy_(&tensor))?;
    }
    Ok(())
}
