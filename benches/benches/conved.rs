//! convED's kernels: the definition, one pair at a time, all pairs on one core
//! and on all.
//!
//! Throughput is in pairs; a pair of 16 by 16 utterances has 256 cells.
//! `recurrence` has one-dimensional embeddings, so that next to nothing but
//! the recurrence is left; `products` is what cannot be avoided.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use idl_benches::Corpus;
use idl_conved::{ConvEd, Error, SessionView, naive};

const LEN: usize = 16;

/// The upper triangle by a function of pairs.
fn triangle(
    views: &[SessionView<'_>],
    distance: impl Fn(&SessionView<'_>, &SessionView<'_>) -> Result<f64, Error>,
) -> Result<f64, Error> {
    let mut sum = 0.0;
    for (i, a) in views.iter().enumerate() {
        for b in &views[i + 1..] {
            sum += distance(a, b)?;
        }
    }
    Ok(sum)
}

fn pairwise(criterion: &mut Criterion) {
    let conved = ConvEd::default();
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one_core = one_core.expect("a pool of one thread can be built");
    for dim in [384, 768] {
        let mut group = criterion.benchmark_group(format!("conved-{dim}"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        for sessions in [60, 500, 2000] {
            let corpus = Corpus::random(sessions, LEN, dim, 1);
            let views = corpus.views().expect("random embeddings are legal");
            group.throughput(Throughput::Elements((sessions * (sessions - 1) / 2) as u64));
            if sessions <= 60 {
                group.bench_function(BenchmarkId::new("naive", sessions), |b| {
                    b.iter(|| triangle(&views, |x, y| naive::distance(&conved, x, y)));
                });
                group.bench_function(BenchmarkId::new("distance", sessions), |b| {
                    b.iter(|| triangle(&views, |x, y| conved.distance(x, y)));
                });
            }
            group.bench_function(BenchmarkId::new("vectorised", sessions), |b| {
                b.iter(|| one_core.install(|| conved.pairwise(&views)));
            });
            group.bench_function(BenchmarkId::new("parallel", sessions), |b| {
                b.iter(|| conved.pairwise(&views));
            });
            let products = corpus.products();
            group.bench_function(BenchmarkId::new("products", sessions), |b| {
                b.iter(|| products.compute());
            });
        }
        group.finish();
    }
}

fn recurrence(criterion: &mut Criterion) {
    let conved = ConvEd::default();
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let one_core = one_core.expect("a pool of one thread can be built");
    let mut group = criterion.benchmark_group("conved-recurrence");
    for sessions in [60, 500, 2000] {
        let corpus = Corpus::random(sessions, LEN, 1, 1);
        let views = corpus.views().expect("random embeddings are legal");
        let cells = sessions * (sessions - 1) / 2 * LEN * LEN;
        group.throughput(Throughput::Elements(cells as u64));
        group.bench_function(BenchmarkId::new("one-core, cells", sessions), |b| {
            b.iter(|| one_core.install(|| conved.pairwise(&views)));
        });
    }
    group.finish();
}

criterion_group!(benches, pairwise, recurrence);
criterion_main!(benches);
