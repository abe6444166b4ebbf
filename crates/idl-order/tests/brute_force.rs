//! Every policy against all permutations, and what the orders promise.

// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::unwrap_used)]

use idl_order::{Error, Policy, SessionOrder, order};
use ndarray::{Array2, arr2};
use proptest::prelude::*;

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in permutations(n - 1) {
        for at in 0..n {
            let mut longer = shorter.clone();
            longer.insert(at, n - 1);
            all.push(longer);
        }
    }
    all
}

fn cost(d: &Array2<f64>, end: &[f64], order: &[usize]) -> f64 {
    let steps: f64 = order.windows(2).map(|p| d[[p[0], p[1]]]).sum();
    steps + order.last().map_or(0.0, |&v| end[v])
}

fn least(d: &Array2<f64>, end: &[f64]) -> f64 {
    let costs = permutations(d.nrows()).into_iter().map(|p| cost(d, end, &p));
    costs.fold(f64::INFINITY, f64::min)
}

fn is_permutation(found: &SessionOrder, n: usize) -> bool {
    let mut sorted = found.order.clone();
    sorted.sort_unstable();
    sorted == (0..n).collect::<Vec<_>>()
}

/// Matrices of up to 8 sessions, symmetric or not, with reals or with small
/// integers (which have ties).
fn problem() -> impl Strategy<Value = (Array2<f64>, Vec<f64>)> {
    let value = prop_oneof![3 => 0.0..10.0, 1 => (0_u8..4).prop_map(f64::from)];
    (0_usize..=8, any::<bool>()).prop_flat_map(move |(n, symmetric)| {
        let matrix = prop::collection::vec(value.clone(), n * n);
        (matrix, prop::collection::vec(value.clone(), n)).prop_map(move |(flat, target)| {
            let mut d = Array2::from_shape_vec((n, n), flat).unwrap();
            for i in 0..n {
                d[[i, i]] = f64::NAN; // the diagonal is not read
                for j in 0..i {
                    if symmetric {
                        d[[i, j]] = d[[j, i]];
                    }
                }
            }
            (d, target)
        })
    })
}

proptest! {
    // A failure's seed is printed; files of seeds are not kept.
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn free_and_anchored_are_optimal((d, target) in problem()) {
        let n = d.nrows();
        let nothing = vec![0.0; n];
        for (policy, end) in [(Policy::Free, &nothing), (Policy::Anchored, &target)] {
            let found = order(d.view(), policy, Some(&target)).unwrap();
            prop_assert!(found.exact && is_permutation(&found, n));
            prop_assert!((found.cost - cost(&d, end, &found.order)).abs() < 1e-9);
            prop_assert!((found.cost - least(&d, end)).abs() < 1e-9);
        }
    }

    #[test]
    fn free_ends_near_the_target((d, target) in problem()) {
        let d = (&d + &d.t()) / 2.0;
        if d.nrows() < 2 {
            return Ok(());
        }
        let with = order(d.view(), Policy::Free, Some(&target)).unwrap().order;
        prop_assert!(target[with[d.nrows() - 1]] <= target[with[0]]);
        let without = order(d.view(), Policy::Free, None).unwrap().order;
        let mut reverse = without.clone();
        reverse.reverse();
        prop_assert!(without < reverse);
    }

    #[test]
    fn greedy_always_takes_the_nearest((d, target) in problem()) {
        let found = order(d.view(), Policy::Greedy, Some(&target)).unwrap();
        prop_assert!(is_permutation(&found, d.nrows()));
        for (k, &v) in found.order.iter().enumerate() {
            let step = |u: usize| if k == 0 { target[u] } else { d[[found.order[k - 1], u]] };
            for &u in &found.order[k..] {
                prop_assert!((step(v), v) <= (step(u), u));
            }
        }
        let optimal = order(d.view(), Policy::Free, None).unwrap();
        prop_assert!(optimal.cost <= found.cost + 1e-9);
    }
}

#[test]
fn trivial_sizes() {
    let none = Array2::zeros((0, 0));
    let one = arr2(&[[f64::NAN]]);
    for policy in Policy::ALL {
        let found = order(none.view(), policy, Some(&[])).unwrap();
        assert_eq!(found, SessionOrder { order: vec![], cost: 0.0, exact: true });
        let found = order(one.view(), policy, Some(&[2.0])).unwrap();
        let cost = if policy == Policy::Anchored { 2.0 } else { 0.0 };
        assert_eq!(found, SessionOrder { order: vec![0], cost, exact: true });
    }
}

#[test]
fn original_keeps_the_order_and_tells_its_cost() {
    let d = arr2(&[[0.0, 5.0, 1.0], [5.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
    let found = order(d.view(), Policy::Original, None).unwrap();
    assert_eq!(found, SessionOrder { order: vec![0, 1, 2], cost: 6.0, exact: false });
}

#[test]
fn asymmetric_matrices_have_a_direction() {
    // Cheap forwards, dear backwards.
    let d = arr2(&[[0.0, 1.0, 9.0], [9.0, 0.0, 1.0], [9.0, 9.0, 0.0]]);
    let found = order(d.view(), Policy::Free, Some(&[0.0, 5.0, 9.0])).unwrap();
    assert_eq!((found.order, found.cost), (vec![0, 1, 2], 2.0));
}

#[test]
fn the_largest_distances_do_not_overflow() {
    for n in [3, 12, 25] {
        let d = Array2::from_shape_fn((n, n), |(i, j)| if i + 1 == j { 1.0 } else { 1e300 });
        let found = order(d.view(), Policy::Free, None).unwrap();
        assert_eq!(found.order, (0..n).collect::<Vec<_>>());
        assert_eq!((found.cost, found.exact), (n as f64 - 1.0, true));
    }
}

#[test]
fn bad_input_has_its_error() {
    let wide = Array2::zeros((2, 3));
    assert_eq!(
        order(wide.view(), Policy::Original, None),
        Err(Error::NotSquare { rows: 2, columns: 3 })
    );
    for bad in [-1.0, f64::INFINITY, f64::NAN, 1e301] {
        let d = arr2(&[[0.0, 1.0], [bad, 0.0]]);
        for policy in Policy::ALL {
            assert!(matches!(
                order(d.view(), policy, Some(&[0.0, 0.0])),
                Err(Error::Distance { row: 1, column: 0, .. })
            ));
        }
        let d = arr2(&[[0.0, 1.0], [1.0, 0.0]]);
        assert!(matches!(
            order(d.view(), Policy::Free, Some(&[0.0, bad])),
            Err(Error::TargetDistance { session: 1, .. })
        ));
    }
    let d = arr2(&[[0.0, 1.0], [1.0, 0.0]]);
    assert_eq!(
        order(d.view(), Policy::Free, Some(&[0.0])),
        Err(Error::TargetLength { sessions: 2, found: 1 })
    );
    for policy in [Policy::Anchored, Policy::Greedy] {
        assert_eq!(order(d.view(), policy, None), Err(Error::TargetMissing(policy)));
    }
}
