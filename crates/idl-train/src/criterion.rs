//! Preference data for deep personalised alignment: what else might have been
//! said, and what is wrong with it (section 3.3.2 of the paper).
//!
//! The chosen reply is the true one. The rejected reply is another person's, at
//! random, or from another [`RejectedSource`]. The criterion reply between the
//! two is of one of three kinds, drawn among those that can be built:
//!
//! * *inconsistency*: the chosen reply with the object of one of its triples
//!   replaced by another object of the same subject and relation, which is not
//!   among the person's own. (The paper takes any triple of the person's
//!   sessions, which can be true of the person.)
//! * *fabrication*: one of the `m` most similar utterances of other persons
//!   that state a fact, and none of this person's.
//! * *inversion*: the most similar utterance of the other participants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use idl_dialogue::{Person, PersonaExtractor, Role, SentenceEncoder, Triple};
use idl_persona_ext::{contains_object, extract_triples, replace_object};
use ndarray::{Array2, ArrayView1};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::data::{Alternatives, CriterionKind, CriterionReply};
use crate::error::{Error, Result};
use crate::rejected::RejectedSource;

/// How many tries a random draw has before it is given up.
const TRIES: usize = 50;

/// A fact without its subject's spelling: what two utterances must share to say
/// the same.
type Fact = (String, String);

/// The utterances of a corpus with their embeddings and triples, ready to be
/// drawn from.
pub struct PreferenceCorpus<'a> {
    persons: &'a [Person],
    extractor: &'a dyn PersonaExtractor,
    encoder: &'a dyn SentenceEncoder,
    facts: Vec<PersonFacts>,
    /// Utterances of the persons themselves, each once a person.
    utterances: Vec<CorpusUtterance>,
    embeddings: Array2<f32>,
    /// Objects by subject and relation, of everybody.
    objects: BTreeMap<(String, String), BTreeSet<String>>,
    /// Utterances of the other participants, by person: rows of
    /// `partner_embeddings`.
    partners: Vec<Vec<(String, usize)>>,
    partner_embeddings: Array2<f32>,
    /// How many of the most similar utterances fabrication draws from.
    neighbours: usize,
    rejected: RejectedSource<'a>,
    seed: u64,
}

#[derive(Debug)]
struct PersonFacts {
    /// What the person says of themself, in all sessions.
    facts: BTreeSet<Fact>,
    /// Objects by relation.
    objects: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug)]
struct CorpusUtterance {
    person: usize,
    text: String,
    triples: Vec<Triple>,
}

/// What could not be built, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Replies with alternatives, by kind in the order of
    /// [`CriterionKind::ALL`].
    pub built: [usize; 3],
    /// Replies without alternatives: no rejected or no criterion reply could be
    /// found.
    pub without: usize,
    /// Those of them for which it was the rejected one: the corpus has no
    /// candidates there, or the model said nothing, or the true reply.
    pub without_rejected: usize,
}

impl fmt::Debug for PreferenceCorpus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreferenceCorpus")
            .field("persons", &self.persons.len())
            .field("utterances", &self.utterances.len())
            .field("encoder", &self.encoder.name())
            .field("rejected", &self.rejected)
            .finish_non_exhaustive()
    }
}

impl<'a> PreferenceCorpus<'a> {
    /// `m` of the paper.
    pub const NEIGHBOURS: usize = 100;

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
        let mut facts = Vec::new();
        let mut utterances: Vec<CorpusUtterance> = Vec::new();
        let mut objects: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        let mut partners = Vec::new();
        let mut partner_texts: Vec<String> = Vec::new();
        for (person, data) in persons.iter().enumerate() {
            let own = distinct(data, Role::Assistant);
            let triples = extract_triples(&refs(&own), extractor)?;
            let mut mine = PersonFacts { facts: BTreeSet::new(), objects: BTreeMap::new() };
            for (text, triples) in own.into_iter().zip(triples) {
                for t in &triples {
                    let object = t.object.to_lowercase();
                    mine.facts.insert(fact(t));
                    mine.objects.entry(t.relation.clone()).or_default().insert(object.clone());
                    let key = (t.subject.to_lowercase(), t.relation.clone());
                    objects.entry(key).or_default().insert(object);
                }
                utterances.push(CorpusUtterance { person, text, triples });
            }
            facts.push(mine);
            let said = distinct(data, Role::User);
            for t in extract_triples(&refs(&said), extractor)?.into_iter().flatten() {
                let key = (t.subject.to_lowercase(), t.relation);
                objects.entry(key).or_default().insert(t.object.to_lowercase());
            }
            partners.push(said.iter().cloned().zip(partner_texts.len()..).collect::<Vec<_>>());
            partner_texts.extend(said);
        }
        let texts: Vec<&str> = utterances.iter().map(|u| u.text.as_str()).collect();
        let embeddings = encode(encoder, &texts)?;
        let partner_embeddings = encode(encoder, &refs(&partner_texts))?;
        Ok(PreferenceCorpus {
            persons,
            extractor,
            encoder,
            facts,
            utterances,
            embeddings,
            objects,
            partners,
            partner_embeddings,
            neighbours: Self::NEIGHBOURS,
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
    /// position alone.
    ///
    /// # Errors
    /// [`Error::Data`] for a person or reply that is not there; the extractor's,
    /// the encoder's and the generator's.
    pub fn alternatives(
        &self,
        person: usize,
        session: usize,
        replies: &[usize],
        coverage: &mut Coverage,
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
        let mut all = Vec::new();
        for (i, &reply) in replies.iter().enumerate() {
            let mut rng = self.rng(&data.id, reply);
            let turn = Turn {
                person,
                chosen: chosen[i],
                triples: &triples[i],
                embedding: embeddings.row(i),
            };
            let rejected = match self.rejected {
                RejectedSource::Distractor => self.distractor(&turn, &mut rng),
                RejectedSource::Candidates(all) => {
                    let wrong = all.get(&(data.id.clone(), reply));
                    let wrong = wrong.into_iter().flatten();
                    let wrong: Vec<_> = wrong.filter(|c| differs(c, turn.chosen)).collect();
                    wrong.choose(&mut rng).map(|&text| text.clone())
                }
                RejectedSource::Generator(_) => {
                    blind.get(i).filter(|text| differs(text, turn.chosen)).cloned()
                }
            };
            let Some(rejected) = rejected else {
                coverage.without += 1;
                coverage.without_rejected += 1;
                continue;
            };
            let mut kinds = CriterionKind::ALL;
            kinds.shuffle(&mut rng);
            let built = kinds.into_iter().find_map(|kind| {
                let text = match kind {
                    CriterionKind::Inconsistency => self.inconsistency(&turn, &mut rng),
                    CriterionKind::Fabrication => self.fabrication(&turn, &rejected, &mut rng),
                    CriterionKind::Inversion => self.inversion(&turn, &rejected),
                };
                text.filter(|t| differs(t, turn.chosen) && differs(t, &rejected))
                    .map(|text| (kind, text))
            });
            let Some((kind, criterion)) = built else {
                coverage.without += 1;
                continue;
            };
            coverage.built[kind as usize] += 1;
            all.push(Alternatives {
                reply,
                rejected,
                rejected_kind: Some(self.rejected.kind()),
                criterion: Some(CriterionReply { text: criterion, kind }),
            });
        }
        Ok(all)
    }

    fn rng(&self, session: &str, reply: usize) -> Xoshiro256PlusPlus {
        // FNV-1a: the same on every platform and in every version.
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in session.bytes().chain((reply as u64).to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Xoshiro256PlusPlus::seed_from_u64(self.seed ^ hash)
    }

    fn distractor(&self, turn: &Turn<'_>, rng: &mut impl Rng) -> Option<String> {
        (0..TRIES)
            .filter_map(|_| self.utterances.choose(rng))
            .find(|u| u.person != turn.person && differs(&u.text, turn.chosen))
            .map(|u| u.text.clone())
    }

    fn inconsistency(&self, turn: &Turn<'_>, rng: &mut impl Rng) -> Option<String> {
        let own = &self.facts[turn.person].objects;
        let mut triples: Vec<&Triple> = turn.triples.iter().collect();
        triples.shuffle(rng);
        triples.into_iter().find_map(|t| {
            let key = (t.subject.to_lowercase(), t.relation.clone());
            let mine = own.get(&t.relation);
            let others: Vec<&String> = self
                .objects
                .get(&key)?
                .iter()
                // Neither one of the person's objects nor a part of one.
                .filter(|&o| {
                    mine.is_none_or(|mine| {
                        mine.iter().all(|m| !contains_object(m, o) && !contains_object(o, m))
                    })
                })
                .collect();
            replace_object(turn.chosen, &t.object, others.choose(rng)?)
        })
    }

    fn fabrication(&self, turn: &Turn<'_>, rejected: &str, rng: &mut impl Rng) -> Option<String> {
        let own = &self.facts[turn.person].facts;
        let mut near: Vec<(f32, usize)> = self
            .utterances
            .iter()
            .enumerate()
            .filter(|(_, u)| u.person != turn.person && !u.triples.is_empty())
            .filter(|(_, u)| u.triples.iter().all(|t| !own.contains(&fact(t))))
            .filter(|(_, u)| differs(&u.text, turn.chosen) && differs(&u.text, rejected))
            .map(|(row, _)| (turn.embedding.dot(&self.embeddings.row(row)), row))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near.truncate(self.neighbours);
        near.choose(rng).map(|&(_, row)| self.utterances[row].text.clone())
    }

    fn inversion(&self, turn: &Turn<'_>, rejected: &str) -> Option<String> {
        self.partners[turn.person]
            .iter()
            .filter(|(text, _)| differs(text, turn.chosen) && differs(text, rejected))
            .map(|(text, row)| (turn.embedding.dot(&self.partner_embeddings.row(*row)), text))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
            .map(|(_, text)| text.clone())
    }
}

/// A reply to which alternatives are sought.
struct Turn<'a> {
    person: usize,
    chosen: &'a str,
    triples: &'a [Triple],
    embedding: ArrayView1<'a, f32>,
}

/// The different utterances of `role`, in order of first occurrence.
fn distinct(person: &Person, role: Role) -> Vec<String> {
    let mut seen = BTreeSet::new();
    person
        .sessions
        .iter()
        .flat_map(|s| s.said_by(role))
        .filter(|text| !text.trim().is_empty())
        .filter(|text| seen.insert(*text))
        .map(str::to_owned)
        .collect()
}

/// The embeddings of `texts`, as many and as wide as they should be.
fn encode(encoder: &dyn SentenceEncoder, texts: &[&str]) -> Result<Array2<f32>> {
    let rows = encoder.encode(texts).map_err(Error::Encoder)?;
    let expected = (texts.len(), encoder.dim());
    if rows.dim() != expected {
        return Err(Error::Data(format!(
            "the sentence encoder {} gave a {:?} matrix, expected {expected:?}",
            encoder.name(),
            rows.dim()
        )));
    }
    Ok(rows)
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn fact(t: &Triple) -> Fact {
    (t.relation.clone(), t.object.to_lowercase())
}

fn differs(a: &str, b: &str) -> bool {
    !a.trim().is_empty() && !a.trim().eq_ignore_ascii_case(b.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl_dialogue::TfIdfEncoder;
    use idl_persona_ext::RuleExtractor;

    fn persons() -> Vec<Person> {
        idl_dialogue::embedded().unwrap().iter().map(|e| e.person.clone()).collect()
    }

    fn encoder() -> TfIdfEncoder {
        TfIdfEncoder::new(512).unwrap()
    }

    fn all(seed: u64, n: usize) -> (Vec<(usize, usize, Vec<Alternatives>)>, Coverage) {
        let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
        let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, seed).unwrap();
        let mut coverage = Coverage::default();
        let mut out = Vec::new();
        for (p, person) in persons.iter().enumerate().take(n) {
            for (s, session) in person.sessions.iter().enumerate() {
                let replies: Vec<usize> = session.replies().collect();
                let found = corpus.alternatives(p, s, &replies, &mut coverage).unwrap();
                out.push((p, s, found));
            }
        }
        (out, coverage)
    }

    #[test]
    fn every_kind_is_built_and_nothing_is_empty_or_equal() {
        let persons = persons();
        let (all, coverage) = all(1, 6);
        assert!(coverage.built.iter().all(|&n| n > 10), "{coverage:?}");
        for (p, s, alternatives) in &all {
            for a in alternatives {
                let chosen = &persons[*p].sessions[*s].messages[a.reply].content;
                let criterion = &a.criterion.as_ref().unwrap().text;
                assert!(differs(&a.rejected, chosen) && differs(criterion, chosen));
                assert!(differs(&a.rejected, criterion));
            }
        }
    }

    #[test]
    fn a_criterion_is_what_its_kind_says() {
        let persons = persons();
        let extractor = RuleExtractor::default();
        for (p, s, alternatives) in all(2, 6).0 {
            let said = |role| -> Vec<&str> {
                persons[p].sessions.iter().flat_map(|s| s.said_by(role)).collect()
            };
            for a in alternatives {
                let chosen = &persons[p].sessions[s].messages[a.reply].content;
                let own: BTreeSet<Fact> = extract_triples(&said(Role::Assistant), &extractor)
                    .unwrap()
                    .iter()
                    .flatten()
                    .map(fact)
                    .collect();
                let CriterionReply { text, kind } = a.criterion.as_ref().unwrap();
                let stated: Vec<Fact> = extractor.extract_one(text).iter().map(fact).collect();
                match kind {
                    CriterionKind::Inconsistency => {
                        // The reply but for one object.
                        let words =
                            |t: &str| t.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
                        assert!(words(chosen).intersection(&words(text)).count() > 0);
                        assert!(!said(Role::Assistant).contains(&text.as_str()));
                    }
                    CriterionKind::Fabrication => {
                        assert!(!stated.is_empty(), "{text}");
                        assert!(stated.iter().all(|f| !own.contains(f)), "{text}");
                    }
                    CriterionKind::Inversion => {
                        assert!(said(Role::User).contains(&text.as_str()));
                    }
                }
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_and_another_something_else() {
        assert_eq!(all(3, 2).0, all(3, 2).0);
        assert_ne!(all(3, 2).0, all(4, 2).0);
    }

    #[test]
    fn one_person_has_nobody_to_be_confused_with() {
        let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
        let error = PreferenceCorpus::new(&persons[..1], &extractor, &encoder, 0);
        assert!(matches!(error, Err(Error::Data(_))));
    }
}
