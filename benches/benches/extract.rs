//! The rule extractor on one core, in utterances and in bytes a second: over
//! ConvAI2's real utterances where its file is at hand (`$IDL_DATA`, else
//! beside the workspace), else over what the invented people say. The group's
//! name says which.

#![allow(clippy::expect_used, reason = "a bench may stop where a program may not")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use idl_corpora::{Result, convai2, embedded};
use idl_persona_ext::RuleExtractor;

/// How many utterances a pass reads.
const UTTERANCES: usize = 20_000;

/// Where the utterances are from, and they.
fn utterances() -> Result<(&'static str, Vec<String>)> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let file = data.join("convai2").join(convai2::DIALOGUES);
    if file.is_file() {
        let mut said = Vec::new();
        for dialogue in convai2::open(file)? {
            let dialogue = dialogue?;
            if dialogue.split == "train" {
                said.extend(dialogue.utterances);
            }
            if said.len() >= UTTERANCES {
                break;
            }
        }
        said.truncate(UTTERANCES);
        return Ok(("extract/convai2", said));
    }
    let people = embedded()?;
    let sessions = people.iter().flat_map(|person| &person.person.sessions);
    let said: Vec<_> =
        sessions.flat_map(|s| &s.messages).map(|message| message.content.clone()).collect();
    Ok(("extract/invented", said.into_iter().cycle().take(UTTERANCES).collect()))
}

fn extract(criterion: &mut Criterion) {
    let (name, said) = utterances().expect("a readable corpus");
    let bytes: usize = said.iter().map(String::len).sum();
    let extractor = RuleExtractor::default();
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for (unit, throughput) in [
        ("utterances", Throughput::Elements(said.len() as u64)),
        ("bytes", Throughput::Bytes(bytes as u64)),
    ] {
        group.throughput(throughput);
        group.bench_function(unit, |bencher| {
            bencher.iter(|| {
                said.iter().map(|one| extractor.extract_one(black_box(one)).len()).sum::<usize>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, extract);
criterion_main!(benches);
