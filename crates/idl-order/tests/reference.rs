//! Against the orders of LKH (elkai) and OR-tools: tests/reference/order_vectors.py
//! makes the vectors.

// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::unwrap_used)]

use idl_order::{EXACT_LIMIT, Policy, order};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    n: usize,
    elkai: f64,
    ortools: f64,
    distance: Vec<f64>,
}

#[test]
fn orders_cost_no_more_than_those_of_lkh_and_or_tools() {
    let Vectors { cases } = serde_json::from_str(include_str!("data/order.json")).unwrap();
    assert!(cases.len() >= 30);
    for Case { kind, n, elkai, ortools, distance } in cases {
        let distance = Array2::from_shape_vec((n, n), distance).unwrap();
        let found = order(distance.view(), Policy::Free, None).unwrap();
        let steps: f64 = found.order.windows(2).map(|p| distance[[p[0], p[1]]]).sum();
        assert_eq!(found.cost, steps, "{kind} {n}");
        let (ours, theirs) = (found.cost, elkai.min(ortools));
        let name = format!("{kind} {n}: {ours} instead of {theirs}");
        assert!(n > EXACT_LIMIT || found.exact, "{name}");
        // They prove nothing, but at these sizes they find the best.
        if n <= EXACT_LIMIT {
            assert_eq!(ours, theirs, "{name}");
        } else if found.exact {
            assert!(ours <= theirs, "{name}");
        }
        assert!(ours <= theirs * if n <= 25 { 1.01 } else { 1.03 }, "{name}");
        // Matrices without structure are solved, however large.
        assert!(kind != "asymmetric" || found.exact, "{name}");
    }
}
