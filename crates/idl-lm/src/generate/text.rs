//! The seam to whoever wants text from any model.

use idl_dialogue::{BoxError, GenerationParams, TextGenerator};

use crate::error::Result;
use crate::generate::batch::Request;
use crate::generate::generator::Generator;
use crate::generate::params::DecodingParams;
use crate::generate::reply;

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
