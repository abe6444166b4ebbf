//! Metrics on one core: pairs and bytes a second, over invented replies.
//!
//! Words are drawn by Zipf's law, replies have 4 to 20 of them, and a
//! reference shares about a third of its reply's: much as chatted text does.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use idl_metrics::persona::WordSets;
use idl_metrics::text::{Bleu, BleuParams, Distinct, Tokenizer, rouge_l, sentence_bleu, word_f1};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const PAIRS: usize = 1000;
/// Replies in a person's history.
const HISTORY: usize = 50;

struct Replies {
    rng: Xoshiro256PlusPlus,
    vocabulary: Vec<String>,
}

impl Replies {
    fn new() -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let syllables = ["ba", "ri", "ton", "el", "mi", "ka", "sur", "ve", "ing", "o"];
        let mut word = || -> String {
            let length = rng.gen_range(1..4);
            (0..length).map(|_| syllables[rng.gen_range(0..syllables.len())]).collect()
        };
        let vocabulary = (0..2000).map(|_| word()).collect();
        Replies { rng, vocabulary }
    }

    fn word(&mut self) -> &str {
        // The inverse of Zipf's distribution function: the logarithm is uniform.
        let rank = (self.vocabulary.len() as f64).powf(self.rng.r#gen());
        &self.vocabulary[rank as usize - 1]
    }

    /// A reply that shares words with another.
    fn like(&mut self, other: &str) -> String {
        let mut words: Vec<String> = Vec::new();
        for word in other.split(' ').take(6) {
            if self.rng.gen_bool(0.5) {
                words.push(word.to_owned());
            }
        }
        for _ in 0..self.rng.gen_range(4..15) {
            words.push(self.word().to_owned());
        }
        words.push(".".to_owned());
        words.join(" ")
    }
}

fn metrics(criterion: &mut Criterion) {
    let mut replies = Replies::new();
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(PAIRS);
    for _ in 0..PAIRS {
        let hypothesis = replies.like("");
        let reference = replies.like(&hypothesis);
        pairs.push((hypothesis, reference));
    }
    let history: Vec<String> = (0..HISTORY).map(|_| replies.like("")).collect();
    let history: Vec<&str> = history.iter().map(String::as_str).collect();
    let tokens: Vec<Vec<String>> = pairs.iter().map(|(h, _)| Tokenizer::V13a.tokens(h)).collect();

    let mut group = criterion.benchmark_group("metrics");
    group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    let own: usize = pairs.iter().map(|(h, _)| h.len()).sum();
    let both: usize = own + pairs.iter().map(|(_, r)| r.len()).sum::<usize>();
    let per_history: usize = history.iter().map(|h| h.len()).sum();
    let rate =
        |bytes: usize| Throughput::ElementsAndBytes { elements: PAIRS as u64, bytes: bytes as u64 };

    group.throughput(rate(both));
    let mut over_pairs = |name: &str, score: &dyn Fn(&str, &str) -> f64| {
        group.bench_function(name, |b| {
            b.iter(|| pairs.iter().map(|(h, r)| score(h, r)).sum::<f64>());
        });
    };
    let sentence = |tokenizer| {
        move |h: &str, r: &str| {
            let params = BleuParams { tokenizer, ..BleuParams::sentence() };
            sentence_bleu(h, &[r], params).expect("the parameters are legal").value
        }
    };
    over_pairs("sentence BLEU, 13a", &sentence(Tokenizer::V13a));
    over_pairs("sentence BLEU, none", &sentence(Tokenizer::None));
    over_pairs("sentence BLEU, char", &sentence(Tokenizer::Char));
    over_pairs("ROUGE-L", &|h, r| rouge_l(h, &[r], false).f1);
    over_pairs("ROUGE-L, stemmed", &|h, r| rouge_l(h, &[r], true).f1);
    over_pairs("word F1", &word_f1);
    for (name, tokenizer) in [("13a", Tokenizer::V13a), ("none", Tokenizer::None)] {
        group.bench_function(format!("corpus BLEU, {name}"), |b| {
            b.iter(|| {
                let params = BleuParams { tokenizer, ..BleuParams::default() };
                let mut bleu = Bleu::new(params).expect("the parameters are legal");
                for (hypothesis, reference) in &pairs {
                    bleu.add(hypothesis, &[reference]).expect("there is a reference");
                }
                bleu.score().value
            });
        });
    }

    group.throughput(rate(own));
    for n in [1, 2] {
        group.bench_function(format!("Distinct-{n}"), |b| {
            b.iter(|| {
                let mut distinct = Distinct::new(n).expect("n is at least 1");
                tokens.iter().for_each(|reply| distinct.add(reply));
                distinct.corpus()
            });
        });
    }

    // A reply is held against the whole history each time.
    group.throughput(rate(own + PAIRS * per_history));
    let sets = WordSets::default();
    group.bench_function(format!("P-F1, history of {HISTORY}"), |b| {
        b.iter(|| pairs.iter().map(|(h, _)| sets.p_f1(h, &history).f1).sum::<f64>());
    });
    group.bench_function(format!("P-Cover, history of {HISTORY}"), |b| {
        b.iter(|| pairs.iter().map(|(h, _)| sets.p_cover(h, &history)).sum::<f64>());
    });
    group.finish();
}

criterion_group!(benches, metrics);
criterion_main!(benches);
