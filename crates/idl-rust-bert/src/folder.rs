//! What the models of transformers' folders have in common.

use std::path::Path;

use idl_encoder::EncoderOptions;
use tch::Kind;
use tokenizers::{Tokenizer, TruncationParams};

use crate::error::{Error, Result};

/// The last component of a path, `.` and links resolved: what a model is called.
pub(crate) fn name_of(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned()
}

/// rust-bert's classifiers and GPT-2 are run in 32 bits.
pub(crate) fn check_kind(options: &EncoderOptions) -> Result<()> {
    if options.kind == Kind::Float {
        return Ok(());
    }
    let found = format!("{:?}", options.kind);
    Err(Error::Option { field: "kind", found, expected: "Float" })
}

/// Reads `tokenizer.json`, to cut at `max_tokens`, if any, and not to pad.
pub(crate) fn load_tokenizer(path: &Path, max_tokens: Option<usize>) -> Result<Tokenizer> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let refused = |source| Error::TokenizerFile { path: path.to_owned(), source };
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(refused)?;
    let truncation =
        max_tokens.map(|max_length| TruncationParams { max_length, ..TruncationParams::default() });
    tokenizer.with_truncation(truncation).map_err(refused)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}
