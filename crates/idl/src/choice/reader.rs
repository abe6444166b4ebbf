//! From messages to what the choice compares.

use std::fmt;
use std::str::FromStr;

use idl_dialogue::{PersonaExtractor, Role, SentenceEncoder, Session, Triple, Utterance};
use idl_persona_ext::{extract_triples, persona_text};
use idl_store::{Embeddings, Record};
use ndarray::{Array1, Array2, Axis, Slice};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Reads sessions and contexts: facts by an extractor, vectors by an encoder. The
/// same reader must read both, so that they can be compared.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// `Enc` of equation 3.
    pub encoder: &'a dyn SentenceEncoder,
    /// `Ext` of equation 2.
    pub extractor: &'a dyn PersonaExtractor,
    /// Which utterances of a context ask.
    pub ask: Ask,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("encoder", &self.encoder.name()).finish_non_exhaustive()
    }
}

/// Which utterances of a context ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// The person's own; while there are none, the partner's.
    #[default]
    Own,
    /// The person's own, and the partner's last one: what is to be answered.
    Answer,
    /// Everybody's.
    All,
}

impl Ask {
    /// Every rule.
    pub const ALL: [Ask; 3] = [Ask::Own, Ask::Answer, Ask::All];

    /// The name in settings and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Ask::Own => "own",
            Ask::Answer => "answer",
            Ask::All => "all",
        }
    }

    /// The utterances, in the order in which they were said; blank ones ask nothing.
    fn of(self, context: &[Utterance]) -> Vec<&str> {
        let spoken = |m: &&Utterance| m.role != Role::System && !m.content.trim().is_empty();
        let spoken: Vec<&Utterance> = context.iter().filter(spoken).collect();
        let own = |m: &&Utterance| m.role == Role::Assistant;
        let asks = |(i, m): &(usize, &&Utterance)| match self {
            Ask::Own => own(m),
            Ask::Answer => own(m) || i + 1 == spoken.len(),
            Ask::All => true,
        };
        let all = !spoken.iter().any(own);
        let chosen = spoken.iter().enumerate().filter(|found| all || asks(found));
        chosen.map(|(_, m)| m.content.as_str()).collect()
    }
}

impl FromStr for Ask {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ask::ALL.into_iter().find(|ask| ask.as_str() == text).ok_or_else(|| {
            let names = Ask::ALL.map(Ask::as_str).join(", ");
            Error::Choice(format!("expected one of {names}, found `{text}`"))
        })
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What has been said so far, as a question to a person's sessions.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked with ([`Ask`]), one utterance a line.
    pub text: String,
    /// What these tell of the person.
    pub facts: Vec<Triple>,
    /// The vector of all of them together; `[d]`, unit length.
    pub whole: Array1<f32>,
    /// The vector of each; `[utterances, d]`, unit lengths.
    pub utterances: Array2<f32>,
}

impl Reader<'_> {
    /// The records of sessions, all encoded in one call. The session's vector is that
    /// of its persona text ([`persona_text`], equation 3).
    ///
    /// # Errors
    /// The extractor's and the encoder's; the store's for vectors that are not of
    /// unit length.
    pub fn records(&self, sessions: &[&Session]) -> Result<Vec<Record>> {
        let mut texts = Vec::new();
        let mut records = Vec::new();
        for session in sessions {
            let persona = persona_text(session, Role::Assistant, self.extractor)?;
            let said: Vec<&str> = session.said_by(Role::Assistant).collect();
            let mut facts: Vec<Triple> = Vec::new();
            for fact in extract_triples(&said, self.extractor)?.into_iter().flatten() {
                if !facts.contains(&fact) {
                    facts.push(fact);
                }
            }
            texts.push(persona.clone());
            texts.extend(said.iter().map(|&text| text.to_owned()));
            records.push(Record {
                time: session.time,
                facts,
                persona,
                ..Record::new(session.id.clone(), session.messages.clone())
            });
        }
        let rows = self.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
        let mut next = 0;
        for record in &mut records {
            let utterances = record.said().count();
            let of_session = rows.slice_axis(Axis(0), Slice::from(next..=next + utterances));
            let vectors: Vec<Vec<f32>> = of_session.outer_iter().map(|row| row.to_vec()).collect();
            let Some((whole, each)) = vectors.split_first() else { continue };
            record.embeddings =
                Some(Embeddings::new(self.encoder.name(), whole, each.iter().map(Vec::as_slice))?);
            next += utterances + 1;
        }
        Ok(records)
    }

    /// The question that a context asks; `None` where nobody has said anything.
    ///
    /// # Errors
    /// The extractor's and the encoder's.
    pub fn query(&self, context: &[Utterance]) -> Result<Option<Query>> {
        let said = self.ask.of(context);
        if said.is_empty() {
            return Ok(None);
        }
        let mut facts = Vec::new();
        for fact in extract_triples(&said, self.extractor)?.into_iter().flatten() {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
        let text = said.join("\n");
        let mut texts = vec![text.as_str()];
        texts.extend(&said);
        let rows = self.encode(&texts)?;
        let whole = rows.row(0).to_owned();
        let utterances = rows.slice_axis(Axis(0), Slice::from(1..)).to_owned();
        Ok(Some(Query { text, facts, whole, utterances }))
    }

    /// Refuses vectors that this reader's encoder has not made.
    pub(crate) fn check(&self, session: &str, made: &Embeddings) -> Result<()> {
        let (found, expected) =
            ((made.encoder(), made.dim()), (self.encoder.name(), self.encoder.dim()));
        if found == expected {
            return Ok(());
        }
        Err(Error::other_encoder(session, found, expected))
    }

    /// A row for each text.
    pub(crate) fn encode(&self, texts: &[&str]) -> Result<Array2<f32>> {
        let name = || self.encoder.name().to_owned();
        let rows =
            self.encoder.encode(texts).map_err(|source| Error::Encoder { name: name(), source })?;
        if rows.nrows() != texts.len() {
            return Err(Error::EncoderRows {
                name: name(),
                rows: rows.nrows(),
                texts: texts.len(),
            });
        }
        Ok(rows)
    }
}
