//! What persons and their partners say and state, ready to be drawn from.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use idl_dialogue::{Person, PersonaExtractor, Role, SentenceEncoder, Triple};
use idl_persona_ext::extract_triples;
use ndarray::Array2;

use super::compare::compared;
use crate::error::{Error, Result};

/// A fact without its subject's spelling: what two utterances must share to say
/// the same.
pub(super) type Fact = (String, String);

/// What a corpus holds, embedded and indexed.
pub(super) struct Said {
    /// By person.
    pub(super) facts: Vec<PersonFacts>,
    /// Utterances of the persons themselves, each once a person.
    pub(super) utterances: Vec<CorpusUtterance>,
    pub(super) embeddings: Array2<f32>,
    /// Objects by subject and relation, of everybody.
    pub(super) objects: BTreeMap<(String, String), BTreeSet<String>>,
    /// Utterances of the other participants, by person.
    pub(super) partners: Vec<Vec<PartnerUtterance>>,
    pub(super) partner_embeddings: Array2<f32>,
}

#[derive(Debug)]
pub(super) struct PersonFacts {
    /// What they say, in the form of [`compared`].
    pub(super) lines: HashSet<String>,
    /// What the person says of themself, in all sessions.
    pub(super) facts: BTreeSet<Fact>,
    /// Objects by relation.
    pub(super) objects: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug)]
pub(super) struct CorpusUtterance {
    pub(super) person: usize,
    pub(super) text: String,
    pub(super) triples: Vec<Triple>,
}

#[derive(Debug)]
pub(super) struct PartnerUtterance {
    pub(super) text: String,
    /// Its row of `partner_embeddings`.
    pub(super) row: usize,
    /// The person's sessions in which a partner says it.
    pub(super) sessions: Vec<usize>,
}

impl Said {
    /// Extracts, embeds and indexes.
    pub(super) fn new(
        persons: &[Person],
        extractor: &dyn PersonaExtractor,
        encoder: &dyn SentenceEncoder,
    ) -> Result<Self> {
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
        Ok(Said { facts, utterances, embeddings, objects, partners, partner_embeddings })
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
pub(super) fn encode(encoder: &dyn SentenceEncoder, texts: &[&str]) -> Result<Array2<f32>> {
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

pub(super) fn fact(t: &Triple) -> Fact {
    (t.relation.clone(), t.object.to_lowercase())
}
