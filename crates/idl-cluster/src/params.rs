//! The rules of static persona identification as parameters.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use crate::{Error, Method, Result};

/// How many clusters are looked for among `n` sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClusterCount {
    /// The paper's "maximum 3": as many as allowed, `min(max, n)`.
    Maximum,
    /// The released code's: `max` for 6 sessions or more, else 1.
    Released,
    /// Ours: `clamp(n / (k + 1), 1, max)` with `k` references a target, so
    /// that a cluster can give `k` of them. With all the rest as references
    /// `k` is taken for 1.
    Filling,
}

/// What becomes of a cluster with fewer sessions than `min_cluster_size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SmallClusters {
    /// It stays. A target alone in its cluster is skipped all the same.
    Keep,
    /// Its sessions are in no cluster (released).
    Drop,
    /// It is merged into the cluster with the nearest centroid (ours).
    Merge,
}

/// Which sessions of a cluster become targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TargetRule {
    /// One, drawn with the seed (paper).
    Random,
    /// The last in corpus order (released).
    Last,
    /// Each in turn (ours).
    Every,
}

/// Which sessions of the target's cluster become its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum References {
    /// The `k` nearest by cosine (paper: the closest, k = 5).
    Nearest(usize),
    /// All the rest, nearest first (released).
    All,
}

/// Parameters of static persona identification, checked.
///
/// Made by [`SpiParams::check`](ParamGuard::check); its method is
/// [`plan`](Self::plan).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct SpiValidParams(pub(crate) Rules);

/// Parameters of static persona identification, yet to be checked.
///
/// Three presets carry the provenance of each choice; setters change one.
///
/// | | [`paper`](Self::paper) | [`released`](Self::released) | [`default`](Self::default) |
/// |---|---|---|---|
/// | clusterer | k-means | k-means | k-means |
/// | clusters of `n` sessions | `min(3, n)` | 3 if `n >= 6`, else 1 | `clamp(n / 6, 1, 3)` |
/// | clusters of fewer than 2 | kept | dropped | merged into the nearest |
/// | targets of a cluster | one at random | the last | every one in turn |
/// | references | 5 nearest | all the rest | 5 nearest |
///
/// ```
/// use idl_cluster::{References, SpiParams};
/// use ndarray::array;
///
/// # fn main() -> Result<(), idl_cluster::Error> {
/// let embeddings = array![[1.0_f32, 0.0], [0.9, 0.1], [0.0, 1.0]];
/// let plan = SpiParams::default().references(References::Nearest(1)).plan(embeddings.view())?;
/// assert_eq!(plan.entries.len(), 3);
/// assert_eq!(plan.entries[0].references[0].session, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpiParams(#[serde(deserialize_with = "unchecked")] SpiValidParams);

/// The fields, in the names of a configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    pub(crate) method: Method,
    pub(crate) cluster_count: ClusterCount,
    pub(crate) max_clusters: usize,
    pub(crate) small_clusters: SmallClusters,
    pub(crate) min_cluster_size: usize,
    pub(crate) targets: TargetRule,
    pub(crate) references: References,
    pub(crate) seed: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            method: Method::default(),
            cluster_count: ClusterCount::Filling,
            max_clusters: 3,
            small_clusters: SmallClusters::Merge,
            min_cluster_size: 2,
            targets: TargetRule::Every,
            references: References::Nearest(5),
            seed: 0,
        }
    }
}

/// `SpiValidParams` itself is not `Deserialize`: it would skip the check.
fn unchecked<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<SpiValidParams, D::Error> {
    Rules::deserialize(deserializer).map(SpiValidParams)
}

impl Default for SpiParams {
    /// Ours: see the table above.
    fn default() -> Self {
        SpiParams(SpiValidParams(Rules::default()))
    }
}

impl SpiParams {
    /// What the paper says.
    #[must_use]
    pub fn paper() -> Self {
        SpiParams(SpiValidParams(Rules {
            cluster_count: ClusterCount::Maximum,
            small_clusters: SmallClusters::Keep,
            targets: TargetRule::Random,
            ..Rules::default()
        }))
    }

    /// What the released code does.
    #[must_use]
    pub fn released() -> Self {
        SpiParams(SpiValidParams(Rules {
            cluster_count: ClusterCount::Released,
            small_clusters: SmallClusters::Drop,
            targets: TargetRule::Last,
            references: References::All,
            ..Rules::default()
        }))
    }

    /// The clusterer.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.0.0.method = method;
        self
    }

    /// The rule for the number of clusters. DBSCAN finds its own.
    #[must_use]
    pub fn cluster_count(mut self, rule: ClusterCount) -> Self {
        self.0.0.cluster_count = rule;
        self
    }

    /// The largest number of clusters (3).
    #[must_use]
    pub fn max_clusters(mut self, max: usize) -> Self {
        self.0.0.max_clusters = max;
        self
    }

    /// What becomes of small clusters.
    #[must_use]
    pub fn small_clusters(mut self, rule: SmallClusters) -> Self {
        self.0.0.small_clusters = rule;
        self
    }

    /// A cluster of fewer sessions is small (2).
    #[must_use]
    pub fn min_cluster_size(mut self, size: usize) -> Self {
        self.0.0.min_cluster_size = size;
        self
    }

    /// Which sessions become targets.
    #[must_use]
    pub fn targets(mut self, rule: TargetRule) -> Self {
        self.0.0.targets = rule;
        self
    }

    /// Which sessions become references.
    #[must_use]
    pub fn references(mut self, rule: References) -> Self {
        self.0.0.references = rule;
        self
    }

    /// The seed of k-means and of random targets (0).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.0.seed = seed;
        self
    }
}

impl ParamGuard for SpiParams {
    type Checked = SpiValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&SpiValidParams> {
        let rules = &self.0.0;
        let zero = |name| Err(Error::Parameter { name, value: "0".into(), expected: "at least 1" });
        rules.method.check()?;
        match rules {
            Rules { max_clusters: 0, .. } => zero("max_clusters"),
            Rules { min_cluster_size: 0, .. } => zero("min_cluster_size"),
            Rules { references: References::Nearest(0), .. } => zero("references"),
            _ => Ok(&self.0),
        }
    }

    fn check(self) -> Result<SpiValidParams> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl SpiValidParams {
    /// The number of clusters looked for among `n` sessions; 0 for none.
    #[must_use]
    pub fn clusters_for(&self, n: usize) -> usize {
        let rules = &self.0;
        let wanted = match rules.cluster_count {
            ClusterCount::Maximum => rules.max_clusters,
            ClusterCount::Released if n >= 6 => rules.max_clusters,
            ClusterCount::Released => 1,
            ClusterCount::Filling => {
                let k = match rules.references {
                    References::Nearest(k) => k,
                    References::All => 1,
                };
                (n / k.saturating_add(1)).clamp(1, rules.max_clusters)
            }
        };
        wanted.min(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(params: SpiParams) -> Vec<usize> {
        let params = params.check().unwrap();
        [0, 1, 2, 5, 6, 11, 12, 18, 40].map(|n| params.clusters_for(n)).to_vec()
    }

    #[test]
    fn numbers_of_clusters_by_provenance() {
        assert_eq!(counts(SpiParams::paper()), [0, 1, 2, 3, 3, 3, 3, 3, 3]);
        assert_eq!(counts(SpiParams::released()), [0, 1, 1, 1, 3, 3, 3, 3, 3]);
        assert_eq!(counts(SpiParams::default()), [0, 1, 1, 1, 1, 1, 2, 3, 3]);
    }

    #[test]
    fn zeros_are_refused_by_name() {
        for (params, wrong) in [
            (SpiParams::default().max_clusters(0), "max_clusters"),
            (SpiParams::default().min_cluster_size(0), "min_cluster_size"),
            (SpiParams::default().references(References::Nearest(0)), "references"),
        ] {
            assert!(
                matches!(params.check_ref(), Err(Error::Parameter { name, .. }) if name == wrong)
            );
        }
    }

    #[test]
    fn a_config_may_name_a_few_fields_but_no_unknown_one() {
        let json = r#"{"method": "ward", "references": {"nearest": 2}, "targets": "last"}"#;
        let params: SpiParams = serde_json::from_str(json).unwrap();
        let expected = SpiParams::default()
            .method(Method::Ward)
            .references(References::Nearest(2))
            .targets(TargetRule::Last);
        assert_eq!(params, expected);
        let again: SpiParams =
            serde_json::from_str(&serde_json::to_string(&params).unwrap()).unwrap();
        assert_eq!(again, params);
        assert!(serde_json::from_str::<SpiParams>(r#"{"clusters": 3}"#).is_err());
    }

    #[test]
    fn autotraits() {
        fn has_autotraits<T: Send + Sync + Sized + Unpin>() {}
        has_autotraits::<SpiParams>();
        has_autotraits::<SpiValidParams>();
        has_autotraits::<Error>();
    }
}
