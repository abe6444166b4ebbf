//! idl-dpoc-loss: every loss over a batch of 64 with its gradient, checks and
//! summary included.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use idl_dpoc_loss::{Batch, Completions, Loss, PreferenceLoss};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

const BATCH: usize = 64;

/// Log-probabilities of replies of a few dozen tokens.
fn logps(rng: &mut impl Rng) -> Tensor {
    Tensor::from_slice(&[0; BATCH].map(|_: i32| rng.gen_range(-90.0..-10.0f32)))
}

fn losses(criterion: &mut Criterion) {
    tch::set_num_threads(1); // vectors of 64 numbers
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let [w, l, c] = [(); 3].map(|()| logps(&mut rng).set_requires_grad(true));
    let [rw, rl, rc] = [(); 3].map(|()| logps(&mut rng));
    let n = Tensor::from_slice(&[20i64; BATCH]);
    let mut group = criterion.benchmark_group("losses");
    group.sample_size(20).throughput(Throughput::Elements(BATCH as u64));
    for loss in Loss::all() {
        let name = loss.name();
        let loss = PreferenceLoss::try_from(loss).expect("the defaults are in range");
        group.bench_function(BenchmarkId::new(name, BATCH), |b| {
            b.iter(|| {
                let output = loss
                    .compute(&Batch {
                        policy: Completions { chosen: &w, rejected: &l, criterion: Some(&c) },
                        reference: Some(Completions {
                            chosen: &rw,
                            rejected: &rl,
                            criterion: Some(&rc),
                        }),
                        tokens: Some(Completions { chosen: &n, rejected: &n, criterion: Some(&n) }),
                    })
                    .expect("the batch is sound");
                output.losses.mean(Kind::Float).backward();
                output.summary().expect("means of numbers")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, losses);
criterion_main!(benches);
