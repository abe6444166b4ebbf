//! The plan: which session is a target, and which others are its references.

use linfa::ParamGuard;
use ndarray::ArrayView2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::method::check_points;
use crate::nearest::{Reference, cosine_distance, take_nearest};
use crate::params::{References, SpiParams, SpiValidParams, TargetRule};
use crate::small::treat;
use crate::{Error, Result};

/// What static persona identification decided for one person's sessions.
///
/// It serialises, and depends on nothing but the embeddings and the
/// parameters: what a caller leaves out of an embedding (the reply to be
/// predicted) cannot reach it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The cluster of each session, numbered in order of first appearance;
    /// `None` where a rule (or DBSCAN) left the session out.
    pub clusters: Vec<Option<usize>>,
    /// The targets with their references, by cluster, then by session.
    pub entries: Vec<PlanEntry>,
    /// The sessions that are no target although no rule chose another.
    pub skipped: Vec<Skip>,
}

/// A target session and the sessions it is to be seen with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// The session to be learnt.
    pub target: usize,
    /// At least one other session of its cluster, nearest first.
    pub references: Vec<Reference>,
    /// The cluster of both.
    pub cluster: usize,
    /// Why this session is a target.
    pub reason: Reason,
}

impl Plan {
    /// The targets, in the order of their entries.
    pub fn targets(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().map(|entry| entry.target)
    }
}

/// What one session is to be seen with, if it is to be learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterReferences {
    /// The session's cluster, numbered as in a [`Plan`].
    pub cluster: usize,
    /// At least one other session of it, nearest first.
    pub references: Vec<Reference>,
}

/// Why a session is a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// Drawn from its cluster.
    RandomOfCluster,
    /// The last of its cluster.
    LastOfCluster,
    /// Every session of the cluster is a target in turn.
    EveryInTurn,
}

/// A session that could not become a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The session.
    pub session: usize,
    /// Why not.
    pub reason: SkipReason,
}

/// Why a session could not become a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SkipReason {
    /// It is in no cluster: dropped with a small one, or noise.
    NoCluster,
    /// It is alone in its cluster, so that there is no reference for it.
    NoReference,
}

impl SpiParams {
    /// Checks the parameters, then [`SpiValidParams::plan`].
    ///
    /// # Errors
    /// As there, and [`Error::Parameter`](crate::Error::Parameter).
    pub fn plan(&self, embeddings: ArrayView2<'_, f32>) -> Result<Plan> {
        self.check_ref()?.plan(embeddings)
    }

    /// Checks the parameters, then [`SpiValidParams::targets_of`].
    ///
    /// # Errors
    /// As there, and [`Error::Parameter`](crate::Error::Parameter).
    pub fn targets_of(&self, embeddings: ArrayView2<'_, f32>) -> Result<Vec<usize>> {
        self.check_ref()?.targets_of(embeddings)
    }

    /// Checks the parameters, then [`SpiValidParams::references_of`].
    ///
    /// # Errors
    /// As there, and [`Error::Parameter`](crate::Error::Parameter).
    pub fn references_of(
        &self,
        session: usize,
        embeddings: ArrayView2<'_, f32>,
    ) -> Result<Option<ClusterReferences>> {
        self.check_ref()?.references_of(session, embeddings)
    }
}

impl SpiValidParams {
    /// Clusters one person's sessions and chooses targets and references.
    ///
    /// `embeddings` is `[n, d]`: one row `z = Enc(persona text)` (equation 3)
    /// for each session, in corpus order. No session gives an empty plan; a
    /// single one is skipped, as it has no reference.
    ///
    /// Time: the clusterer's and O(n^2 d) for the references.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a NaN or an infinity,
    /// [`Error::NoDimensions`](crate::Error::NoDimensions) for `d == 0`.
    pub fn plan(&self, embeddings: ArrayView2<'_, f32>) -> Result<Plan> {
        let rules = &self.0;
        let mut plan = Plan { clusters: self.clusters(embeddings)?, ..Plan::default() };
        plan.skipped.extend(
            plan.clusters
                .iter()
                .enumerate()
                .filter(|(_, cluster)| cluster.is_none())
                .map(|(session, _)| Skip { session, reason: SkipReason::NoCluster }),
        );
        // A stream of its own: a different clusterer draws the same targets.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(rules.seed);
        rng.jump();
        for (cluster, members) in members(&plan.clusters).into_iter().enumerate() {
            let (targets, reason) = choose(&members, rules.targets, &mut rng);
            for target in targets {
                let references = self.references_among(&members, target, embeddings);
                if references.is_empty() {
                    plan.skipped.push(Skip { session: target, reason: SkipReason::NoReference });
                } else {
                    plan.entries.push(PlanEntry { target, references, cluster, reason });
                }
            }
        }
        Ok(plan)
    }

    /// Which sessions the rule for targets takes, ascending: the targets of the
    /// [`plan`](Self::plan) where one of each cluster is one, and simply all where
    /// every session is in turn.
    ///
    /// For callers that choose the references of each target anew, by
    /// [`references_of`](Self::references_of), of embeddings in which the target's
    /// own shows only what may be seen of it. To ask those embeddings for targets
    /// as well would be another question for each session, and more than one
    /// session of a cluster would be the one.
    ///
    /// Time: the plan's, or nothing.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan).
    pub fn targets_of(&self, embeddings: ArrayView2<'_, f32>) -> Result<Vec<usize>> {
        if self.0.targets == TargetRule::Every {
            return Ok((0..embeddings.nrows()).collect());
        }
        let mut targets: Vec<usize> = self.plan(embeddings)?.targets().collect();
        targets.sort_unstable();
        Ok(targets)
    }

    /// Clusters one person's sessions as [`plan`](Self::plan) does, and chooses
    /// the references of `session`, whether or not the rule for targets takes it:
    /// `None` if it is in no cluster, or alone in one.
    ///
    ///
    /// Time: the clusterer's and O(n d) for the references.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan);
    /// [`Error::NoSession`](crate::Error::NoSession) for one that is not there.
    pub fn references_of(
        &self,
        session: usize,
        embeddings: ArrayView2<'_, f32>,
    ) -> Result<Option<ClusterReferences>> {
        let clusters = self.clusters(embeddings)?;
        let sessions = clusters.len();
        let Some(cluster) = clusters.get(session) else {
            return Err(Error::NoSession { session, sessions });
        };
        let Some(cluster) = *cluster else { return Ok(None) };
        let members: Vec<usize> =
            (0..sessions).filter(|&other| clusters[other] == Some(cluster)).collect();
        let references = self.references_among(&members, session, embeddings);
        Ok((!references.is_empty()).then_some(ClusterReferences { cluster, references }))
    }

    /// The cluster of each session.
    fn clusters(&self, embeddings: ArrayView2<'_, f32>) -> Result<Vec<Option<usize>>> {
        let rules = &self.0;
        let points = embeddings.mapv(f64::from);
        check_points(points.view())?;
        if points.nrows() == 0 {
            return Ok(Vec::new());
        }
        let count = self.clusters_for(points.nrows());
        let found = rules.method.labels(points.view(), count, rules.seed)?;
        Ok(treat(points.view(), found, rules.small_clusters, rules.min_cluster_size))
    }

    /// The references of one member of a cluster.
    fn references_among(
        &self,
        members: &[usize],
        target: usize,
        embeddings: ArrayView2<'_, f32>,
    ) -> Vec<Reference> {
        let others = members.iter().filter(|&&session| session != target).map(|&session| {
            let distance = cosine_distance(embeddings.row(target), embeddings.row(session));
            Reference { session, distance }
        });
        let k = match self.0.references {
            References::Nearest(k) => k,
            References::All => usize::MAX,
        };
        take_nearest(others, k)
    }
}

/// The sessions of each cluster, in order.
fn members(clusters: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (session, cluster) in clusters.iter().enumerate() {
        if let Some(cluster) = *cluster {
            if members.len() <= cluster {
                members.resize(cluster + 1, Vec::new());
            }
            members[cluster].push(session);
        }
    }
    members
}

/// The targets among `members` (not empty) and why.
fn choose(members: &[usize], rule: TargetRule, rng: &mut impl Rng) -> (Vec<usize>, Reason) {
    match rule {
        TargetRule::Random => {
            (vec![members[rng.gen_range(0..members.len())]], Reason::RandomOfCluster)
        }
        TargetRule::Last => (members.last().copied().into_iter().collect(), Reason::LastOfCluster),
        TargetRule::Every => (members.to_vec(), Reason::EveryInTurn),
    }
}
