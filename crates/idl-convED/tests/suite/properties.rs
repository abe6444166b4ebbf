//! The facts that hold for all sessions and all costs.

use crate::sessions::{Owned, session, views};
use idl_conved::{ConvEd, Edit, Error, SessionView, naive};
use ndarray::{Array2, Axis, Slice};
use proptest::prelude::*;

/// What `f32` kernels may differ by from the `f64` oracle, for sessions of up
/// to a dozen utterances and costs of up to 8.
const TOLERANCE: f64 = 1e-4;

fn costs() -> impl Strategy<Value = ConvEd> {
    let cost = prop_oneof![Just(0.0), Just(1.0), 0.0..4.0];
    let lambda = prop_oneof![Just(0.0), Just(1.0), Just(5.0), 0.0..8.0];
    (lambda, cost.clone(), cost, any::<bool>()).prop_map(|(lambda, insertion, deletion, norm)| {
        ConvEd::params()
            .lambda(lambda)
            .insertion(insertion)
            .deletion(deletion)
            .normalize(norm)
            .check()
            .unwrap()
    })
}

fn unit(lambda: f64) -> ConvEd {
    ConvEd::params().lambda(lambda).check().unwrap()
}

proptest! {
    // A failure's seed is printed; files of seeds are not kept.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_functions_agree_with_the_definition(
        sessions in prop::collection::vec(session(9, 3, 3), 0..7),
        conved in costs(),
    ) {
        let views = views(&sessions);
        let pairwise = conved.pairwise(&views).unwrap();
        let cdist = conved.cdist(&views, &views).unwrap();
        prop_assert_eq!(pairwise.dim(), (views.len(), views.len()));
        for (i, a) in views.iter().enumerate() {
            let row = conved.one_to_many(a, &views).unwrap();
            for (j, b) in views.iter().enumerate() {
                let truth = naive::distance(&conved, a, b).unwrap();
                prop_assert!((conved.distance(a, b).unwrap() - truth).abs() < 1e-9);
                prop_assert!((pairwise[[i, j]] - truth).abs() < TOLERANCE);
                prop_assert!((cdist[[i, j]] - truth).abs() < TOLERANCE);
                prop_assert!((row[j] - truth).abs() < TOLERANCE);
            }
        }
    }

    #[test]
    fn cost_matrix_agrees_with_the_definition(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(),
    ) {
        let fast = conved.cost_matrix(&a.view(), &b.view()).unwrap();
        let slow = naive::cost_matrix(&conved, &a.view(), &b.view()).unwrap();
        prop_assert_eq!(fast.dim(), slow.dim());
        prop_assert!(fast.iter().zip(&slow).all(|(x, y)| (x - y).abs() < 1e-9));
    }

    #[test]
    fn bounds_at_unit_costs(a in session(10, 2, 3), b in session(10, 2, 3), lambda in 0.0..8.0) {
        let (m, n) = (a.roles.len() as f64, b.roles.len() as f64);
        let d = unit(lambda).distance(&a.view(), &b.view()).unwrap();
        prop_assert!((m - n).abs() - 1e-9 <= d && d <= m + n + 1e-9, "{} <= {d} <= {}", (m - n).abs(), m + n);
        let normalized =
            ConvEd::params().lambda(lambda).normalize(true).check().unwrap();
        let d = normalized.distance(&a.view(), &b.view()).unwrap();
        prop_assert!((0.0..=1.0 + 1e-12).contains(&d));
    }

    #[test]
    fn bounds_at_other_costs(a in session(10, 2, 3), b in session(10, 2, 3), conved in costs()) {
        let (m, n) = (a.roles.len() as f64, b.roles.len() as f64);
        // At least the surplus must go or come; at most everything does.
        let surplus = (n - m).max(0.0) * conved.insertion() + (m - n).max(0.0) * conved.deletion();
        let all = m * conved.deletion() + n * conved.insertion();
        let by = if conved.is_normalized() { (m + n).max(1.0) } else { 1.0 };
        let d = conved.distance(&a.view(), &b.view()).unwrap() * by;
        prop_assert!(surplus - 1e-9 <= d && d <= all + 1e-9, "{surplus} <= {d} <= {all}");
    }

    #[test]
    fn the_boundary_is_what_prefixes_cost(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(),
    ) {
        let lev = conved.cost_matrix(&a.view(), &b.view()).unwrap();
        for (i, &cost) in lev.column(0).iter().enumerate() {
            prop_assert_eq!(cost, i as f64 * conved.deletion());
        }
        for (j, &cost) in lev.row(0).iter().enumerate() {
            prop_assert_eq!(cost, j as f64 * conved.insertion());
        }
    }

    #[test]
    fn normalised_is_divided_by_both_lengths(
        a in session(8, 2, 3), b in session(8, 2, 3), lambda in 0.0..8.0,
    ) {
        let normalized = ConvEd::params().lambda(lambda).normalize(true).check().unwrap();
        let raw = unit(lambda).distance(&a.view(), &b.view()).unwrap();
        let both = (a.roles.len() + b.roles.len()).max(1) as f64;
        let d = normalized.distance(&a.view(), &b.view()).unwrap();
        prop_assert!((d * both - raw).abs() < 1e-9);
    }

    #[test]
    fn equal_costs_make_it_symmetric(
        sessions in prop::collection::vec(session(9, 3, 3), 2..7),
        lambda in 0.0..8.0, cost in 0.0..4.0, norm in any::<bool>(),
    ) {
        let conved = ConvEd::params().lambda(lambda).insertion(cost).deletion(cost);
        let conved = conved.normalize(norm).check().unwrap();
        let views = views(&sessions);
        let pairwise = conved.pairwise(&views).unwrap();
        prop_assert_eq!(&pairwise, &pairwise.t());
        let there = conved.distance(&views[0], &views[1]).unwrap();
        let back = conved.distance(&views[1], &views[0]).unwrap();
        prop_assert!((there - back).abs() < 1e-9);
    }

    #[test]
    fn single_utterances_are_substituted_or_replaced(
        x in (-3.2_f32..3.2), y in (-3.2_f32..3.2), conved in costs(),
    ) {
        let at = |angle: f32| Owned {
            roles: vec![0],
            embeddings: ndarray::arr2(&[[angle.cos(), angle.sin()]]),
        };
        let substitution = conved.lambda() * (1.0 - f64::from(x - y).cos());
        let replacement = conved.insertion() + conved.deletion();
        let by = if conved.is_normalized() { 2.0 } else { 1.0 };
        let d = conved.distance(&at(x).view(), &at(y).view()).unwrap() * by;
        prop_assert!((d - substitution.min(replacement)).abs() < 1e-5);
    }

    #[test]
    fn a_greater_lambda_never_brings_nearer(
        a in session(8, 2, 3), b in session(8, 2, 3), lambda in 0.0..8.0, more in 0.0..8.0,
    ) {
        let d = |lambda| unit(lambda).distance(&a.view(), &b.view()).unwrap();
        prop_assert!(d(lambda) <= d(lambda + more) + 1e-9);
    }

    #[test]
    fn a_session_is_at_distance_zero_from_itself(a in session(10, 3, 3), conved in costs()) {
        prop_assert_eq!(conved.distance(&a.view(), &a.view()).unwrap(), 0.0);
        prop_assert_eq!(conved.pairwise(&[a.view()]).unwrap()[[0, 0]], 0.0);
    }

    #[test]
    fn swapping_sessions_swaps_insertions_and_deletions(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(),
    ) {
        let swapped = ConvEd::params()
            .lambda(conved.lambda())
            .insertion(conved.deletion())
            .deletion(conved.insertion())
            .normalize(conved.is_normalized())
            .check()
            .unwrap();
        let there = conved.distance(&a.view(), &b.view()).unwrap();
        let back = swapped.distance(&b.view(), &a.view()).unwrap();
        prop_assert!((there - back).abs() < 1e-9);
    }

    #[test]
    fn asymmetry_is_a_matter_of_lengths(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(),
    ) {
        let there = conved.distance(&a.view(), &b.view()).unwrap();
        let back = conved.distance(&b.view(), &a.view()).unwrap();
        let (m, n) = (a.roles.len() as f64, b.roles.len() as f64);
        let mut expected = (conved.insertion() - conved.deletion()) * (n - m);
        if conved.is_normalized() && m + n > 0.0 {
            expected /= m + n;
        }
        prop_assert!((there - back - expected).abs() < 1e-9);
    }

    #[test]
    fn opposite_roles_share_nothing(a in session(8, 1, 3), b in session(8, 1, 3), conved in costs()) {
        let mut b = b;
        b.roles.fill(9);
        let (m, n) = (a.roles.len() as f64, b.roles.len() as f64);
        let mut expected = m * conved.deletion() + n * conved.insertion();
        if conved.is_normalized() && m + n > 0.0 {
            expected /= m + n;
        }
        prop_assert!((conved.distance(&a.view(), &b.view()).unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn a_substitution_is_made_only_where_it_pays(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(),
    ) {
        for edit in conved.alignment(&a.view(), &b.view()).unwrap().edits {
            if let Edit::Substitute { a: i, b: j, cost } = edit {
                prop_assert_eq!(a.roles[i], b.roles[j]);
                prop_assert!(cost <= conved.insertion() + conved.deletion() + 1e-9);
            }
        }
    }

    #[test]
    fn an_alignment_is_a_script_that_costs_the_distance(
        a in session(8, 3, 3), b in session(8, 3, 3), conved in costs(),
    ) {
        let alignment = conved.alignment(&a.view(), &b.view()).unwrap();
        let (mut i, mut j, mut cost) = (0, 0, 0.0);
        for edit in &alignment.edits {
            cost += edit.cost();
            match *edit {
                Edit::Substitute { a, b, .. } => {
                    prop_assert_eq!((a, b), (i, j));
                    (i, j) = (i + 1, j + 1);
                }
                Edit::Delete { a, cost } => {
                    prop_assert_eq!((a, cost), (i, conved.deletion()));
                    i += 1;
                }
                Edit::Insert { b, cost } => {
                    prop_assert_eq!((b, cost), (j, conved.insertion()));
                    j += 1;
                }
            }
        }
        prop_assert_eq!((i, j), (a.roles.len(), b.roles.len()));
        if conved.is_normalized() && i + j > 0 {
            cost /= (i + j) as f64;
        }
        prop_assert!((cost - alignment.distance).abs() < 1e-9);
        let d = conved.distance(&a.view(), &b.view()).unwrap();
        prop_assert!((d - alignment.distance).abs() < 1e-9);
    }

    #[test]
    fn a_cutoff_only_hides_what_exceeds_it(
        a in session(8, 2, 3), b in session(8, 2, 3), conved in costs(), cutoff in -1.0..12.0,
    ) {
        let (a, b) = (a.view(), b.view());
        let d = conved.distance(&a, &b).unwrap();
        let expected = (d <= cutoff).then_some(d);
        prop_assert_eq!(conved.distance_with_cutoff(&a, &b, cutoff).unwrap(), expected);
        prop_assert_eq!(conved.distance_with_cutoff(&a, &b, d).unwrap(), Some(d));
    }

    #[test]
    fn strides_and_lengths_of_vectors_do_not_matter(a in session(8, 2, 3), b in session(8, 2, 3)) {
        let conved = ConvEd::default();
        let expected = conved.distance(&a.view(), &b.view()).unwrap();
        // Every second column of a matrix in column-major order, scaled.
        let mut wide = Array2::from_elem((6, a.roles.len()), f32::MAX).reversed_axes();
        let even = Slice::new(0, None, 2);
        wide.slice_axis_mut(Axis(1), even).assign(&(&a.embeddings * 4.0));
        let strided = SessionView::new(&a.roles, wide.slice_axis(Axis(1), even)).unwrap();
        prop_assert!((conved.distance(&strided, &b.view()).unwrap() - expected).abs() < 1e-9);
        let matrix = conved.pairwise(&[strided, b.view()]).unwrap();
        prop_assert!((matrix[[0, 1]] - expected).abs() < TOLERANCE);
    }
}

#[test]
fn it_is_not_a_metric() {
    // Three directions 50 degrees apart: two small steps cost less than one
    // large one.
    let at = |degrees: f32| Owned {
        roles: vec![0],
        embeddings: ndarray::arr2(&[[degrees.to_radians().cos(), degrees.to_radians().sin()]]),
    };
    let (a, b, c) = (at(0.0), at(40.0), at(80.0));
    let conved = unit(1.0);
    let d = |x: &Owned, y: &Owned| conved.distance(&x.view(), &y.view()).unwrap();
    assert!(d(&a, &b) + d(&b, &c) < d(&a, &c));
}

#[test]
fn dimensions_must_agree() {
    let (two, three) = (Array2::ones((1, 2)), Array2::ones((1, 3)));
    let two = SessionView::new(&[0], two.view()).unwrap();
    let three = SessionView::new(&[0], three.view()).unwrap();
    let conved = ConvEd::default();
    let expected = Error::DimensionMismatch { session: 1, expected: 2, found: 3 };
    assert_eq!(conved.distance(&two, &three).unwrap_err(), expected);
    assert_eq!(conved.alignment(&two, &three).unwrap_err(), expected);
    assert_eq!(conved.cost_matrix(&two, &three).unwrap_err(), expected);
    assert_eq!(conved.pairwise(&[two, three]).unwrap_err(), expected);
    assert_eq!(conved.cdist(&[two], &[three]).unwrap_err(), expected);
    assert_eq!(conved.one_to_many(&two, &[three]).unwrap_err(), expected);
    assert_eq!(naive::distance(&conved, &two, &three).unwrap_err(), expected);
    assert_eq!(conved.distance_with_cutoff(&two, &two, f64::NAN).unwrap_err(), Error::Cutoff);
}
