//! Agreement with scikit-learn on the vectors that
//! `tests/reference/cluster_vectors.py` writes.
#![allow(clippy::unwrap_used)] // clippy.toml exempts tests, not their helpers

use idl_cluster::{Method, inertia, silhouette};
use ndarray::Array2;
use serde_json::Value;

struct Case {
    points: Array2<f64>,
    clusters: usize,
    json: Value,
}

fn cases() -> Vec<Case> {
    let vectors: Value = serde_json::from_str(include_str!("data/cluster.json")).unwrap();
    let case = |json: &Value| {
        let rows: Vec<Vec<f64>> = serde_json::from_value(json["points"].clone()).unwrap();
        let shape = (rows.len(), rows[0].len());
        Case {
            points: Array2::from_shape_vec(shape, rows.concat()).unwrap(),
            clusters: json["clusters"].as_u64().unwrap() as usize,
            json: json.clone(),
        }
    };
    vectors["cases"].as_array().unwrap().iter().map(case).collect()
}

impl Case {
    fn labels(&self, method: &Method, seed: u64) -> Vec<Option<usize>> {
        method.labels(self.points.view(), self.clusters, seed).unwrap()
    }

    /// scikit-learn's labels, numbered as ours are.
    fn expected(&self, key: &str) -> Vec<Option<usize>> {
        let labels: Vec<i64> = serde_json::from_value(self.json[key].clone()).unwrap();
        let mut seen = Vec::new();
        labels
            .into_iter()
            .map(|label| {
                if label < 0 {
                    return None;
                }
                if !seen.contains(&label) {
                    seen.push(label);
                }
                seen.iter().position(|&s| s == label)
            })
            .collect()
    }
}

#[test]
fn inertia_of_kmeans_is_within_one_percent() {
    for case in cases() {
        // Of 50 restarts there; the default has as many.
        let best = case.json["inertia"].as_f64().unwrap();
        for seed in 0..20 {
            let labels = case.labels(&Method::default(), seed);
            let ours = inertia(case.points.view(), &labels).unwrap();
            assert!(ours <= best * 1.01, "{ours}, scikit-learn has {best}");
        }
    }
}

#[test]
fn ward_is_identical_and_its_silhouette() {
    for case in cases() {
        let labels = case.labels(&Method::Ward, 0);
        assert_eq!(labels, case.expected("ward"));
        let ours = silhouette(case.points.view(), &labels).unwrap().unwrap();
        assert!((ours - case.json["ward_silhouette"].as_f64().unwrap()).abs() < 1e-9);
    }
}

/// Which cluster a border point joins depends on the order of visits; cores and
/// noise do not.
#[test]
fn dbscan_agrees_on_cores_and_noise() {
    let mut cores = 0;
    for case in cases() {
        let method = Method::Dbscan {
            epsilon: case.json["epsilon"].as_f64().unwrap(),
            min_points: case.json["min_points"].as_u64().unwrap() as usize,
        };
        let (ours, theirs) = (case.labels(&method, 0), case.expected("dbscan"));
        let is_noise = |labels: &[Option<usize>]| labels.iter().map(Option::is_none).collect();
        let (a, b): (Vec<bool>, Vec<bool>) = (is_noise(&ours), is_noise(&theirs));
        assert_eq!(a, b);
        let indices: Vec<usize> =
            serde_json::from_value(case.json["dbscan_cores"].clone()).unwrap();
        for &i in &indices {
            for &j in &indices {
                assert_eq!(ours[i] == ours[j], theirs[i] == theirs[j], "cores {i} and {j}");
            }
        }
        cores += indices.len();
    }
    assert!(cores > 30);
}
