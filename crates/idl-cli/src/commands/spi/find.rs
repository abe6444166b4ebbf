//! One person's clusters, targets and references.

use idl::cluster::{Plan, SpiParams, cosine_distance, silhouette};
use idl::learn::{candidates, opening};
use idl::order::Policy;
use idl::persona_ext::{contains_object, extract_triples, persona_text};
use idl::{PersonIndex, Pipeline, Rule};
use idl_dialogue::{BoxError, Person, Role, Session, SessionDistance, Triple};
use ndarray::Array2;
use serde::Serialize;

use super::embed::Encoder;
use super::extract::Known;

/// All texts that will be embedded: of each session what stands for it, and
/// what stands for its beginning when it is a target.
pub(crate) fn texts(persons: &[Person], known: &Known) -> Result<Vec<String>, BoxError> {
    let mut texts = Vec::new();
    for session in persons.iter().flat_map(|person| &person.sessions) {
        let begun = Session { messages: opening(session).to_vec(), ..Session::default() };
        for session in [session, &begun] {
            texts.push(persona_text(session, Role::Assistant, known)?);
        }
    }
    Ok(texts)
}

/// An output line.
#[derive(Serialize)]
pub(crate) struct Line {
    person: String,
    pub(crate) clusters: usize,
    pub(crate) silhouette: Option<f64>,
    pub(crate) within: Option<f64>,
    pub(crate) between: Option<f64>,
    pub(crate) sessions: Vec<SessionLine>,
    pub(crate) targets: Vec<Target>,
}

#[derive(Serialize)]
pub(crate) struct SessionLine {
    pub(crate) id: String,
    pub(crate) cluster: Option<usize>,
    triples: usize,
    persona_utterances: usize,
}

#[derive(Serialize)]
pub(crate) struct Target {
    session: String,
    references: Vec<Reference>,
}

#[derive(Serialize)]
struct Reference {
    session: String,
    cosine: f64,
}

/// A person's line, and what it follows from.
pub(crate) struct Found {
    pub(crate) line: Line,
    /// The triples of each session.
    pub(crate) triples: Vec<Vec<Triple>>,
    /// The utterances that hold an object, of each session; none where the
    /// embedding stands for all.
    pub(crate) intensive: Vec<Vec<String>>,
    /// The cosine of each two sessions.
    pub(crate) cosines: Array2<f64>,
}

/// Finds; see [`Finder::find`].
pub(crate) struct Finder<'a> {
    pipeline: Pipeline<'a>,
    spi: &'a SpiParams,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(encoder: &'a Encoder<'_>, known: &'a Known, spi: &'a SpiParams) -> Self {
        let pipeline = Pipeline {
            encoder: encoder.get(),
            extractor: known,
            rule: Rule::Clusters(spi),
            distance: &Unordered,
            policy: Policy::Original,
            references: 0, // for inference; here clusters have a say
        };
        Finder { pipeline, spi }
    }

    /// Clusters a person's sessions; then, for each session that can be learnt,
    /// clusters them again with it as it has only begun.
    pub(crate) fn find(&self, person: &Person) -> Result<Found, BoxError> {
        let index = self.pipeline.index(person)?;
        let plan = self.spi.plan(index.embeddings.view())?;
        let cosines = cosines(&index);
        let (within, between) = means(&cosines, &plan);
        let mut triples = Vec::with_capacity(person.sessions.len());
        let mut intensive = Vec::with_capacity(person.sessions.len());
        for session in &person.sessions {
            let said: Vec<&str> = session.said_by(Role::Assistant).collect();
            let found = extract_triples(&said, self.pipeline.extractor)?.concat();
            let holds = |text: &&&str| found.iter().any(|t| contains_object(text, &t.object));
            intensive.push(said.iter().filter(holds).map(|&text| text.to_owned()).collect());
            triples.push(found);
        }
        let sessions = person.sessions.iter().enumerate().map(|(i, session)| SessionLine {
            id: session.id.clone(),
            cluster: plan.clusters.get(i).copied().flatten(),
            triples: triples.get(i).map_or(0, Vec::len),
            persona_utterances: intensive.get(i).map_or(0, Vec::len),
        });
        let line = Line {
            person: person.id.clone(),
            clusters: plan.clusters.iter().flatten().max().map_or(0, |last| last + 1),
            silhouette: silhouette(index.embeddings.mapv(f64::from).view(), &plan.clusters)?
                .map(rounded),
            within: within.map(rounded),
            between: between.map(rounded),
            sessions: sessions.collect(),
            targets: self.targets(person, &index)?,
        };
        Ok(Found { line, triples, intensive, cosines })
    }

    fn targets(&self, person: &Person, index: &PersonIndex<'_>) -> Result<Vec<Target>, BoxError> {
        let mut targets = Vec::new();
        for (i, session) in person.sessions.iter().enumerate() {
            if session.replies().next().is_none() {
                continue;
            }
            let rest = candidates(person, session);
            let selection = self.pipeline.select_for_training(index, &rest, i, opening(session))?;
            let Some(selection) = selection else { continue };
            let reference = |r: idl::cluster::Reference| Reference {
                session: person.sessions[r.session].id.clone(),
                cosine: rounded(1.0 - r.distance),
            };
            let references = selection.references.into_iter().map(reference).collect();
            targets.push(Target { session: session.id.clone(), references });
        }
        Ok(targets)
    }
}

/// Six digits say enough, and read well.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn cosines(index: &PersonIndex<'_>) -> Array2<f64> {
    let n = index.len();
    Array2::from_shape_fn((n, n), |(a, b)| {
        1.0 - cosine_distance(index.embeddings.row(a), index.embeddings.row(b))
    })
}

/// The mean cosine of two sessions of one cluster, and of two clusters.
fn means(cosines: &Array2<f64>, plan: &Plan) -> (Option<f64>, Option<f64>) {
    let mut sums = [(0.0, 0_usize); 2];
    for ((a, b), cosine) in cosines.indexed_iter() {
        let (Some(x), Some(y)) = (plan.clusters[a], plan.clusters[b]) else { continue };
        if a < b {
            let sum = &mut sums[usize::from(x != y)];
            sum.0 += cosine;
            sum.1 += 1;
        }
    }
    let mean = |(sum, n): (f64, usize)| (n > 0).then(|| sum / n as f64);
    (mean(sums[0]), mean(sums[1]))
}

/// Which order references stand in is the next stage's matter.
struct Unordered;

impl SessionDistance for Unordered {
    fn pairwise(&self, sessions: &[&Session]) -> Result<Array2<f64>, BoxError> {
        Ok(Array2::zeros((sessions.len(), sessions.len())))
    }
}
