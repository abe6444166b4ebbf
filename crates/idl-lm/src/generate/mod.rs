//! Generation: prompts in, replies out.

mod batch;
mod conversation;
mod lanes;
mod params;
mod prompt_cache;
mod reply;
mod rsa;
mod sampling;
mod stop;
mod stream;

use idl_dialogue::{BoxError, GenerationParams, TextGenerator};

pub use batch::Request;
pub use conversation::Conversation;
pub use params::DecodingParams;
pub use prompt_cache::PromptCache;
pub use reply::{FinishReason, Generation, OnPiece, Piece};
pub use rsa::RsaParams;

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
    /// Continues `prompt`.
    ///
    /// The prompt is computed once; each new token then costs one step over the
    /// cached keys and values.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty prompt or unknown ids, [`Error::TooLong`]
    /// for a prompt that leaves no position for a reply, [`Error::Generation`]
    /// for parameters out of range or logits that are no numbers.
    pub fn generate_ids(
        &self,
        prompt: &[i64],
        params: impl Into<DecodingParams>,
    ) -> Result<Generation> {
        let request = Request { prompt: prompt.to_vec(), params: params.into() };
        let replies = self.generate_batch(&[request], &mut reply::silent)?;
        replies.into_iter().next().ok_or_else(|| Error::Input("no reply".to_owned()))
    }

    /// Refuses a prompt that cannot be continued.
    fn check_prompt(&self, prompt: &[i64]) -> Result<()> {
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

impl TextGenerator for Generator<'_> {
    /// Every prompt gets the same seed, so that its continuation does not
    /// depend on the other prompts.
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError> {
        let params = DecodingParams::from(params);
        let request = |prompt: &&str| -> Result<Request> {
            Ok(Request { prompt: self.tokenizer.encode(prompt)?, params: params.clone() })
        };
        let requests = prompts.iter().map(request).collect::<Result<Vec<_>>>()?;
        let replies = self.generate_batch(&requests, &mut reply::silent)?;
        Ok(replies.into_iter().map(|reply| reply.text).collect())
    }
}
