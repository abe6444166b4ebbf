//! idl-train on a model of the embedded base's shape: one optimiser step of an
//! adapter on all linear layers, supervised and by preference, with activations
//! kept and recomputed. The rate is of tokens, branches included.

// A bench may stop where a program may not.
#![allow(clippy::expect_used)]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use idl_dpoc_loss::{Loss, PreferenceLoss};
use idl_lm::{CausalLm, LoadOptions, LoraConfig, TokenTree};
use idl_train::{
    Alternatives, CriterionKind, CriterionReply, Example, Objective, Step, TrainConfig, train,
};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Dialogues in a step, tokens of each, its replies, and their tokens.
const BATCH: usize = 2;
const TOKENS: usize = 512;
const REPLIES: usize = 4;
const REPLY: usize = 12;

/// A dialogue of random words; what is computed does not depend on them.
fn example(rng: &mut impl Rng, preference: bool) -> Example {
    let mut words = |n: usize| (0..n).map(|_| rng.gen_range(10..8000)).collect::<Vec<i64>>();
    let mut tree = TokenTree::new(words(TOKENS));
    let mut alternatives = Vec::new();
    for reply in 0..REPLIES {
        let at = TOKENS / 2 + reply * 4 * REPLY;
        tree.add_span(at..at + REPLY).expect("it is in the trunk");
        if preference {
            for _ in 0..2 {
                tree.add_branch(at, words(REPLY)).expect("it leaves the trunk");
            }
            alternatives.push(Alternatives {
                reply,
                rejected: "no".to_owned(),
                rejected_kind: None,
                criterion: Some(CriterionReply {
                    text: "perhaps".to_owned(),
                    kind: CriterionKind::Inversion,
                }),
            });
        }
    }
    Example {
        id: "random".to_owned(),
        tree,
        replies: (0..REPLIES).collect(),
        alternatives,
        references: 0,
        dropped_messages: 0,
        dropped_replies: 0,
        dropped_alternatives: 0,
    }
}

/// The time of `steps` steps, without what a run does once.
fn time(
    model: &mut CausalLm,
    examples: &[Example],
    objective: Objective<'_>,
    recompute: bool,
    steps: u64,
) -> Duration {
    let config = TrainConfig {
        batch_size: BATCH,
        epochs: steps + 1,
        activation_checkpointing: recompute,
        ..TrainConfig::default()
    };
    let mut first = None;
    train(model, "policy", examples, objective, &config, &mut |_: &Step<'_>| {
        first.get_or_insert_with(Instant::now);
        Ok(ControlFlow::Continue(()))
    })
    .expect("the run ends");
    first.expect("there was a step").elapsed()
}

fn steps(criterion: &mut Criterion) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/assets/mini-llama");
    let mut model = CausalLm::from_dir(&dir, LoadOptions::default()).expect("the base is there");
    model.add_adapter("policy", &LoraConfig::all_linear(16, 32.0), 1).expect("layers of that name");
    let loss = PreferenceLoss::try_from(Loss::default()).expect("the defaults are in range");
    let mut group = criterion.benchmark_group("step");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, objective) in [
        ("supervised", Objective::Supervised),
        ("preference", Objective::Preference { loss: &loss, reference: None }),
    ] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let preference = matches!(objective, Objective::Preference { .. });
        let examples: Vec<Example> = (0..BATCH).map(|_| example(&mut rng, preference)).collect();
        let tokens: usize = examples.iter().map(|e| e.tree.tokens()).sum();
        group.throughput(Throughput::Elements(tokens as u64));
        for (kind, recompute) in [("kept", false), ("recomputed", true)] {
            group.bench_function(format!("{name}, activations {kind}"), |b| {
                b.iter_custom(|n| time(&mut model, &examples, objective, recompute, n));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
