//! Static and dynamic persona identification as one call: which of a person's
//! sessions stand before a dialogue, and in which order.

use idl_cluster::{Reference, SpiParams, nearest};
use idl_dialogue::{
    Person, PersonaExtractor, Role, SentenceEncoder, Session, SessionDistance, Utterance,
};
use idl_order::{Policy, SessionOrder, order};
use idl_persona_ext::persona_text;
use ndarray::{Array1, Array2, Axis};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::Serialize;

use crate::error::{Error, Result};

/// Chooses and orders a person's sessions for a dialogue.
///
/// # No leak
/// The query side of every choice is the context: what was said before the
/// first reply to be predicted. Neither that reply nor anything after it
/// touches the choice of cluster, references or order.
#[derive(Clone, Copy)]
pub struct Pipeline<'a> {
    /// `Enc` of equation 3.
    pub encoder: &'a dyn SentenceEncoder,
    /// `Ext` of equation 2.
    pub extractor: &'a dyn PersonaExtractor,
    /// Clusters, targets and references in training.
    pub spi: &'a SpiParams,
    /// How far apart two sessions are: convED
    /// ([`ConvEdDistance`](crate::ConvEdDistance)), or another.
    pub distance: &'a dyn SessionDistance,
    /// How references are ordered.
    pub policy: Policy,
    /// How many references serve at inference and evaluation.
    pub references: usize,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("encoder", &self.encoder.name())
            .field("spi", &self.spi)
            .field("policy", &self.policy)
            .field("references", &self.references)
            .finish_non_exhaustive()
    }
}

/// What the pipeline knows of one person's sessions: computed once, used for
/// every dialogue.
#[derive(Clone, Debug)]
pub struct PersonIndex {
    /// The persona text of each session (equation 2, joined).
    pub persona_texts: Vec<String>,
    /// Their embeddings `z`, `[sessions, d]`.
    pub embeddings: Array2<f32>,
    /// How far apart each two sessions are, `[sessions, sessions]`.
    pub distances: Array2<f64>,
    /// The sessions that the rules of static persona identification make targets
    /// in training, ascending ([`SpiParams::targets_of`]): asked once for all
    /// sessions, so that "one of a cluster" is one of a cluster.
    pub targets: Vec<usize>,
}

impl PersonIndex {
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
    /// The sum of the session distances along that order.
    pub cost: f64,
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
        index: &PersonIndex,
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
        Ok(Selection::default().with(references, index))
    }

    /// An ablation of dynamic persona identification: the same sessions in
    /// random order.
    ///
    /// # Errors
    /// [`Error::NoSession`] for sessions of another index.
    pub fn shuffled(mut self, index: &PersonIndex, rng: &mut impl Rng) -> Result<Self> {
        index.check(&self.references.iter().map(|r| r.session).collect::<Vec<_>>())?;
        let mut references = std::mem::take(&mut self.references);
        references.shuffle(rng);
        Ok(self.with(references, index))
    }

    /// The references in this order, which nobody looked for, and its cost.
    fn with(self, references: Vec<Reference>, index: &PersonIndex) -> Self {
        let cost = references
            .windows(2)
            .map(|pair| index.distances[[pair[0].session, pair[1].session]])
            .sum();
        Selection { cost, exact: references.len() < 2, references, ..self }
    }
}

impl Pipeline<'_> {
    /// Reads a person's sessions: persona texts, their embeddings, the distances
    /// between all pairs of sessions, and which of them are targets in training.
    ///
    /// # Errors
    /// The extractor's, the encoder's, the distance's and the clusterer's.
    pub fn index(&self, person: &Person) -> Result<PersonIndex> {
        let sessions: Vec<&Session> = person.sessions.iter().collect();
        let persona_texts = sessions
            .iter()
            .map(|session| persona_text(session, Role::Assistant, self.extractor))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let texts: Vec<&str> = persona_texts.iter().map(String::as_str).collect();
        let embeddings = self.encode(&texts)?;
        let distances = self.distance.pairwise(&sessions).map_err(Error::Distance)?;
        let (rows, columns) = distances.dim();
        if rows != sessions.len() || columns != sessions.len() {
            return Err(Error::DistanceShape { rows, columns, sessions: sessions.len() });
        }
        let targets = self.spi.targets_of(embeddings.view())?;
        Ok(PersonIndex { persona_texts, embeddings, distances, targets })
    }

    /// The embedding of a context: of the person's persona utterances in it or,
    /// while there are none, of the partner's.
    ///
    /// # Errors
    /// The extractor's and the encoder's.
    pub fn query(&self, context: &[Utterance]) -> Result<Array1<f32>> {
        let context = Session { messages: context.to_vec(), ..Session::default() };
        let text = persona_text(&context, Role::Assistant, self.extractor)?;
        Ok(self.encode(&[&text])?.row(0).to_owned())
    }

    /// The references for a context at inference and evaluation: the nearest of
    /// `candidates`, ordered. Candidates are positions of sessions; leave out
    /// the one that the context belongs to.
    ///
    /// # Errors
    /// [`Error::NoSession`] for a candidate that is not there; the encoder's
    /// and the distance's.
    pub fn select(
        &self,
        index: &PersonIndex,
        candidates: &[usize],
        context: &[Utterance],
    ) -> Result<Selection> {
        index.check(candidates)?;
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
        index: &PersonIndex,
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
        sessions.sort_unstable();
        sessions.dedup();
        let mut z = index.embeddings.select(Axis(0), &sessions);
        let row = sessions.partition_point(|&s| s < target);
        z.row_mut(row).assign(&self.query(context)?);
        let Some(found) = self.spi.references_of(row, z.view())? else { return Ok(None) };
        let of_person = |r: Reference| Reference { session: sessions[r.session], ..r };
        let references = found.references.into_iter().map(of_person).collect();
        Ok(Some(self.arrange(index, references, Some(found.cluster))?))
    }

    /// Puts references into order: dynamic persona identification.
    fn arrange(
        &self,
        index: &PersonIndex,
        references: Vec<Reference>,
        cluster: Option<usize>,
    ) -> Result<Selection> {
        let chosen: Vec<usize> = references.iter().map(|r| r.session).collect();
        let matrix = index.distances.select(Axis(0), &chosen).select(Axis(1), &chosen);
        let to_target: Vec<f64> = references.iter().map(|r| r.distance).collect();
        let SessionOrder { order, cost, exact } =
            order(matrix.view(), self.policy, Some(&to_target))?;
        let references = order.into_iter().map(|i| references[i]).collect();
        Ok(Selection { references, cost, exact, cluster })
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>> {
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
