//! A person's sessions, and a conversation behind them.

use idl_dialogue::Utterance;

use crate::error::Result;
use crate::generate::generator::Generator;
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

    /// Puts other sessions before what has been said. The next turn computes anew
    /// what follows the first token that differs.
    pub fn set_sessions(&mut self, sessions: Vec<Vec<Utterance>>) {
        self.sessions = sessions;
    }

    /// Begins anew: nothing has been said. What is computed of the sessions stays.
    pub fn clear(&mut self) {
        self.messages.clear();
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
    /// sessions out that do not fit, so that a quarter of the positions is left
    /// to the conversation, and then exchanges but for the last one.
    ///
    /// # Errors
    /// As [`say`](Self::say); after one, all is as before.
    pub fn prepare(&mut self) -> Result<usize> {
        let positions = self.positions();
        let budget = Budget { limit: positions - positions / 4, target: positions - positions / 4 };
        let (forgotten, ids) = self.fit(None, budget)?;
        if ids.len() > positions {
            // One exchange of that length: `say` will leave it out.
            return Ok(0);
        }
        let computed = self.cache.fill(self.generator.model, &ids)?;
        self.forget(forgotten);
        Ok(computed)
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
    /// first, then the oldest exchanges, a message with its reply. As many are
    /// left out at once as make a quarter of the room free: what has lost its
    /// beginning must be computed anew, and so every turn would be.
    ///
    /// After an error nothing has been said, and nothing is left out.
    ///
    /// # Errors
    /// As [`Generator::generate_ids`] and [`ChatTokenizer::render`]; among
    /// them [`Error::TooLong`](crate::Error::TooLong) where `text` alone is too long.
    ///
    /// [`ChatTokenizer::render`]: crate::ChatTokenizer::render
    pub fn say(
        &mut self,
        text: &str,
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation> {
        let positions = self.positions();
        // A reply has one token at least.
        let limit = positions - params.max_new_tokens.min(positions / 4).max(1);
        let said = Utterance::user(text);
        let (forgotten, prompt) =
            self.fit(Some(&said), Budget { limit, target: limit - limit / 4 })?;
        let reply = self.generator.generate_cached(&mut self.cache, &prompt, params, on_piece)?;
        self.forget(forgotten);
        self.messages.extend([said, Utterance::assistant(&*reply.text)]);
        Ok(reply)
    }

    fn positions(&self) -> usize {
        self.generator.model.config().max_position_embeddings
    }

    /// What to leave out so that `next` fits behind the rest, and the tokens of
    /// that. Where even all that may go is not enough, that goes. Without `next`
    /// the last exchange takes its place as what must stay.
    fn fit(&self, next: Option<&Utterance>, budget: Budget) -> Result<(Forgotten, Vec<i64>)> {
        let all = self.encode(Forgotten(0), next)?;
        if all.len() <= budget.limit {
            return Ok((Forgotten(0), all));
        }
        let exchanges = self.messages.len() / 2;
        let most = self.sessions.len() + exchanges - usize::from(next.is_none() && exchanges > 0);
        let mut best = (Forgotten(most), self.encode(Forgotten(most), next)?);
        let tokens = best.1.len();
        let Some(enough) = [budget.target, budget.limit].into_iter().find(|&t| tokens <= t) else {
            return Ok(best);
        };
        // The less is left out, the longer: halve what lies between too little
        // and enough.
        let mut too_little = 0;
        while best.0.0 - too_little > 1 {
            let between = too_little + (best.0.0 - too_little) / 2;
            let ids = self.encode(Forgotten(between), next)?;
            if ids.len() <= enough {
                best = (Forgotten(between), ids);
            } else {
                too_little = between;
            }
        }
        Ok(best)
    }

    /// The tokens of what is not forgotten and of `next`, which is replied to.
    fn encode(&self, forgotten: Forgotten, next: Option<&Utterance>) -> Result<Vec<i64>> {
        let (sessions, messages) = self.split(forgotten);
        let sessions = self.sessions.iter().skip(sessions).flatten();
        let rest = sessions.chain(self.messages.iter().skip(messages)).chain(next);
        let rest: Vec<Utterance> = rest.cloned().collect();
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        self.generator.tokenizer.encode_chat(&rest, next.is_some())
    }

    fn forget(&mut self, forgotten: Forgotten) {
        let (sessions, messages) = self.split(forgotten);
        self.sessions.drain(..sessions);
        self.messages.drain(..messages);
    }

    /// How many sessions and how many messages these are.
    fn split(&self, Forgotten(number): Forgotten) -> (usize, usize) {
        let sessions = number.min(self.sessions.len());
        (sessions, (2 * (number - sessions)).min(self.messages.len()))
    }
}

/// How many sessions and, behind the last session, exchanges are left out.
#[derive(Clone, Copy, Debug)]
struct Forgotten(usize);

/// Tokens: up to `limit` nothing is left out, and else down to `target`.
#[derive(Clone, Copy, Debug)]
struct Budget {
    limit: usize,
    target: usize,
}
