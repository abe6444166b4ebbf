#![doc = include_str!("../README.md")]

mod error;
mod exchange;
mod kmeans;
mod labels;
mod method;
mod nearest;
mod params;
mod plan;
mod quality;
mod seeding;
mod small;

pub use error::{Error, Result};
pub use method::Method;
pub use nearest::{Reference, cosine_distance, nearest};
pub use params::{ClusterCount, References, SmallClusters, SpiParams, SpiValidParams, TargetRule};
pub use plan::{ClusterReferences, Plan, PlanEntry, Reason, Skip, SkipReason};
pub use quality::{inertia, silhouette};

/// linfa's trait of parameters that are checked before use, so that
/// `params.check()` needs no further dependency.
pub use linfa::ParamGuard;
