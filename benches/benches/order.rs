//! Ordering sessions: exact up to 18, beyond that by branch and bound or local
//! search.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use idl_order::{Policy, order};
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

fn asymmetric(n: usize) -> Array2<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(n as u64);
    Array2::from_shape_simple_fn((n, n), || rng.r#gen::<f64>())
}

fn random(n: usize) -> Array2<f64> {
    let d = asymmetric(n);
    &d + &d.t()
}

fn free(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("order-free");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    for n in [6, 8, 12, 15, 18, 25, 50, 150, 500] {
        for (kind, distance) in [("symmetric", random(n)), ("asymmetric", asymmetric(n))] {
            group.bench_function(BenchmarkId::new(kind, n), |b| {
                b.iter(|| order(distance.view(), Policy::Free, None));
            });
        }
    }
    group.finish();
}

fn greedy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("order-greedy");
    for n in [6, 500] {
        let distance = random(n);
        let to_target = vec![1.0; n];
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| order(distance.view(), Policy::Greedy, Some(&to_target)));
        });
    }
    group.finish();
}

criterion_group!(benches, free, greedy);
criterion_main!(benches);
