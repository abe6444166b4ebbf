//! A person's sessions, and a conversation behind them.

use idl_dialogue::Utterance;

use crate::error::Result;
use crate::generate::Generator;
use crate::generate::params::DecodingParams;
use crate::generate::prompt_cache::PromptCache;
use crate::generate::reply::{Generation, OnPiece};

/// A conversation with a person, whose sessions stand before it.
///
/// The sessions are computed once, and each turn only what is new:
///
/// ```no_run
/// # fn talk(model: &idl_lm::CausalLm, tokenizer: &idl_lm::ChatTokenizer) -> idl_lm::Result<()> {
/// use std::ops::ControlFlow;
///
/// use idl_dialogue::Utterance;
/// use idl_lm::{Conversation, DecodingParams, Generator};
///
/// let sessions = vec![vec![Utterance::user("any pets ?"), Utterance::assistant("two owls .")]];
/// let mut person = Conversation::new(Generator { model, tokenizer }, sessions)?;
/// person.prepare()?; // computes the sessions now rather than in the first turn
/// let mut another = person.fork()?; // for another partner
/// let reply = person.say("how are they ?", &DecodingParams::default(), &mut |piece| {
///     print!("{}", piece.text);
///     ControlFlow::Continue(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Conversation<'a> {
    generator: Generator<'a>,
    sessions: Vec<Vec<Utterance>>,
    messages: Vec<Utterance>,
    cache: PromptCache,
}

impl<'a> Conversation<'a> {
    /// A conversation that begins behind `sessions`, in their order.
    ///
    /// # Errors
    /// [`Error::Torch`](crate::Error::Torch) where the memory is not there.
    pub fn new(generator: Generator<'a>, sessions: Vec<Vec<Utterance>>) -> Result<Self> {
        let cache = PromptCache::new(generator.model)?;
        Ok(Conversation { generator, sessions, messages: Vec::new(), cache })
    }

    /// The sessions that still stand before it.
    #[must_use]
    pub fn sessions(&self) -> &[Vec<Utterance>] {
        &self.sessions
    }

    /// What has been said, as far as it still fits.
    #[must_use]
    pub fn messages(&self) -> &[Utterance] {
        &self.messages
    }

    /// The tokens that are computed already.
    #[must_use]
    pub fn cached_tokens(&self) -> usize {
        self.cache.ids().len()
    }

    /// Computes what is there so far; returns how many tokens that took. Leaves
    /// sessions out that do not fit.
    ///
    /// # Errors
    /// As [`say`](Self::say).
    pub fn prepare(&mut self) -> Result<usize> {
        // A quarter of the positions is left to the conversation.
        let reserve = self.positions() / 4;
        while self.said().next().is_some() {
            let ids = self.encode(false)?;
            if ids.len() + reserve <= self.positions() || !self.forget_oldest() {
                return self.cache.fill(self.generator.model, &ids);
            }
        }
        Ok(0)
    }

    /// An independent copy, what is computed included.
    ///
    /// # Errors
    /// [`Error::Torch`](crate::Error::Torch) where the memory is not there.
    pub fn fork(&self) -> Result<Self> {
        Ok(Conversation {
            generator: self.generator,
            sessions: self.sessions.clone(),
            messages: self.messages.clone(),
            cache: self.cache.fork()?,
        })
    }

    /// The partner says `text`; the person's reply. `on_piece` sees it as it
    /// comes, and may end it: what was said until then stays said.
    ///
    /// Where positions run short, whole sessions are left out, the first one
    /// first, then the oldest messages. After an error nothing has been said.
    ///
    /// # Errors
    /// As [`Generator::generate_ids`] and [`ChatTokenizer::render`]; among
    /// them [`Error::TooLong`](crate::Error::TooLong) where the last message alone is too long.
    ///
    /// [`ChatTokenizer::render`]: crate::ChatTokenizer::render
    pub fn say(
        &mut self,
        text: &str,
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation> {
        self.messages.push(Utterance::user(text));
        let reply = self.reply(params, on_piece);
        match &reply {
            Ok(reply) => self.messages.push(Utterance::assistant(&*reply.text)),
            Err(_) => drop(self.messages.pop()),
        }
        reply
    }

    fn reply(&mut self, params: &DecodingParams, on_piece: &mut OnPiece<'_>) -> Result<Generation> {
        let reserve = params.max_new_tokens.min(self.positions() / 4);
        loop {
            let prompt = self.encode(true)?;
            if prompt.len() + reserve <= self.positions() || !self.forget_oldest() {
                let cache = &mut self.cache;
                return self.generator.generate_cached(cache, &prompt, params, on_piece);
            }
        }
    }

    fn positions(&self) -> usize {
        self.generator.model.config().max_position_embeddings
    }

    fn said(&self) -> impl Iterator<Item = &Utterance> {
        self.sessions.iter().flatten().chain(&self.messages)
    }

    fn encode(&self, add_generation_prompt: bool) -> Result<Vec<i64>> {
        let messages: Vec<Utterance> = self.said().cloned().collect();
        self.generator.tokenizer.encode_chat(&messages, add_generation_prompt)
    }

    /// Leaves out the first session or else the oldest message, but never the
    /// last one; whether there was any.
    fn forget_oldest(&mut self) -> bool {
        if !self.sessions.is_empty() {
            self.sessions.remove(0);
            true
        } else if self.messages.len() > 1 {
            self.messages.remove(0);
            true
        } else {
            false
        }
    }
}
