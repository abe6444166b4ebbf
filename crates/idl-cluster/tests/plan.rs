//! Properties of plans.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_cluster::{
    Error, Method, ParamGuard, Plan, References, SkipReason, SmallClusters, SpiParams, TargetRule,
};
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
        // Every session is in one cluster, or skipped for being in none.
        for (session, cluster) in plan.clusters.iter().enumerate() {
            let reasons = plan.skipped.iter().filter(|s| s.session == session);
            let homeless = reasons.filter(|s| s.reason == SkipReason::NoCluster).count();
            prop_assert_eq!(homeless, usize::from(cluster.is_none()));
        }
        // No cluster is lost without a word.
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

/// Groups so far apart that there is one good answer, and no two distances that
/// are equal; at most 3 groups, as that many are looked for.
fn groups() -> impl Strategy<Value = Array2<f32>> {
    (proptest::collection::vec((0usize..3, -0.3f32..0.3, -0.3f32..0.3), 2..24)).prop_map(|rows| {
        let centres = [[10.0, 0.0], [0.0, 10.0], [-10.0, -10.0]];
        let row = |&(g, x, y): &(usize, f32, f32)| [centres[g][0] + x, centres[g][1] + y];
        let flat: Vec<f32> = rows.iter().flat_map(row).collect();
        Array2::from_shape_vec((rows.len(), 2), flat).unwrap()
    })
}

fn distinct_rows(points: &Array2<f32>) -> bool {
    let rows: Vec<_> = points.rows().into_iter().collect();
    (0..rows.len()).all(|i| (0..i).all(|j| rows[i] != rows[j]))
}

/// For each target its references, whatever clusters are called.
fn references(plan: &Plan) -> std::collections::BTreeMap<usize, Vec<usize>> {
    let of = |r: &idl_cluster::Reference| r.session;
    plan.entries.iter().map(|e| (e.target, e.references.iter().map(of).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scale_of_embeddings_does_not_matter(
        points in embeddings(),
        params in params(),
        exponent in -40i32..40,
    ) {
        // DBSCAN's radius is a distance; the other methods have none.
        let params = params.method(Method::default());
        for params in [params.clone(), params.method(Method::Ward)] {
            let scaled = &points * 2f32.powi(exponent);
            prop_assert_eq!(
                params.plan(scaled.view()).unwrap(),
                params.plan(points.view()).unwrap()
            );
        }
    }

    #[test]
    fn the_order_of_sessions_does_not_matter(
        points in groups().prop_filter("ties go by index", distinct_rows),
        order in any::<prop::sample::Index>(),
        ward in any::<bool>(),
    ) {
        let n = points.nrows();
        let turn = order.index(n);
        let method = if ward { Method::Ward } else { Method::default() };
        // As many clusters as groups, or some number in between is a tie.
        let groups = points.rows().into_iter().map(|r| (r[0] > 5.0, r[1] > 5.0));
        let groups = groups.collect::<std::collections::BTreeSet<_>>().len();
        let params = SpiParams::paper()
            .method(method)
            .max_clusters(groups)
            .targets(TargetRule::Every)
            .references(References::All);
        // Session i comes to stand at (n - 1 - i + turn) % n.
        let moved = |i: usize| (n - 1 - i + turn) % n;
        let mut other = points.clone();
        for i in 0..n {
            other.row_mut(moved(i)).assign(&points.row(i));
        }
        let plan = params.plan(points.view()).unwrap();
        let other = params.plan(other.view()).unwrap();
        for i in 0..n {
            for j in 0..n {
                prop_assert_eq!(
                    plan.clusters[i] == plan.clusters[j],
                    other.clusters[moved(i)] == other.clusters[moved(j)]
                );
            }
        }
        let sets = |plan: &Plan, moved: &dyn Fn(usize) -> usize| {
            references(plan)
                .into_iter()
                .map(|(target, refs)| {
                    let mut refs: Vec<usize> = refs.into_iter().map(moved).collect();
                    refs.sort_unstable();
                    (moved(target), refs)
                })
                .collect::<std::collections::BTreeMap<_, _>>()
        };
        prop_assert_eq!(sets(&plan, &moved), sets(&other, &|i| i));
    }
}

#[test]
fn any_number_of_threads_gives_the_same_plan() {
    let points = Array2::from_shape_fn((120, 16), |(i, j)| ((i * 31 + j * 17) % 23) as f32 - 11.0);
    for method in [Method::default(), Method::Ward, Method::Dbscan { epsilon: 20.0, min_points: 3 }]
    {
        let params = SpiParams::paper().method(method).max_clusters(7).seed(3);
        let plan_with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| params.plan(points.view()).unwrap())
        };
        let one = plan_with(1);
        assert_eq!(plan_with(2), one);
        assert_eq!(plan_with(5), one);
    }
}

#[test]
fn the_edges_of_input() {
    for params in [SpiParams::paper(), SpiParams::released(), SpiParams::default()] {
        for method in
            [Method::default(), Method::Ward, Method::Dbscan { epsilon: 0.5, min_points: 2 }]
        {
            let params = params.clone().method(method.clone());
            let plan = |points: Array2<f32>| params.plan(points.view());
            assert_eq!(plan(Array2::zeros((0, 4))).unwrap(), Plan::default());
            assert_eq!(plan(Array2::zeros((0, 0))).unwrap(), Plan::default());
            let one = plan(Array2::ones((1, 4))).unwrap();
            assert!(one.entries.is_empty() && one.skipped.len() == 1, "{method:?}: {one:?}");
            // Identical sessions are one cluster, whatever k; zeros too.
            for value in [0.0, 1.0, f32::MAX, f32::MIN_POSITIVE] {
                let same = plan(Array2::from_elem((7, 4), value)).unwrap();
                let entries = same.entries.len();
                assert!(entries >= 1, "{method:?} {value}: {same:?}");
            }
            let mut bad = Array2::ones((3, 2));
            bad[[2, 1]] = f32::NAN;
            assert!(matches!(plan(bad), Err(Error::NotFinite { row: 2, column: 1, .. })));
            assert!(matches!(
                plan(Array2::zeros((3, 0))),
                Err(Error::NoDimensions { sessions: 3 })
            ));
        }
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
