//! A person who can be talked with: sessions chosen for every reply.

use std::time::{SystemTime, UNIX_EPOCH};

use idl_dialogue::{Session, SessionDistance, Utterance};
use idl_lm::{Conversation, DecodingParams, Generation, Generator, OnPiece};
use idl_order::Policy;
use idl_store::SessionStore;

use crate::choice::{Chooser, ChosenSession, Reader, SessionBank};
use crate::error::Result;
use crate::pipeline::ordered;

/// How a person's sessions are read, chosen and ordered.
#[derive(Clone, Copy)]
pub struct ResponderParts<'a> {
    /// Reads what is said: the reader that has read the sessions.
    pub reader: Reader<'a>,
    /// Chooses among them.
    pub chooser: Chooser,
    /// How far apart two sessions are.
    pub distance: &'a dyn SessionDistance,
    /// How the chosen ones are ordered.
    pub policy: Policy,
    /// Replies.
    pub generator: Generator<'a>,
}

impl std::fmt::Debug for ResponderParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponderParts")
            .field("reader", &self.reader)
            .field("chooser", &self.chooser)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// A person of a store, in conversation.
///
/// Before each reply the sessions are chosen by what has been said so far, the
/// message to be answered included. They change only when others are better by the
/// chooser's margin: a changed choice has the prompt computed anew, and an unchanged one
/// costs what is new.
pub struct Responder<'a> {
    parts: ResponderParts<'a>,
    store: Box<dyn SessionStore>,
    person: String,
    bank: SessionBank,
    conversation: Conversation<'a>,
    /// Those of the chosen ones that fit.
    chosen: Vec<ChosenSession>,
    /// The places of all of them.
    before: Vec<usize>,
    now: Option<i64>,
}

impl std::fmt::Debug for Responder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Responder")
            .field("person", &self.person)
            .field("sessions", &self.bank.len())
            .field("chosen", &self.chosen)
            .finish_non_exhaustive()
    }
}

/// A reply, and whether the sessions before it were chosen anew.
#[derive(Debug)]
pub struct Reply {
    /// What is said, and how it came about.
    pub generation: Generation,
    /// Whether other sessions stand before it than before the last reply.
    pub chosen_anew: bool,
}

impl<'a> Responder<'a> {
    /// The person `person` of `store`. Reads all of their sessions' vectors and
    /// words; messages are read as they are chosen.
    ///
    /// # Errors
    /// The store's; [`Error::NotEmbedded`](crate::Error::NotEmbedded) and
    /// [`Error::OtherEncoder`](crate::Error::OtherEncoder) for sessions
    /// that the reader did not read; the language model's.
    pub fn new(
        store: Box<dyn SessionStore>,
        person: impl Into<String>,
        parts: ResponderParts<'a>,
    ) -> Result<Self> {
        let person = person.into();
        let bank = SessionBank::of_person(store.as_ref(), &person)?;
        if let Some(first) = bank.sessions().first() {
            parts.reader.check(&first.id, &first.embeddings)?;
        }
        let conversation = Conversation::new(parts.generator, Vec::new())?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let now = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        Ok(Responder {
            parts,
            store,
            person,
            bank,
            conversation,
            chosen: Vec::new(),
            before: Vec::new(),
            now,
        })
    }

    /// The person's reply to `said`, behind the sessions that most speaks for now.
    /// `on_piece` sees it as it comes.
    ///
    /// After an error nothing has been said; the sessions may have changed.
    ///
    /// # Errors
    /// The encoder's, the extractor's, the store's, the distance's; the language
    /// model's, as [`Conversation::say`].
    pub fn reply(
        &mut self,
        said: &str,
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Reply> {
        let chosen_anew = self.choose(said)?;
        let generation = self.conversation.say(said, params, on_piece)?;
        Ok(Reply { generation, chosen_anew })
    }

    /// The sessions behind the last reply, best first, with what spoke for each: of
    /// the chosen ones those that fit into half of the model's positions. After a
    /// session was forgotten none, until the next reply.
    #[must_use]
    pub fn why(&self) -> &[ChosenSession] {
        &self.chosen
    }

    /// What has been said, as far as it still fits.
    #[must_use]
    pub fn messages(&self) -> &[Utterance] {
        self.conversation.messages()
    }

    /// How many sessions of the chosen ones stand before the conversation: where
    /// the model runs out of positions, the first ones are left out.
    #[must_use]
    pub fn sessions_in_prompt(&self) -> usize {
        self.conversation.sessions().len()
    }

    /// How many sessions the person has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bank.len()
    }

    /// Whether the person has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bank.is_empty()
    }

    /// A session of the person.
    ///
    /// # Errors
    /// The store's.
    pub fn session(&self, id: &str) -> Result<Option<Session>> {
        let record = self.store.load(&self.person, id)?;
        Ok(record.map(|r| Session { id: r.id, messages: r.messages, ..Session::default() }))
    }

    /// Forgets a session: in the store, in the choice and in the prompt. `false` if
    /// there is none of this id.
    ///
    /// # Errors
    /// The store's. After [`idl_store::Error::Traces`] the session is gone, but its
    /// bytes may remain for a while.
    pub fn forget(&mut self, id: &str) -> Result<bool> {
        // Out of reach first: whatever the store says, it is not shown again.
        let known = self.bank.remove(id);
        if self.chosen.iter().any(|chosen| chosen.id == id) {
            // Places have moved up: the next reply chooses anew.
            self.conversation.set_sessions(Vec::new());
        }
        self.chosen.clear();
        self.before.clear();
        let removed = self.store.remove(&self.person, &[id])?;
        Ok(known || removed > 0)
    }

    /// Begins a new conversation.
    pub fn again(&mut self) {
        self.conversation.clear();
        self.conversation.set_sessions(Vec::new());
        self.chosen.clear();
        self.before.clear();
    }

    /// Chooses for what has been said and `said`; whether that changed anything.
    fn choose(&mut self, said: &str) -> Result<bool> {
        let mut context = self.conversation.messages().to_vec();
        context.push(Utterance::user(said));
        let query = self.parts.reader.query(&context)?;
        let all: Vec<usize> = (0..self.bank.len()).collect();
        let before = self.before.clone();
        let (chosen, changed) =
            self.parts.chooser.choose_again(&self.bank, &all, query.as_ref(), self.now, &before)?;
        self.before = chosen.iter().map(|chosen| chosen.place).collect();
        if changed {
            let (kept, sessions) = self.fitting(chosen)?;
            self.conversation.set_sessions(self.ordered(&kept, sessions)?);
            self.chosen = kept;
        } else {
            // As they stand there, with what speaks for them now.
            let stands = |c: &ChosenSession| self.chosen.iter().any(|is| is.place == c.place);
            self.chosen = chosen.into_iter().filter(stands).collect();
        }
        Ok(changed)
    }

    /// The best of the chosen ones that fit into half of the model's positions, at
    /// least one, and their sessions: the other half is the conversation's.
    fn fitting(&self, chosen: Vec<ChosenSession>) -> Result<(Vec<ChosenSession>, Vec<Session>)> {
        let Generator { model, tokenizer } = self.parts.generator;
        let mut room = model.config().max_position_embeddings / 2;
        let (mut kept, mut sessions) = (Vec::new(), Vec::new());
        for one in chosen {
            let Some(session) = self.session(&one.id)? else { continue };
            let tokens = tokenizer.encode_chat(&session.messages, false)?.len();
            if tokens > room && !kept.is_empty() {
                break;
            }
            room = room.saturating_sub(tokens);
            kept.push(one);
            sessions.push(session);
        }
        Ok((kept, sessions))
    }

    /// The messages of the chosen sessions, in the order in which they are read.
    fn ordered(
        &self,
        chosen: &[ChosenSession],
        sessions: Vec<Session>,
    ) -> Result<Vec<Vec<Utterance>>> {
        let all: Vec<&Session> = sessions.iter().collect();
        let best = chosen.first().map_or(0.0, |first| first.score);
        let to_target: Vec<f64> = chosen.iter().map(|c| best - c.score).collect();
        let found = ordered(self.parts.distance, self.parts.policy, &all, &to_target)?;
        Ok(found.order.into_iter().map(|i| sessions[i].messages.clone()).collect())
    }
}
