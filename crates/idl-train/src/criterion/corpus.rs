//! The corpus that alternatives are built from.

use std::collections::HashSet;
use std::fmt;

use idl_dialogue::{Person, PersonaExtractor, SentenceEncoder, SessionIndex};
use idl_persona_ext::extract_triples;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::compare::{compared, differs};
use super::draw;
use super::said::{Said, encode};
use super::stats::BuildStats;
use super::turn::Turn;
use crate::data::{Alternatives, CriterionKind, CriterionReply};
use crate::error::{Error, Result};
use crate::rejected::RejectedSource;

/// The utterances of a corpus with their embeddings and triples, ready to be
/// drawn from.
pub struct PreferenceCorpus<'a> {
    persons: &'a [Person],
    sessions: SessionIndex<'a>,
    extractor: &'a dyn PersonaExtractor,
    encoder: &'a dyn SentenceEncoder,
    said: Said,
    rejected: RejectedSource<'a>,
    seed: u64,
}

impl fmt::Debug for PreferenceCorpus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreferenceCorpus")
            .field("persons", &self.persons.len())
            .field("utterances", &self.said.utterances.len())
            .field("encoder", &self.encoder.name())
            .field("rejected", &self.rejected)
            .finish_non_exhaustive()
    }
}

impl<'a> PreferenceCorpus<'a> {
    /// `m` of the paper.
    pub const NEIGHBOURS: usize = draw::NEIGHBOURS;

    /// Extracts, embeds and indexes what `persons` and their partners say.
    ///
    /// Memory: one embedding for each distinct utterance of a person.
    ///
    /// # Errors
    /// The extractor's and the encoder's; [`Error::Data`] with fewer than two
    /// persons, for then nobody else's replies are there to be rejected.
    pub fn new(
        persons: &'a [Person],
        extractor: &'a dyn PersonaExtractor,
        encoder: &'a dyn SentenceEncoder,
        seed: u64,
    ) -> Result<Self> {
        if persons.len() < 2 {
            return Err(Error::Data(format!(
                "preference data needs at least 2 persons, there are {}",
                persons.len()
            )));
        }
        let said = Said::new(persons, extractor, encoder)?;
        Ok(PreferenceCorpus {
            persons,
            sessions: SessionIndex::new(persons.iter().flat_map(|person| &person.sessions)),
            extractor,
            encoder,
            said,
            rejected: RejectedSource::default(),
            seed,
        })
    }

    /// Takes the rejected replies from elsewhere than from other persons.
    #[must_use]
    pub fn rejected_from(self, source: RejectedSource<'a>) -> Self {
        PreferenceCorpus { rejected: source, ..self }
    }

    /// Alternatives to the replies `replies` of session `session` of person
    /// `person`, positions in the persons that the corpus was made of. Replies
    /// for which no rejected or no criterion reply can be found are left out and
    /// counted. None of the three is empty, and none equals another.
    ///
    /// What is drawn depends on the seed, the session's id and the reply's
    /// position alone, and the criterion not on where rejected replies come from.
    ///
    /// # Errors
    /// [`Error::Data`] for a person or reply that is not there; the extractor's,
    /// the encoder's and the generator's.
    pub fn alternatives(
        &self,
        person: usize,
        session: usize,
        replies: &[usize],
        stats: &mut BuildStats,
    ) -> Result<Vec<Alternatives>> {
        let absent = || Error::Data(format!("there is no session {session} of person {person}"));
        let data =
            self.persons.get(person).and_then(|p| p.sessions.get(session)).ok_or_else(absent)?;
        let mut chosen = Vec::new();
        for &reply in replies {
            let message = data.messages.get(reply).ok_or_else(|| {
                Error::Data(format!("session {} has no message {reply}", data.id))
            })?;
            chosen.push(message.content.as_str());
        }
        let triples = extract_triples(&chosen, self.extractor)?;
        let embeddings = encode(self.encoder, &chosen)?;
        let blind = match self.rejected {
            RejectedSource::Generator(model) => model.replies(&data.id, &data.messages, replies)?,
            RejectedSource::Distractor | RejectedSource::Candidates(_) => Vec::new(),
        };
        let dialogue = self.sessions.same_dialogue(data).chain([data]);
        let dialogue: HashSet<String> =
            dialogue.flat_map(|s| &s.messages).map(|m| compared(&m.content)).collect();
        let other_sessions: Vec<bool> = self.persons[person]
            .sessions
            .iter()
            .enumerate()
            .map(|(s, other)| s != session && !other.same_dialogue(data))
            .collect();
        let mut all = Vec::new();
        for (i, &reply) in replies.iter().enumerate() {
            let mut rng = self.rng("rejected", &data.id, reply);
            let turn = Turn {
                person,
                session: data,
                reply,
                dialogue: &dialogue,
                other_sessions: &other_sessions,
                chosen: chosen[i],
                triples: &triples[i],
                embedding: embeddings.row(i),
            };
            let rejected = match self.rejected {
                RejectedSource::Distractor => self.said.distractor(&turn, &mut rng),
                RejectedSource::Candidates(all) => {
                    let wrong = all.get(&(data.id.clone(), reply));
                    let wrong = wrong.into_iter().flatten();
                    // A line of the dialogue, or of the person's own, is not wrong.
                    let wrong: Vec<_> = wrong
                        .filter(|c| differs(c, turn.chosen) && !turn.says(c))
                        .filter(|c| !self.said.facts[person].lines.contains(&compared(c)))
                        .collect();
                    wrong.choose(&mut rng).map(|&text| text.clone())
                }
                RejectedSource::Generator(_) => {
                    blind.get(i).filter(|text| differs(text, turn.chosen)).cloned()
                }
            };
            let Some(rejected) = rejected else {
                stats.without += 1;
                stats.without_rejected += 1;
                continue;
            };
            let mut rng = self.rng("criterion", &data.id, reply);
            let mut kinds = CriterionKind::ALL;
            kinds.shuffle(&mut rng);
            let built = kinds.into_iter().find_map(|kind| {
                let text = match kind {
                    CriterionKind::Inconsistency => self.said.inconsistency(&turn, &mut rng),
                    CriterionKind::Fabrication => self.said.fabrication(&turn, &rejected, &mut rng),
                    CriterionKind::Inversion => self.said.inversion(&turn, &rejected),
                };
                text.filter(|t| differs(t, turn.chosen) && differs(t, &rejected))
                    .map(|text| (kind, text))
            });
            let Some((kind, criterion)) = built else {
                stats.without += 1;
                continue;
            };
            stats.built[kind as usize] += 1;
            all.push(Alternatives {
                reply,
                rejected,
                rejected_kind: Some(self.rejected.kind()),
                criterion: Some(CriterionReply { text: criterion, kind }),
            });
        }
        Ok(all)
    }

    /// A stream for each purpose: one draw more for the one changes nothing of the
    /// other.
    fn rng(&self, purpose: &str, session: &str, reply: usize) -> Xoshiro256PlusPlus {
        // FNV-1a: the same on every platform and in every version.
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        let bytes = purpose.bytes().chain([0]).chain(session.bytes());
        for byte in bytes.chain((reply as u64).to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Xoshiro256PlusPlus::seed_from_u64(self.seed ^ hash)
    }
}
