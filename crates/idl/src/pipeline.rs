//! Static and dynamic persona identification as one call: which of a person's
//! sessions stand before a dialogue, and in which order.

use idl_cluster::{Reference, SpiParams, nearest};
use idl_dialogue::{
    Person, PersonaExtractor, Role, SentenceEncoder, Session, SessionDistance, Utterance,
};
use idl_order::{Policy, SessionOrder, order};
use idl_persona_ext::persona_text;
use idl_store::Record;
use ndarray::{Array1, Array2, Axis};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::choice::{Ask, Chooser, Reader, SessionBank};
use crate::error::{Error, Result};

/// By which rule sessions are chosen.
#[derive(Clone, Copy, Debug)]
pub enum Rule<'a> {
    /// All that speaks for a session, in training and after it (ours).
    Evidence(Chooser),
    /// The nearest to the context by the cosine of `z`; in training within the
    /// target's cluster ([`SpiParams`]), which also says what is a target (the paper
    /// and its released code).
    Clusters(&'a SpiParams),
}

/// Chooses and orders a person's sessions for a dialogue.
///
/// # No leak
/// The query side of every choice is the context: what was said before the
/// first reply to be predicted. Neither that reply nor anything after it
/// touches the choice of cluster, references or order.
///
/// # Cost
/// An index is linear in what the person has said, and so is a choice by
/// [`Rule::Evidence`]; distances are computed among the chosen sessions alone.
/// [`Rule::Clusters`] clusters all sessions for each target in training.
#[derive(Clone, Copy)]
pub struct Pipeline<'a> {
    /// `Enc` of equation 3.
    pub encoder: &'a dyn SentenceEncoder,
    /// `Ext` of equation 2.
    pub extractor: &'a dyn PersonaExtractor,
    /// How sessions are chosen.
    pub rule: Rule<'a>,
    /// How far apart two sessions are: convED
    /// ([`ConvEdDistance`](crate::ConvEdDistance)), or another.
    pub distance: &'a dyn SessionDistance,
    /// How references are ordered.
    pub policy: Policy,
    /// How many references there are; by [`Rule::Clusters`] at inference and
    /// evaluation.
    pub references: usize,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("encoder", &self.encoder.name())
            .field("rule", &self.rule)
            .field("policy", &self.policy)
            .field("references", &self.references)
            .finish_non_exhaustive()
    }
}

/// What the pipeline knows of one person's sessions: computed once, used for
/// every dialogue.
#[derive(Clone, Debug)]
pub struct PersonIndex<'p> {
    /// The person.
    pub person: &'p Person,
    /// The persona text of each session (equation 2, joined).
    pub persona_texts: Vec<String>,
    /// Their embeddings `z`, `[sessions, d]`.
    pub embeddings: Array2<f32>,
    /// The sessions that are targets in training, ascending: all, or by
    /// [`Rule::Clusters`] those that the rules of static persona identification make
    /// targets ([`SpiParams::targets_of`]), asked once for all sessions, so that "one
    /// of a cluster" is one of a cluster.
    pub targets: Vec<usize>,
    /// What [`Rule::Evidence`] chooses from.
    bank: SessionBank,
}

impl PersonIndex<'_> {
    /// How many sessions it covers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.persona_texts.len()
    }

    /// Whether it covers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.persona_texts.is_empty()
    }

    fn check(&self, sessions: &[usize]) -> Result<()> {
        match sessions.iter().find(|&&s| s >= self.len()) {
            Some(&session) => Err(Error::NoSession { session, sessions: self.len() }),
            None => Ok(()),
        }
    }
}

/// The references of a dialogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Selection {
    /// Sessions of the person, in the order in which they are read.
    pub references: Vec<Reference>,
    /// The sum of the session distances along that order; `None` where nobody looked
    /// for an order.
    pub cost: Option<f64>,
    /// Whether no order costs less, by proof.
    pub exact: bool,
    /// The target's cluster, where clusters had a say.
    pub cluster: Option<usize>,
}

impl Selection {
    /// An ablation of static persona identification: `count` of `candidates` at
    /// random, in random order. None counts as nearer than another, so a cut
    /// takes any.
    ///
    /// # Errors
    /// [`Error::NoSession`] for a candidate that is not there.
    pub fn random(
        index: &PersonIndex<'_>,
        candidates: &[usize],
        count: usize,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        index.check(candidates)?;
        // The first of all in random order: with more of them the first stay.
        let mut drawn = candidates.to_vec();
        drawn.shuffle(rng);
        drawn.truncate(count);
        let references = drawn
            .into_iter()
            .map(|session| Reference { session, distance: rng.gen_range(0.0..1.0) })
            .collect();
        Ok(Selection { references, ..Selection::default() })
    }

    /// An ablation of dynamic persona identification: the same sessions in
    /// random order.
    #[must_use]
    pub fn shuffled(mut self, rng: &mut impl Rng) -> Self {
        self.references.shuffle(rng);
        Selection { cost: None, exact: false, ..self }
    }
}

impl Pipeline<'_> {
    /// Reads a person's sessions: persona texts and their embeddings, facts, words,
    /// and which of them are targets in training.
    ///
    /// # Errors
    /// The extractor's, the encoder's and the clusterer's.
    pub fn index<'p>(&self, person: &'p Person) -> Result<PersonIndex<'p>> {
        match self.rule {
            Rule::Evidence(_) => {
                let sessions: Vec<&Session> = person.sessions.iter().collect();
                self.index_of(person, self.reader().records(&sessions)?)
            }
            Rule::Clusters(spi) => {
                let persona_texts = person
                    .sessions
                    .iter()
                    .map(|session| persona_text(session, Role::Assistant, self.extractor))
                    .collect::<std::result::Result<Vec<_>, _>>()?;
                let texts: Vec<&str> = persona_texts.iter().map(String::as_str).collect();
                let embeddings = self.reader().encode(&texts)?;
                let targets = spi.targets_of(embeddings.view())?;
                let bank = SessionBank::new();
                Ok(PersonIndex { person, persona_texts, embeddings, targets, bank })
            }
        }
    }

    /// The index of a person whose sessions were read before, for
    /// [`Rule::Evidence`]: a record for each, in their order, such as a store keeps.
    ///
    /// # Errors
    /// [`Error::Records`] for another number of records;
    /// [`Error::NotEmbedded`] and [`Error::OtherEncoder`].
    pub fn index_of<'p>(
        &self,
        person: &'p Person,
        records: Vec<Record>,
    ) -> Result<PersonIndex<'p>> {
        let (found, sessions) = (records.len(), person.sessions.len());
        if found != sessions {
            return Err(Error::Records { records: found, sessions });
        }
        let mut bank = SessionBank::new();
        let mut persona_texts = Vec::with_capacity(sessions);
        for (place, record) in records.into_iter().enumerate() {
            if let Some(made) = &record.embeddings {
                self.reader().check(&record.id, made)?;
            }
            persona_texts.push(record.persona.clone());
            // Two sessions of one id are two sessions here.
            bank.add(Record { id: place.to_string(), ..record })?;
        }
        let dim = self.encoder.dim();
        let rows = bank.sessions().iter().map(|s| s.embeddings.session().to_vec());
        let embeddings = Array2::from_shape_vec((sessions, dim), rows.flatten().collect())
            .map_err(|_| Error::EncoderRows {
                name: self.encoder.name().to_owned(),
                rows: 0,
                texts: sessions,
            })?;
        let targets = (0..sessions).collect();
        Ok(PersonIndex { person, persona_texts, embeddings, targets, bank })
    }

    fn reader(&self) -> Reader<'_> {
        let ask = match self.rule {
            Rule::Evidence(chooser) => chooser.params().ask,
            Rule::Clusters(_) => Ask::default(),
        };
        Reader { encoder: self.encoder, extractor: self.extractor, ask }
    }

    /// The embedding of a context: of the person's persona utterances in it or,
    /// while there are none, of the partner's.
    ///
    /// # Errors
    /// The extractor's and the encoder's.
    pub fn query(&self, context: &[Utterance]) -> Result<Array1<f32>> {
        let context = Session { messages: context.to_vec(), ..Session::default() };
        let text = persona_text(&context, Role::Assistant, self.extractor)?;
        Ok(self.reader().encode(&[&text])?.row(0).to_owned())
    }

    /// The references for a context at inference and evaluation: the best of
    /// `candidates`, ordered. Candidates are positions of sessions; leave out
    /// the one that the context belongs to.
    ///
    /// # Errors
    /// [`Error::NoSession`] for a candidate that is not there; the encoder's
    /// and the distance's.
    pub fn select(
        &self,
        index: &PersonIndex<'_>,
        candidates: &[usize],
        context: &[Utterance],
    ) -> Result<Selection> {
        index.check(candidates)?;
        if let Rule::Evidence(chooser) = self.rule {
            return self.by_evidence(chooser, index, candidates, context);
        }
        let query = self.query(context)?;
        let rows = index.embeddings.select(Axis(0), candidates);
        let chosen = nearest(query.view(), rows.view(), self.references)?
            .into_iter()
            .map(|r| Reference { session: candidates[r.session], distance: r.distance })
            .collect();
        self.arrange(index, chosen, None)
    }

    /// The references for the session `target` in training, by static persona
    /// identification over the candidates and the context; `None` where the rules
    /// make it no target ([`PersonIndex::targets`]), or leave it without a
    /// reference. [`learn::candidates`](crate::learn::candidates) are the sessions
    /// that hold nothing of the target's dialogue.
    ///
    /// In the choice of references the target takes part with the embedding of its
    /// context alone, so that its replies cannot move a cluster. Where one session
    /// of a cluster is learnt, *which* one is decided before, by all that all
    /// sessions say.
    ///
    /// # Errors
    /// [`Error::NoSession`]; the clusterer's, the encoder's, the distance's.
    pub fn select_for_training(
        &self,
        index: &PersonIndex<'_>,
        candidates: &[usize],
        target: usize,
        context: &[Utterance],
    ) -> Result<Option<Selection>> {
        let mut sessions = candidates.to_vec();
        sessions.push(target);
        index.check(&sessions)?;
        if index.targets.binary_search(&target).is_err() {
            return Ok(None);
        }
        let spi = match self.rule {
            Rule::Clusters(spi) => spi,
            Rule::Evidence(chooser) => {
                let selection = self.by_evidence(chooser, index, candidates, context)?;
                return Ok((!selection.references.is_empty()).then_some(selection));
            }
        };
        sessions.sort_unstable();
        sessions.dedup();
        let mut z = index.embeddings.select(Axis(0), &sessions);
        let row = sessions.partition_point(|&s| s < target);
        z.row_mut(row).assign(&self.query(context)?);
        let Some(found) = spi.references_of(row, z.view())? else { return Ok(None) };
        let of_person = |r: Reference| Reference { session: sessions[r.session], ..r };
        let references = found.references.into_iter().map(of_person).collect();
        Ok(Some(self.arrange(index, references, Some(found.cluster))?))
    }

    /// The candidates that most speaks for, ordered.
    fn by_evidence(
        &self,
        chooser: Chooser,
        index: &PersonIndex<'_>,
        candidates: &[usize],
        context: &[Utterance],
    ) -> Result<Selection> {
        let query = self.reader().query(context)?;
        let chosen =
            chooser.count(self.references).choose(&index.bank, candidates, query.as_ref(), None)?;
        let best = chosen.first().map_or(0.0, |first| first.score);
        // The less speaks for a session, the farther it is.
        let references = chosen
            .iter()
            .map(|c| Reference { session: c.place, distance: best - c.score })
            .collect();
        self.arrange(index, references, None)
    }

    /// Puts references into order: dynamic persona identification.
    fn arrange(
        &self,
        index: &PersonIndex<'_>,
        references: Vec<Reference>,
        cluster: Option<usize>,
    ) -> Result<Selection> {
        let chosen: Vec<&Session> =
            references.iter().map(|r| &index.person.sessions[r.session]).collect();
        let to_target: Vec<f64> = references.iter().map(|r| r.distance).collect();
        let SessionOrder { order, cost, exact } =
            ordered(self.distance, self.policy, &chosen, &to_target)?;
        let references = order.into_iter().map(|i| references[i]).collect();
        Ok(Selection { references, cost: Some(cost), exact, cluster })
    }
}

/// The order of sessions along the shortest path: dynamic persona identification.
pub(crate) fn ordered(
    distance: &dyn SessionDistance,
    policy: Policy,
    sessions: &[&Session],
    to_target: &[f64],
) -> Result<SessionOrder> {
    let matrix = distance.pairwise(sessions).map_err(Error::Distance)?;
    let (rows, columns) = matrix.dim();
    if rows != sessions.len() || columns != sessions.len() {
        return Err(Error::DistanceShape { rows, columns, sessions: sessions.len() });
    }
    Ok(order(matrix.view(), policy, Some(to_target))?)
}
