//! convED's kernels: the definition, one pair at a time, all pairs on one core
//! and on all, and all pairs on tensors.
//!
//! Throughput is in pairs of sessions and in cells (pairs of utterances): a pair
//! of sessions of 16 has 256. `products` are the matrix products that cannot be
//! avoided; `recurrence` has one-dimensional embeddings, so that next to nothing
//! but the recurrence is left. `cargo test` runs the smallest size once.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use idl_benches::Corpus;
use idl_conved::{ConvEd, Error, SessionView, TensorSessions, naive};
use tch::Device;

const LEN: usize = 16;

/// Up to so many sessions the slow ways are measured, too.
const SLOW: usize = 60;

/// Time, with throughput in pairs and in cells.
struct PairsAndCells(WallTime);

impl Measurement for PairsAndCells {
    type Intermediate = <WallTime as Measurement>::Intermediate;
    type Value = <WallTime as Measurement>::Value;

    fn start(&self) -> Self::Intermediate {
        self.0.start()
    }

    fn end(&self, start: Self::Intermediate) -> Self::Value {
        self.0.end(start)
    }

    fn add(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        self.0.add(a, b)
    }

    fn zero(&self) -> Self::Value {
        self.0.zero()
    }

    fn to_f64(&self, value: &Self::Value) -> f64 {
        self.0.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for PairsAndCells {
    fn format_throughput(&self, throughput: &Throughput, nanoseconds: f64) -> String {
        let Throughput::Elements(pairs) = *throughput else {
            return self.0.formatter().format_throughput(throughput, nanoseconds);
        };
        let pairs = pairs as f64 / nanoseconds * 1e9;
        let cells = pairs * (LEN * LEN) as f64;
        format!("{:.1} kpairs/s, {:.3} Gcells/s", pairs / 1e3, cells / 1e9)
    }

    fn scale_values(&self, typical: f64, values: &mut [f64]) -> &'static str {
        self.0.formatter().scale_values(typical, values)
    }

    fn scale_throughputs(
        &self,
        typical: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        self.0.formatter().scale_throughputs(typical, throughput, values)
    }

    fn scale_for_machines(&self, values: &mut [f64]) -> &'static str {
        self.0.formatter().scale_for_machines(values)
    }
}

/// `cargo bench` says that it measures; `cargo test` does not.
fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

fn sizes() -> &'static [usize] {
    if measures() { &[60, 500, 2000] } else { &[60] }
}

fn dims() -> &'static [usize] {
    if measures() { &[384, 768] } else { &[384] }
}

fn pairs(sessions: usize) -> Throughput {
    Throughput::Elements((sessions * (sessions - 1) / 2) as u64)
}

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

fn one_core() -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a pool of one thread can be built")
}

fn pairwise(criterion: &mut Criterion<PairsAndCells>) {
    let conved = ConvEd::default();
    let one_core = one_core();
    for &dim in dims() {
        let mut group = criterion.benchmark_group(format!("conved-{dim}"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        for &sessions in sizes() {
            let corpus = Corpus::random(sessions, LEN, dim, 1);
            let views = corpus.views().expect("random embeddings are legal");
            group.throughput(pairs(sessions));
            if sessions <= SLOW {
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
                b.iter(|| products.compute(if sessions <= SLOW { 16 } else { 32 }));
            });
            let gpu = tch::Cuda::is_available().then_some(("tch-cuda", Device::Cuda(0), 1 << 27));
            for (name, device, cells) in [("tch", Device::Cpu, 1 << 20)].into_iter().chain(gpu) {
                let tensors = TensorSessions::from_views(&views, device).expect("there is room");
                group.bench_function(BenchmarkId::new(name, sessions), |b| {
                    b.iter(|| {
                        // Waits for the device.
                        let distances = conved.pairwise_tensor(&tensors, cells)?;
                        Ok::<f64, idl_conved::TensorError>(distances.f_double_value(&[0, 1])?)
                    });
                });
            }
        }
        group.finish();
    }
}

fn recurrence(criterion: &mut Criterion<PairsAndCells>) {
    let conved = ConvEd::default();
    let one_core = one_core();
    let mut group = criterion.benchmark_group("conved-recurrence");
    for &sessions in sizes() {
        let corpus = Corpus::random(sessions, LEN, 1, 1);
        let views = corpus.views().expect("random embeddings are legal");
        group.throughput(pairs(sessions));
        group.bench_function(BenchmarkId::new("one-core", sessions), |b| {
            b.iter(|| one_core.install(|| conved.pairwise(&views)));
        });
    }
    group.finish();
}

fn criterion() -> Criterion<PairsAndCells> {
    Criterion::default().with_measurement(PairsAndCells(WallTime))
}

criterion_group!(name = benches; config = criterion(); targets = pairwise, recurrence);
criterion_main!(benches);
