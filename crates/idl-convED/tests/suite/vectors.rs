//! Distances of the paper's equations worked by hand, against every kernel.

use crate::sessions::{Owned, views};
use idl_conved::{ConvEd, naive};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(rename = "why")]
    _why: String,
    lambda: f64,
    insertion: f64,
    deletion: f64,
    a: Vec<(u8, [f32; 2])>,
    b: Vec<(u8, [f32; 2])>,
    distance: f64,
    lev: Option<Vec<Vec<f64>>>,
}

fn owned(utterances: &[(u8, [f32; 2])]) -> Owned {
    let roles = utterances.iter().map(|u| u.0).collect();
    let flat = utterances.iter().flat_map(|u| u.1).collect();
    Owned { roles, embeddings: Array2::from_shape_vec((utterances.len(), 2), flat).unwrap() }
}

#[test]
fn worked_by_hand() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/vectors.json")).unwrap();
    for case in cases {
        let conved = ConvEd::params()
            .lambda(case.lambda)
            .insertion(case.insertion)
            .deletion(case.deletion)
            .check()
            .unwrap();
        let sessions = [owned(&case.a), owned(&case.b)];
        let views = views(&sessions);
        let (a, b) = (&views[0], &views[1]);
        for (kernel, found) in [
            ("naive", naive::distance(&conved, a, b).unwrap()),
            ("distance", conved.distance(a, b).unwrap()),
            ("alignment", conved.alignment(a, b).unwrap().distance),
            ("pairwise", conved.pairwise(&views).unwrap()[[0, 1]]),
            ("cdist", conved.cdist(&views[..1], &views[1..]).unwrap()[[0, 0]]),
            ("one_to_many", conved.one_to_many(a, &views[1..]).unwrap()[0]),
        ] {
            assert!(
                (found - case.distance).abs() < 1e-5,
                "{}: {kernel} says {found}, not {}",
                case.name,
                case.distance
            );
        }
        if let Some(lev) = case.lev {
            let found = conved.cost_matrix(a, b).unwrap();
            for ((i, j), value) in found.indexed_iter() {
                assert!((value - lev[i][j]).abs() < 1e-6, "{}: lev({i}, {j})", case.name);
            }
        }
    }
}
