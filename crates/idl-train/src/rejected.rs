//! Where the reply that ranks last is from.

use std::collections::HashMap;
use std::fmt;

use idl_dialogue::{GenerationParams, TextGenerator, Utterance};
use idl_lm::ChatTokenizer;

use crate::data::{RejectedKind, first_that_fits, prompt_tokens};
use crate::error::{Error, Result};

/// What a corpus offers beside the true replies, in the corpus's order, by
/// session id and the position of the reply among the session's messages. The
/// true reply may be among them.
pub type Candidates = HashMap<(String, usize), Vec<String>>;

/// Where the rejected replies of a
/// [`PreferenceCorpus`](crate::PreferenceCorpus) are from.
#[derive(Clone, Copy, Default)]
pub enum RejectedSource<'a> {
    /// [`RejectedKind::Distractor`].
    #[default]
    Distractor,
    /// [`RejectedKind::Candidate`]: one at random, since most corpora do not
    /// rank theirs (ConvAI2's 19 wrong ones are drawn, not ranked).
    Candidates(&'a Candidates),
    /// [`RejectedKind::PersonaBlind`].
    Generator(PersonaBlind<'a>),
}

/// A model that replies without knowing whose reply it is.
#[derive(Clone, Copy)]
pub struct PersonaBlind<'a> {
    /// The model.
    pub generator: &'a dyn TextGenerator,
    /// Renders the conversation for it.
    pub tokenizer: &'a ChatTokenizer,
    /// The most tokens of a conversation: beyond, its oldest turns go. Leave
    /// room for the reply among the model's positions.
    pub max_prompt_tokens: usize,
    /// How it decodes.
    pub params: GenerationParams,
}

impl RejectedSource<'_> {
    /// What its replies are.
    #[must_use]
    pub fn kind(&self) -> RejectedKind {
        match self {
            RejectedSource::Distractor => RejectedKind::Distractor,
            RejectedSource::Candidates(_) => RejectedKind::Candidate,
            RejectedSource::Generator(_) => RejectedKind::PersonaBlind,
        }
    }
}

impl fmt::Debug for RejectedSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RejectedSource").field(&self.kind()).finish()
    }
}

impl fmt::Debug for PersonaBlind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonaBlind")
            .field("max_prompt_tokens", &self.max_prompt_tokens)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl PersonaBlind<'_> {
    /// What the model says at the positions `replies` of `messages`; `session`
    /// is for errors.
    pub(crate) fn replies(
        &self,
        session: &str,
        messages: &[Utterance],
        replies: &[usize],
    ) -> Result<Vec<String>> {
        let prompts =
            replies.iter().map(|&at| self.prompt(&messages[..at])).collect::<Result<Vec<_>>>()?;
        let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let said = self.generator.generate(&prompts, &self.params).map_err(Error::Generator)?;
        if said.len() != replies.len() {
            return Err(Error::Data(format!(
                "the generator gave {} replies to {} prompts of session {session}",
                said.len(),
                replies.len()
            )));
        }
        Ok(said.into_iter().map(|reply| reply.trim().to_owned()).collect())
    }

    /// The conversation in front of a reply, as much of its end as fits; its
    /// last turn in any case.
    pub(crate) fn prompt(&self, context: &[Utterance]) -> Result<String> {
        let last = context.len().saturating_sub(1);
        let tokens = |gone: usize| prompt_tokens(self.tokenizer, &context[gone..]);
        let gone = first_that_fits(last, self.max_prompt_tokens, tokens)?.unwrap_or(last);
        Ok(self.tokenizer.render(&context[gone..], true)?)
    }
}
