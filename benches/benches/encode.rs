//! Sentences to vectors by the encoder that `IDL_ENCODER` names (`cargo xtask
//! setup` sets it), and from the cache.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use idl_dialogue::SentenceEncoder;
use idl_encoder::{CachedEncoder, EncoderOptions, SentenceTransformer};
use tch::Kind;

/// Invented utterances of 4 to 24 words.
fn texts() -> Vec<String> {
    const WORDS: [&str; 12] = [
        "my", "sister", "bakes", "bread", "by", "the", "river", "and", "walks", "her", "dog",
        "home",
    ];
    let words = |i: usize| (0..4 + i * 7 % 21).map(move |j| WORDS[(i + j * 5) % WORDS.len()]);
    (0..64).map(|i| words(i).collect::<Vec<_>>().join(" ")).collect()
}

fn encoding(criterion: &mut Criterion) {
    let Some(dir) = std::env::var_os("IDL_ENCODER").filter(|dir| !dir.is_empty()) else {
        eprintln!("SKIPPED: IDL_ENCODER is not set; cargo xtask setup sets it");
        return;
    };
    let dir = PathBuf::from(dir);
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut group = criterion.benchmark_group("encode");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    group.throughput(Throughput::Elements(texts.len() as u64));
    for (name, kind) in [("f32", Kind::Float), ("bf16", Kind::BFloat16)] {
        let options = EncoderOptions { kind, ..EncoderOptions::default() };
        let encoder = SentenceTransformer::from_dir(&dir, options).expect("the folder is whole");
        group.bench_function(name, |b| b.iter(|| encoder.encode(&texts)));
        if kind == Kind::Float {
            let folder = std::env::temp_dir().join(format!("idl-encode-{}", std::process::id()));
            let cached = CachedEncoder::open(&encoder, &folder).expect("there is room");
            cached.encode(&texts).expect("the texts can be encoded");
            group.bench_function("f32, cached", |b| b.iter(|| cached.encode(&texts)));
            // A folder of the system's that is left over does no harm.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    group.finish();
}

criterion_group!(benches, encoding);
criterion_main!(benches);
