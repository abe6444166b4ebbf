//! idl-lm on the embedded base: prefill, decoding, and prompts of which most
//! is cached.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use idl_lm::{
    CausalLm, ChatTokenizer, DecodingParams, Generator, LoadOptions, PromptCache, Request,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Kind;

/// Tokens at random: what is computed does not depend on them.
fn prompt(tokens: usize) -> Vec<i64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(tokens as u64);
    (0..tokens).map(|_| rng.gen_range(10..8000)).collect()
}

fn generation(criterion: &mut Criterion) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/assets/mini-llama");
    let tokenizer = ChatTokenizer::from_dir(&dir).expect("the base is there");
    for (name, kind) in [("f32", Kind::Float), ("bf16", Kind::BFloat16)] {
        let options = LoadOptions { kind, ..LoadOptions::default() };
        let model = CausalLm::from_dir(&dir, options).expect("the base is there");
        let generator = Generator { model: &model, tokenizer: &tokenizer };
        let mut group = criterion.benchmark_group(format!("generate-{name}"));
        group.sample_size(10).measurement_time(Duration::from_secs(2));

        for tokens in [32, 512, 1500] {
            let ids = prompt(tokens);
            group.throughput(Throughput::Elements(tokens as u64));
            group.bench_function(BenchmarkId::new("prefill", tokens), |b| {
                b.iter(|| PromptCache::new(&model).and_then(|mut c| c.fill(&model, &ids)));
            });
        }

        // One step of a batch, the cost of the sampler included. Ended replies
        // would leave: each step stands for itself.
        let step = DecodingParams { max_new_tokens: 1, ..DecodingParams::default() };
        for tokens in [32, 512, 1500] {
            let ids = prompt(tokens);
            let mut cache = PromptCache::new(&model).expect("memory is there");
            cache.fill(&model, &ids).expect("the prompt fits");
            group.throughput(Throughput::Elements(1));
            group.bench_function(BenchmarkId::new("decode", tokens), |b| {
                let go_on = &mut |_: idl_lm::Piece<'_>| ControlFlow::Continue(());
                b.iter(|| generator.generate_cached(&mut cache, &ids, &step, go_on));
            });
        }

        let requests: Vec<Request> =
            (0..8).map(|i| Request { prompt: prompt(24 + 4 * i), params: step.clone() }).collect();
        group.throughput(Throughput::Elements(requests.len() as u64));
        group.bench_function("batch of 8, first tokens", |b| {
            let go_on = &mut |_: idl_lm::Piece<'_>| ControlFlow::Continue(());
            b.iter(|| generator.generate_batch(&requests, go_on));
        });

        // 30 new tokens behind 1,500 that another conversation has computed.
        let mut sessions = PromptCache::new(&model).expect("memory is there");
        let ids = prompt(1530);
        sessions.fill(&model, &ids[..1500]).expect("the prompt fits");
        group.throughput(Throughput::Elements(30));
        group.bench_function("turn behind 1500 cached", |b| {
            b.iter(|| sessions.fork().and_then(|mut turn| turn.fill(&model, &ids)));
        });
        group.finish();
    }
}

criterion_group!(benches, generation);
criterion_main!(benches);
