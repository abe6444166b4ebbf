//! Plans: clusters, targets and references of one person's sessions.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use idl_cluster::{Method, SpiParams};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// all-MiniLM-L6-v2's.
const DIM: usize = 384;

/// Rows of unit length around three centres.
fn embeddings(n: usize) -> Array2<f32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(n as u64);
    let mut noise = || rng.r#gen::<f32>() - 0.5;
    let centres = Array2::from_shape_simple_fn((3, DIM), &mut noise);
    let mut rows = Array2::from_shape_simple_fn((n, DIM), &mut noise);
    for (i, mut row) in rows.axis_iter_mut(Axis(0)).enumerate() {
        row += &centres.row(i % 3);
        let length = row.dot(&row).sqrt();
        row /= length;
    }
    rows
}

fn plan(criterion: &mut Criterion) {
    for (name, method) in [
        ("kmeans", Method::default()),
        ("ward", Method::Ward),
        ("dbscan", Method::Dbscan { epsilon: 0.9, min_points: 2 }),
    ] {
        let mut group = criterion.benchmark_group(format!("plan-{name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        for n in [12, 100, 1000] {
            let points = embeddings(n);
            let params = SpiParams::default().method(method.clone());
            group.bench_function(BenchmarkId::from_parameter(n), |b| {
                b.iter(|| params.plan(points.view()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, plan);
criterion_main!(benches);
