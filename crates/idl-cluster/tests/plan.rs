//! Properties of plans.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_cluster::{Method, ParamGuard, Plan, References, SmallClusters, SpiParams, TargetRule};
use ndarray::Array2;
use proptest::prelude::*;

fn embeddings() -> impl Strategy<Value = Array2<f32>> {
    (0usize..14, 1usize..5).prop_flat_map(|(n, d)| {
        proptest::collection::vec(-2i8..3, n * d).prop_map(move |values| {
            // Few distinct values: ties, equal rows and zero rows occur.
            let values = values.into_iter().map(f32::from).collect();
            Array2::from_shape_vec((n, d), values).unwrap()
        })
    })
}

fn params() -> impl Strategy<Value = SpiParams> {
    let preset = prop_oneof![
        Just(SpiParams::paper()),
        Just(SpiParams::released()),
        Just(SpiParams::default())
    ];
    let method = prop_oneof![
        Just(Method::default()),
        Just(Method::Ward),
        Just(Method::Dbscan { epsilon: 1.5, min_points: 2 })
    ];
    let targets =
        prop_oneof![Just(TargetRule::Random), Just(TargetRule::Last), Just(TargetRule::Every)];
    let small = prop_oneof![
        Just(SmallClusters::Keep),
        Just(SmallClusters::Drop),
        Just(SmallClusters::Merge)
    ];
    let references = prop_oneof![Just(References::All), (1usize..7).prop_map(References::Nearest)];
    (preset, method, targets, small, references, any::<u64>()).prop_map(
        |(preset, method, targets, small, references, seed)| {
            preset
                .method(method)
                .targets(targets)
                .small_clusters(small)
                .references(references)
                .seed(seed)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_sound(points in embeddings(), params in params()) {
        let n = points.nrows();
        let plan = params.plan(points.view()).unwrap();
        prop_assert_eq!(plan.clusters.len(), n);
        for entry in &plan.entries {
            prop_assert_eq!(plan.clusters[entry.target], Some(entry.cluster));
            prop_assert!(!entry.references.is_empty());
            for pair in entry.references.windows(2) {
                prop_assert!(pair[0].distance <= pair[1].distance);
                prop_assert!(pair[0].session != pair[1].session);
            }
            for r in &entry.references {
                prop_assert!(r.session != entry.target);
                prop_assert_eq!(plan.clusters[r.session], Some(entry.cluster));
                prop_assert!((0.0..=2.0).contains(&r.distance));
            }
        }
        // No session is lost without a word.
        let clusters = plan.clusters.iter().flatten().max().map_or(0, |m| m + 1);
        for cluster in 0..clusters {
            prop_assert!(
                plan.entries.iter().any(|e| e.cluster == cluster)
                    || plan.skipped.iter().any(|s| plan.clusters[s.session] == Some(cluster))
            );
        }
        prop_assert_eq!(&params.plan(points.view()).unwrap(), &plan, "same seed, same plan");
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }

    #[test]
    fn the_default_makes_every_session_a_target(points in embeddings()) {
        let plan = SpiParams::default().plan(points.view()).unwrap();
        let mut targets: Vec<usize> = plan.entries.iter().map(|e| e.target).collect();
        targets.sort_unstable();
        let expected: Vec<usize> =
            if points.nrows() == 1 { vec![] } else { (0..points.nrows()).collect() };
        prop_assert_eq!(targets, expected);
    }
}

#[test]
fn released_takes_the_last_and_all_the_rest() {
    let points = Array2::from_shape_fn((5, 2), |(i, j)| if j == 0 { 1.0 } else { i as f32 });
    let plan = SpiParams::released().plan(points.view()).unwrap();
    assert_eq!(plan.entries.len(), 1);
    assert_eq!(plan.entries[0].target, 4);
    let references: Vec<usize> = plan.entries[0].references.iter().map(|r| r.session).collect();
    assert_eq!(references, [3, 2, 1, 0]);
}

#[test]
fn the_seed_chooses_the_random_target() {
    let points = Array2::from_shape_fn((9, 2), |(i, j)| if j == 0 { 1.0 } else { i as f32 });
    let target = |seed| {
        let params = SpiParams::paper().max_clusters(1).seed(seed).check().unwrap();
        params.plan(points.view()).unwrap().entries[0].target
    };
    let drawn: std::collections::BTreeSet<usize> = (0..40).map(target).collect();
    assert!(drawn.len() > 5, "{drawn:?}");
}
