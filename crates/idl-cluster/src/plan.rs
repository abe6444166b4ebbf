//! The plan: which session is a target, and which others are its references.

use linfa::ParamGuard;
use ndarray::ArrayView2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::method::check_points;
use crate::nearest::{Reference, cosine_distance, take_nearest};
use crate::params::{References, SpiParams, SpiValidParams, TargetRule};
use crate::small::treat;

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
        let points = embeddings.mapv(f64::from);
        check_points(points.view())?;
        if points.nrows() == 0 {
            return Ok(Plan::default());
        }
        let found =
            rules.method.labels(points.view(), self.clusters_for(points.nrows()), rules.seed)?;
        let clusters = treat(points.view(), found, rules.small_clusters, rules.min_cluster_size);

        let mut plan = Plan { clusters, ..Plan::default() };
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
                let others = members.iter().filter(|&&session| session != target).map(|&session| {
                    let distance = cosine_distance(embeddings.row(target), embeddings.row(session));
                    Reference { session, distance }
                });
                let k = match rules.references {
                    References::Nearest(k) => k,
                    References::All => usize::MAX,
                };
                let references = take_nearest(others, k);
                if references.is_empty() {
                    plan.skipped.push(Skip { session: target, reason: SkipReason::NoReference });
                } else {
                    plan.entries.push(PlanEntry { target, references, cluster, reason });
                }
            }
        }
        Ok(plan)
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
