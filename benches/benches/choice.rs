//! A choice among 10,000 sessions of 16 messages, besides the encoding of what asks.

use criterion::{Criterion, criterion_group, criterion_main};
use idl::choice::{ChoiceParams, Query, SessionBank};
use idl::store::{Embeddings, Record};
use idl_dialogue::Utterance;
use ndarray::{Array1, Array2};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const SESSIONS: usize = 10_000;
const OWN: usize = 8;
const DIM: usize = 384;
const WORDS: usize = 12;

fn unit(rng: &mut impl Rng) -> Vec<f32> {
    let vector: Vec<f32> = (0..DIM).map(|_| rng.gen_range(-1.0..1.0)).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

/// Words as rare as words are: the square makes the first ones frequent.
fn sentence(rng: &mut impl Rng) -> String {
    let word = |_| format!("w{}", (rng.r#gen::<f64>().powi(3) * 30_000.0) as usize);
    (0..WORDS).map(word).collect::<Vec<_>>().join(" ")
}

fn bank(rng: &mut impl Rng) -> SessionBank {
    let mut bank = SessionBank::new();
    for id in 0..SESSIONS {
        let mut messages = Vec::new();
        for _ in 0..OWN {
            messages.push(Utterance::user("and you ?"));
            messages.push(Utterance::assistant(sentence(rng)));
        }
        let vectors: Vec<Vec<f32>> = (0..=OWN).map(|_| unit(rng)).collect();
        let utterances = vectors[1..].iter().map(Vec::as_slice);
        let embeddings = Embeddings::new("random", &vectors[0], utterances).ok();
        let record = Record { embeddings, ..Record::new(id.to_string(), messages) };
        assert!(bank.add(record).is_ok());
    }
    bank
}

fn choice(c: &mut Criterion) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let bank = bank(&mut rng);
    let all: Vec<usize> = (0..SESSIONS).collect();
    let Ok(chooser) = ChoiceParams::default().check() else { return };
    for asked in [1, 8] {
        let rows: Vec<f32> = (0..asked).flat_map(|_| unit(&mut rng)).collect();
        let text: Vec<String> = (0..asked).map(|_| sentence(&mut rng)).collect();
        let Ok(utterances) = Array2::from_shape_vec((asked, DIM), rows) else { return };
        let query = Query {
            text: text.join("\n"),
            facts: Vec::new(),
            whole: Array1::from(unit(&mut rng)),
            utterances,
        };
        c.bench_function(&format!("choose/10000 sessions, {asked} utterances ask"), |b| {
            b.iter(|| {
                chooser.choose(&bank, &all, Some(&query), None).map_or(0, |chosen| chosen.len())
            });
        });
    }
}

criterion_group!(benches, choice);
criterion_main!(benches);
