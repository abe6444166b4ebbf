//! A model and its tokenizer: what generates.

use crate::error::{Error, Result};
use crate::model::CausalLm;
use crate::tokenizer::ChatTokenizer;

/// A model with its tokenizer: text to text.
///
/// A seed gives the same tokens on the same machine and number of threads.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    /// The model; its active adapter speaks.
    pub model: &'a CausalLm,
    /// The tokenizer of the same checkpoint.
    pub tokenizer: &'a ChatTokenizer,
}

impl Generator<'_> {
    /// Refuses a prompt that cannot be continued.
    pub(crate) fn check_prompt(&self, prompt: &[i64]) -> Result<()> {
        let positions = self.model.config().max_position_embeddings;
        if prompt.is_empty() {
            return Err(Error::Input("the prompt is empty".to_owned()));
        }
        if prompt.len() >= positions {
            return Err(Error::TooLong { tokens: prompt.len() + 1, positions });
        }
        self.model.check_ids(prompt)
    }
}
