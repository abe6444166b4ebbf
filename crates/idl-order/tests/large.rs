//! Beyond what can be proven.

// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::unwrap_used)]

use idl_order::{EXACT_LIMIT, Policy, order};
use ndarray::Array2;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_line_is_found(n in EXACT_LIMIT + 1..60, stride in 1_usize..30) {
        // Points on a line, shuffled: the best path visits them in order.
        let at = |i: usize| ((i * stride) % 61) as f64 * 10.0 + i as f64 / 7.0;
        let d = Array2::from_shape_fn((n, n), |(i, j)| (at(i) - at(j)).abs());
        let found = order(d.view(), Policy::Free, None).unwrap();
        let all = (0..n).map(at);
        let length = all.clone().fold(0.0, f64::max) - all.fold(f64::INFINITY, f64::min);
        prop_assert!(!found.exact);
        prop_assert!((found.cost - length).abs() < 1e-6, "{} is not {length}", found.cost);
    }

    #[test]
    fn any_matrix_gives_an_order(n in 0_usize..40, seed in any::<u64>(), symmetric: bool) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64
        };
        let mut d = Array2::from_shape_simple_fn((n, n), &mut next);
        if symmetric {
            d = &d + &d.t();
        }
        let target: Vec<f64> = (0..n).map(|_| next()).collect();
        for policy in Policy::ALL {
            let found = order(d.view(), policy, Some(&target)).unwrap();
            let mut sorted = found.order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..n).collect::<Vec<_>>());
            let greedy = order(d.view(), Policy::Greedy, Some(&target)).unwrap();
            if policy == Policy::Free {
                prop_assert!(found.cost <= greedy.cost * (1.0 + 1e-12));
            }
            prop_assert_eq!(order(d.view(), policy, Some(&target)).unwrap(), found);
        }
    }
}

/// Numbers that look random.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64
    }
}

#[test]
fn asymmetric_matrices_without_structure_are_solved() {
    for (seed, n) in [(1, 30), (2, 80), (3, 150)] {
        let d = Array2::from_shape_simple_fn((n, n), numbers(seed));
        let target: Vec<f64> = (0..n).map(|v| v as f64).collect();
        for policy in [Policy::Free, Policy::Anchored] {
            assert!(order(d.view(), policy, Some(&target)).unwrap().exact, "{n} {policy}");
        }
    }
}

#[test]
fn the_search_for_proofs_finds_what_subsets_do() {
    // Six more sessions, which stand before all others at no cost, make a
    // matrix too large for subsets: branch and bound must find the same.
    for seed in 0..20 {
        let n = 14;
        let small = Array2::from_shape_simple_fn((n, n), numbers(seed));
        let far = 1e9;
        let large = Array2::from_shape_fn((n + 6, n + 6), |(i, j)| match (i < n, j < n) {
            (true, true) => small[[i, j]],
            (false, false) if j == i + 1 => 0.0,
            (false, true) if i == n + 5 => 0.0,
            _ => far,
        });
        let expected = order(small.view(), Policy::Free, None).unwrap();
        let found = order(large.view(), Policy::Free, None).unwrap();
        assert!(expected.exact && found.exact, "{seed}");
        assert!((found.cost - expected.cost).abs() < 1e-6, "{seed}");
    }
}
