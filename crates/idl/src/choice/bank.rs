//! A person's sessions, ready to be chosen from.

use std::collections::HashMap;

use idl_dialogue::Triple;
use idl_store::{Embeddings, LexicalIndex, Record, SessionStore};

use crate::error::{Error, Result};

/// What the choice knows of one session.
#[derive(Clone, Debug)]
pub struct BankedSession {
    /// Its id, unique within the person.
    pub id: String,
    /// When it began, in seconds since 1970, where that is known.
    pub time: Option<i64>,
    /// What it tells of the person.
    pub facts: Vec<Triple>,
    /// The vectors of the session and of the person's utterances in it.
    pub embeddings: Embeddings,
    /// The direction of the mean of the utterances' vectors, unit length; where the
    /// person says nothing, the session's vector.
    pub center: Vec<f32>,
}

/// The direction of the mean of vectors; empty for none, and 0 where they cancel out.
pub(super) fn center(vectors: impl Iterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += x;
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 1e-6 {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    sum
}

/// A person's sessions as the choice sees them: vectors, words and facts, without
/// the messages. Filled from records, such as those of a store, and kept up to date
/// as sessions come and go.
///
/// Memory: a byte for each component of each vector, and the index of words.
#[derive(Clone, Debug, Default)]
pub struct SessionBank {
    sessions: Vec<BankedSession>,
    places: HashMap<String, usize>,
    words: LexicalIndex,
}

impl SessionBank {
    /// A bank without sessions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All sessions of a person in a store, in its order.
    ///
    /// # Errors
    /// The store's, and those of [`add`](Self::add).
    pub fn of_person(store: &dyn SessionStore, person: &str) -> Result<Self> {
        let mut bank = SessionBank::new();
        let mut refused = None;
        store.visit(person, &mut |record| {
            if refused.is_none() {
                refused = bank.add(record).err();
            }
        })?;
        refused.map_or(Ok(bank), Err)
    }

    /// Adds a session behind the others. `O(words)`.
    ///
    /// # Errors
    /// [`Error::NotEmbedded`] for a record without vectors;
    /// [`Error::OtherEncoder`] for vectors of another encoder than the others';
    /// [`Error::SameSession`] where there is a session with its id.
    pub fn add(&mut self, record: Record) -> Result<()> {
        let Some(embeddings) = &record.embeddings else {
            return Err(Error::NotEmbedded { session: record.id });
        };
        if let Some(first) = self.sessions.first().map(|session| &session.embeddings)
            && (first.encoder() != embeddings.encoder() || first.dim() != embeddings.dim())
        {
            return Err(Error::other_encoder(
                &record.id,
                (embeddings.encoder(), embeddings.dim()),
                (first.encoder(), first.dim()),
            ));
        }
        let said = record.said().chain(record.facts.iter().map(|fact| fact.object.as_str()));
        if !self.words.add(&record.id, said) {
            return Err(Error::SameSession { session: record.id });
        }
        let Record { id, time, facts, embeddings, .. } = record;
        let Some(embeddings) = embeddings else { return Err(Error::NotEmbedded { session: id }) };
        self.places.insert(id.clone(), self.sessions.len());
        let mut center = center(embeddings.utterances().map(|vector| vector.to_vec()));
        if center.is_empty() {
            center = embeddings.session().to_vec();
        }
        self.sessions.push(BankedSession { id, time, facts, embeddings, center });
        Ok(())
    }

    /// Removes a session; those behind it move up. `false` if it is not there.
    /// `O(size of the bank)`.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(gone) = self.places.remove(id) else { return false };
        self.sessions.remove(gone);
        for place in self.places.values_mut().filter(|place| **place > gone) {
            *place -= 1;
        }
        self.words.remove(id)
    }

    /// The sessions, in the order in which they were added.
    #[must_use]
    pub fn sessions(&self) -> &[BankedSession] {
        &self.sessions
    }

    /// The place of a session.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The index of their words.
    pub(super) fn words(&self) -> &LexicalIndex {
        &self.words
    }
}
