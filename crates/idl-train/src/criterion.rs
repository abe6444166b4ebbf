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
//! * *inversion*: the most similar utterance of the other participants, in the
//!   person's other sessions and in this one before the reply.
//!
//! No distractor and no fabrication is said in the dialogue itself, by either
//! speaker: where both are persons, the partner's lines are another person's, too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use idl_dialogue::{
    Person, PersonaExtractor, Role, SentenceEncoder, Session, SessionIndex, Triple,
};
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
    sessions: SessionIndex<'a>,
    extractor: &'a dyn PersonaExtractor,
    encoder: &'a dyn SentenceEncoder,
    facts: Vec<PersonFacts>,
    /// Utterances of the persons themselves, each once a person.
    utterances: Vec<CorpusUtterance>,
    embeddings: Array2<f32>,
    /// Objects by subject and relation, of everybody.
    objects: BTreeMap<(String, String), BTreeSet<String>>,
    /// Utterances of the other participants, by person.
    partners: Vec<Vec<PartnerUtterance>>,
    partner_embeddings: Array2<f32>,
    /// How many of the most similar utterances fabrication draws from.
    neighbours: usize,
    rejected: RejectedSource<'a>,
    seed: u64,
}

#[derive(Debug)]
struct PersonFacts {
    /// What they say, in the form of [`compared`].
    lines: HashSet<String>,
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

#[derive(Debug)]
struct PartnerUtterance {
    text: String,
    /// Its row of `partner_embeddings`.
    row: usize,
    /// The person's sessions in which a partner says it.
    sessions: Vec<usize>,
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
            let lines = own.iter().map(|text| compared(text)).collect();
            let mut mine = PersonFacts { lines, facts: BTreeSet::new(), objects: BTreeMap::new() };
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
            let said = partner_utterances(data, partner_texts.len());
            let texts: Vec<&str> = said.iter().map(|u| u.text.as_str()).collect();
            for t in extract_triples(&texts, extractor)?.into_iter().flatten() {
                let key = (t.subject.to_lowercase(), t.relation);
                objects.entry(key).or_default().insert(t.object.to_lowercase());
            }
            partner_texts.extend(said.iter().map(|u| u.text.clone()));
            partners.push(said);
        }
        let texts: Vec<&str> = utterances.iter().map(|u| u.text.as_str()).collect();
        let embeddings = encode(encoder, &texts)?;
        let partner_embeddings = encode(encoder, &refs(&partner_texts))?;
        Ok(PreferenceCorpus {
            persons,
            sessions: SessionIndex::new(persons.iter().flat_map(|person| &person.sessions)),
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
                RejectedSource::Distractor => self.distractor(&turn, &mut rng),
                RejectedSource::Candidates(all) => {
                    let wrong = all.get(&(data.id.clone(), reply));
                    let wrong = wrong.into_iter().flatten();
                    // A line of the dialogue, or of the person's own, is not wrong.
                    let wrong: Vec<_> = wrong
                        .filter(|c| differs(c, turn.chosen) && !turn.says(c))
                        .filter(|c| !self.facts[person].lines.contains(&compared(c)))
                        .collect();
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
            let mut rng = self.rng("criterion", &data.id, reply);
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

    fn distractor(&self, turn: &Turn<'_>, rng: &mut impl Rng) -> Option<String> {
        (0..TRIES)
            .filter_map(|_| self.utterances.choose(rng))
            .find(|u| u.person != turn.person && !turn.says(&u.text))
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
            .filter(|(_, u)| !turn.says(&u.text))
            .map(|(row, _)| (turn.embedding.dot(&self.embeddings.row(row)), row))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near.truncate(self.neighbours);
        // In an order that knows nothing of the rejected reply.
        near.shuffle(rng);
        let texts = near.into_iter().map(|(_, row)| &self.utterances[row].text);
        texts.into_iter().find(|text| differs(text, rejected)).cloned()
    }

    fn inversion(&self, turn: &Turn<'_>, rejected: &str) -> Option<String> {
        self.partners[turn.person]
            .iter()
            .filter(|u| differs(&u.text, turn.chosen) && differs(&u.text, rejected))
            .filter(|u| turn.has_heard(u))
            .map(|u| (turn.embedding.dot(&self.partner_embeddings.row(u.row)), &u.text))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
            .map(|(_, text)| text.clone())
    }
}

/// A reply to which alternatives are sought.
struct Turn<'a> {
    person: usize,
    session: &'a Session,
    reply: usize,
    /// What is said in the dialogue, before and after, in the form of
    /// [`compared`].
    dialogue: &'a HashSet<String>,
    /// Which of the person's sessions are other dialogues than this one.
    other_sessions: &'a [bool],
    chosen: &'a str,
    triples: &'a [Triple],
    embedding: ArrayView1<'a, f32>,
}

impl Turn<'_> {
    /// Whether somebody says it in this dialogue.
    fn says(&self, text: &str) -> bool {
        self.dialogue.contains(&compared(text))
    }

    /// Whether a partner says it in another dialogue, or in this one before the
    /// reply.
    fn has_heard(&self, utterance: &PartnerUtterance) -> bool {
        let other = |&s: &usize| self.other_sessions.get(s).copied().unwrap_or(false);
        utterance.sessions.iter().any(other)
            || self.session.messages[..self.reply]
                .iter()
                .any(|m| m.role == Role::User && m.content == utterance.text)
    }
}

/// The different utterances of the partners, in order of first occurrence; `row`
/// is the first one's.
fn partner_utterances(person: &Person, row: usize) -> Vec<PartnerUtterance> {
    let mut all: Vec<PartnerUtterance> = Vec::new();
    let mut position = BTreeMap::new();
    for (session, data) in person.sessions.iter().enumerate() {
        for text in data.said_by(Role::User).filter(|text| !text.trim().is_empty()) {
            let at = *position.entry(text).or_insert_with(|| {
                let row = row + all.len();
                all.push(PartnerUtterance { text: text.to_owned(), row, sessions: Vec::new() });
                all.len() - 1
            });
            if all[at].sessions.last() != Some(&session) {
                all[at].sessions.push(session);
            }
        }
    }
    all
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

/// What two texts must differ in.
fn compared(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

fn differs(a: &str, b: &str) -> bool {
    !a.trim().is_empty() && !a.trim().eq_ignore_ascii_case(b.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl_encoder::TfIdfEncoder;
    use idl_persona_ext::RuleExtractor;

    fn persons() -> Vec<Person> {
        idl_corpora::embedded().unwrap().iter().map(|e| e.person.clone()).collect()
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

    /// Both views of every dialogue between neighbours among the embedded people,
    /// the second one without its end.
    fn both_views() -> Vec<Person> {
        let mut all = persons();
        let count = all.len();
        for p in 0..count {
            for session in
                all[p].sessions.clone().into_iter().filter(|s| !s.id.ends_with(":mirror"))
            {
                let mut mirror = Session { id: format!("{}:mirror", session.id), ..session };
                mirror.messages.pop();
                for message in &mut mirror.messages {
                    let user = message.role == Role::User;
                    message.role = if user { Role::Assistant } else { Role::User };
                }
                all[(p + 1) % count].sessions.push(mirror);
            }
        }
        all
    }

    #[test]
    fn no_alternative_is_what_the_partner_says_later_or_elsewhere_in_the_dialogue() {
        let (persons, extractor, encoder) = (both_views(), RuleExtractor::default(), encoder());
        let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 0).unwrap();
        let mut kinds = [0; 3];
        for (p, person) in persons.iter().enumerate().take(4) {
            for (s, session) in person.sessions.iter().enumerate() {
                let replies: Vec<usize> = session.replies().collect();
                let found = corpus.alternatives(p, s, &replies, &mut Coverage::default()).unwrap();
                let said = |text: &str| session.messages.iter().any(|m| !differs(&m.content, text));
                for a in found {
                    assert!(!said(&a.rejected), "{}: {}", session.id, a.rejected);
                    let CriterionReply { text, kind } = a.criterion.unwrap();
                    kinds[kind as usize] += 1;
                    match kind {
                        CriterionKind::Inconsistency => {}
                        CriterionKind::Fabrication => assert!(!said(&text), "{text}"),
                        CriterionKind::Inversion => {
                            let before = session.messages[..a.reply].iter();
                            let heard = before.filter(|m| m.role == Role::User);
                            let elsewhere = person
                                .sessions
                                .iter()
                                .filter(|other| !other.same_dialogue(session))
                                .flat_map(|other| other.said_by(Role::User));
                            assert!(
                                heard
                                    .map(|m| m.content.as_str())
                                    .chain(elsewhere)
                                    .any(|t| t == text),
                                "{}: the partner says {text} after the reply only",
                                session.id
                            );
                        }
                    }
                }
            }
        }
        assert!(kinds.iter().all(|&n| n > 10), "{kinds:?}");
    }

    #[test]
    fn where_rejected_replies_come_from_changes_no_criterion() {
        let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
        let replies: Vec<usize> = persons[0].sessions[0].replies().collect();
        let id = &persons[0].sessions[0].id;
        let candidates =
            replies.iter().map(|&r| ((id.clone(), r), vec![String::from("of no use")])).collect();
        let criteria = |source| {
            let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 0).unwrap();
            let corpus = corpus.rejected_from(source);
            let found = corpus.alternatives(0, 0, &replies, &mut Coverage::default()).unwrap();
            found.into_iter().map(|a| (a.reply, a.criterion)).collect::<Vec<_>>()
        };
        let with = criteria(RejectedSource::Candidates(&candidates));
        assert!(with.len() > 2);
        assert_eq!(criteria(RejectedSource::Distractor), with);
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
