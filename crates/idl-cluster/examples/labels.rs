//! Clusters points given as JSON, for comparison with other packages:
//! `tests/reference/cluster_compare.py` calls it.
//!
//! Each line of stdin is `{"points": [[..], ..], "clusters": c, "method": ..,
//! "seed": s}`, with a [`Method`] as it serialises; each line of stdout
//! `{"labels": [..], "inertia": x, "silhouette": y}`.

use std::error::Error;
use std::io::{self, BufRead};

use idl_cluster::{Method, inertia, silhouette};
use ndarray::Array2;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Case {
    points: Vec<Vec<f64>>,
    clusters: usize,
    method: Method,
    seed: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let shape = (case.points.len(), case.points.first().map_or(0, Vec::len));
        let points = Array2::from_shape_vec(shape, case.points.concat())?;
        let labels = case.method.labels(points.view(), case.clusters, case.seed)?;
        let (inertia, silhouette) =
            (inertia(points.view(), &labels)?, silhouette(points.view(), &labels)?);
        println!("{}", json!({"labels": labels, "inertia": inertia, "silhouette": silhouette}));
    }
    Ok(())
}
