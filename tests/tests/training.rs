//! The trainer keeps its word: what moves and what does not, whose mean a loss
//! is, what a seed fixes, where preference learning starts, and how a run ends.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::f64::consts::LN_2;
use std::ops::ControlFlow;

#[path = "training/precision.rs"]
mod precision;
#[path = "training/recompute.rs"]
mod recompute;
#[path = "training/references.rs"]
mod references;
mod support;

use idl::corpora::embedded;
use idl::dialogue::Person;
use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::encoder::TfIdfEncoder;
use idl::lm::{CausalLm, ChatTokenizer, LoraConfig, TokenTree};
use idl::persona_ext::RuleExtractor;
use idl::train::log::{LogRecord, metric};
use idl::train::optim::AdamWConfig;
use idl::train::{
    BuildStats, Callback, Conversation, Error, Example, ExampleBuilder, Objective,
    PreferenceCorpus, PreferenceLogProbs, Step, TrainConfig, Trainer, total_steps, train,
};
use support::{
    bits, config, go_on, mini_llama, tiny, tiny_examples, tiny_preferences, without_criterion,
};
use tch::{Kind, Tensor};

fn persons() -> Vec<Person> {
    embedded().unwrap().iter().take(4).map(|e| e.person.clone()).collect()
}

/// The first dialogue of each of four persons, alone.
fn dialogues() -> Vec<Conversation> {
    let conversation = |p: &Person| Conversation {
        id: p.sessions[0].id.clone(),
        references: Vec::new(),
        target: p.sessions[0].messages.clone(),
        replies: p.sessions[0].replies().collect(),
        leading_context: None,
    };
    persons().iter().map(conversation).collect()
}

fn supervised_examples(tokenizer: &ChatTokenizer) -> Vec<Example> {
    let builder = ExampleBuilder { tokenizer, max_tokens: 512, reserve: 128 };
    dialogues().iter().map(|c| builder.supervised(c).unwrap()).collect()
}

fn preference_examples(tokenizer: &ChatTokenizer) -> Vec<Example> {
    let builder = ExampleBuilder { tokenizer, max_tokens: 512, reserve: 128 };
    let (persons, extractor, encoder) =
        (persons(), RuleExtractor::default(), TfIdfEncoder::default());
    let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 1).unwrap();
    let mut coverage = BuildStats::default();
    dialogues()
        .iter()
        .enumerate()
        .map(|(p, c)| {
            let mut found = corpus.alternatives(p, 0, &c.replies, &mut coverage).unwrap();
            found.truncate(2);
            builder.preference(c, &found).unwrap()
        })
        .collect()
}

/// Trains to the end and returns the log.
fn run(
    model: &mut CausalLm,
    adapter: &str,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
) -> Vec<LogRecord> {
    let mut records = Vec::new();
    let steps = train(model, adapter, examples, objective, config, &mut |step: &Step<'_>| {
        records.push(step.record.clone());
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(steps, records.len() as u64);
    records
}

fn value(record: &LogRecord, name: &str) -> f64 {
    record.get(name).unwrap_or_else(|| panic!("{name} is not in {record:?}"))
}

fn logprobs(model: &CausalLm, examples: &[Example]) -> Vec<Vec<f32>> {
    tch::no_grad(|| {
        examples
            .iter()
            .flat_map(|e| {
                let scored = e.tree.logprobs(model).unwrap();
                scored.spans.into_iter().chain(scored.branches)
            })
            .map(|t| Vec::try_from(&t).unwrap())
            .collect()
    })
}

/// The error and what caused it, as a program prints them.
fn whole(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Frozen, and the model as it was found.
#[track_caller]
fn assert_left_in_order(model: &CausalLm, adapter: &str) {
    assert_eq!(model.active(), None);
    for (name, parameter) in model.adapter_parameters(adapter).unwrap() {
        assert!(!parameter.requires_grad(), "{name}");
    }
}

#[test]
fn the_loss_falls_and_nothing_but_the_adapter_changes() {
    let (mut model, tokenizer) = mini_llama();
    let examples = supervised_examples(&tokenizer);
    let base = logprobs(&model, &examples);
    model.add_adapter("a", &LoraConfig::all_linear(4, 8.0), 1).unwrap();
    model.add_adapter("other", &LoraConfig::all_linear(4, 8.0), 2).unwrap();
    let (start, other) = (bits(&model, "a"), bits(&model, "other"));
    model.set_active(Some("a")).unwrap();
    assert_eq!(logprobs(&model, &examples), base, "a fresh adapter is the base");
    model.set_active(None).unwrap();

    let log = run(&mut model, "a", &examples, Objective::Supervised, &config(2, 2, 2e-3));
    for ((name, before), (_, after)) in start.iter().zip(bits(&model, "a")) {
        assert_ne!(before, &after, "{name} did not move");
    }
    let more = run(&mut model, "a", &examples, Objective::Supervised, &config(2, 8, 2e-3));
    let epoch =
        |log: &[LogRecord]| (value(&log[0], metric::LOSS) + value(&log[1], metric::LOSS)) / 2.0;
    let (first, last) = (epoch(&log), epoch(&more[6..]));
    assert!(last < 0.8 * first, "{first} {last}");

    assert_left_in_order(&model, "a");
    assert_eq!(logprobs(&model, &examples), base, "the base, bit for bit");
    assert_eq!(bits(&model, "other"), other);
    model.set_active(Some("a")).unwrap();
    assert_ne!(logprobs(&model, &examples), base);
}

#[test]
fn the_active_adapter_is_the_same_afterwards() {
    let mut model = tiny();
    model.copy_adapter("a", "b").unwrap();
    model.set_active(Some("b")).unwrap();
    run(&mut model, "a", &tiny_examples(), Objective::Supervised, &config(2, 2, 1e-3));
    assert_eq!(model.active(), Some("b"));
}

/// By hand: the loss of all examples' tokens laid end to end, its gradient, and
/// one step of AdamW with an epsilon so large that the step tells the size of
/// the gradient, not only its sign: `p - g / (|g| + 1)`.
#[test]
fn a_batch_is_the_mean_over_the_tokens_of_all_its_examples_in_any_order() {
    let examples = tiny_examples();
    let mut model = tiny();
    model.set_active(Some("a")).unwrap();
    let parameters = model.adapter_parameters("a").unwrap();
    for (_, p) in &parameters {
        let _ = p.set_requires_grad(true);
    }
    let all: Vec<Tensor> =
        examples.iter().flat_map(|e| e.tree.logprobs(&model).unwrap().spans).collect();
    let concatenated = Tensor::cat(&all, 0);
    assert_eq!(concatenated.size(), [1 + 7 + 12 + 2 + 15]);
    let loss = -concatenated.mean(Kind::Float);
    let mean_of_means = examples
        .iter()
        .map(|e| -Tensor::cat(&e.tree.logprobs(&model).unwrap().spans, 0).mean(Kind::Double))
        .map(|t| t.double_value(&[]))
        .sum::<f64>()
        / 4.0;
    let inputs: Vec<&Tensor> = parameters.iter().map(|(_, p)| p).collect();
    let gradients = Tensor::run_backward(&[&loss], &inputs, false, false);
    let expected: Vec<Tensor> = tch::no_grad(|| {
        inputs.iter().zip(&gradients).map(|(p, g)| *p - g / (g.abs() + 1.0)).collect()
    });
    let norm =
        gradients.iter().map(|g| g.square().sum(Kind::Double).double_value(&[])).sum::<f64>();
    let (loss, norm) = (loss.double_value(&[]), norm.sqrt());
    assert!((loss - mean_of_means).abs() > 0.05, "the test could not tell: {loss} {mean_of_means}");
    assert!(norm > 0.1);

    for seed in 0..4 {
        for shift in [0, 1] {
            let mut model = tiny();
            let mut examples = tiny_examples();
            examples.rotate_left(shift);
            let config = TrainConfig {
                optimizer: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
                max_grad_norm: None,
                seed,
                ..config(4, 1, 1.0)
            };
            let log = run(&mut model, "a", &examples, Objective::Supervised, &config);
            assert!((value(&log[0], metric::LOSS) - loss).abs() < 1e-5 * loss);
            assert!((value(&log[0], metric::GRAD_NORM) - norm).abs() < 1e-4 * norm);
            for ((name, got), expected) in
                model.adapter_parameters("a").unwrap().iter().zip(&expected)
            {
                let error = (got - expected).abs().max().double_value(&[]);
                assert!(error < 1e-5, "{name}: {error}");
            }
        }
    }
}

/// A batch over several examples is no other than one example that holds all
/// their spans: here one trunk is given as one example, and span by span.
#[test]
fn spans_learnt_apart_in_one_batch_equal_spans_learnt_together() {
    let together = tiny_examples().remove(1);
    let apart: Vec<Example> = together
        .tree
        .spans()
        .iter()
        .map(|span| {
            let mut tree = TokenTree::new(together.tree.trunk().to_vec());
            tree.add_span(span.clone()).unwrap();
            Example { tree, replies: vec![0], ..together.clone() }
        })
        .collect();
    let step = |examples: &[Example]| {
        let mut model = tiny();
        let config = TrainConfig {
            optimizer: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
            ..config(examples.len(), 3, 0.5)
        };
        let log = run(&mut model, "a", examples, Objective::Supervised, &config);
        let parameters = model.adapter_parameters("a").unwrap();
        let flat: Vec<Tensor> = parameters.iter().map(|(_, t)| t.detach().flatten(0, -1)).collect();
        (value(&log[2], metric::LOSS), Tensor::cat(&flat, 0))
    };
    let ((loss, weights), (other_loss, other_weights)) = (step(&[together]), step(&apart));
    assert!((loss - other_loss).abs() < 1e-4, "{loss} {other_loss}");
    assert!((weights - other_weights).abs().max().double_value(&[]) < 1e-4);
}

#[test]
fn a_seed_fixes_every_bit_and_another_one_does_not() {
    let trained = |seed| {
        let mut model = tiny();
        let config = TrainConfig { seed, ..config(1, 12, 1e-2) };
        run(&mut model, "a", &tiny_examples(), Objective::Supervised, &config);
        bits(&model, "a")
    };
    assert_eq!(trained(5), trained(5));
    assert_ne!(trained(5), trained(6));
    let fresh = |seed| {
        let mut model = tiny();
        model.add_adapter("new", &LoraConfig::default(), seed).unwrap();
        bits(&model, "new")
    };
    assert_eq!(fresh(5), fresh(5));
    assert_ne!(fresh(5), fresh(6));
}

#[test]
fn preference_learning_starts_at_ln_2_and_ends_with_a_margin() {
    let (mut model, tokenizer) = mini_llama();
    let examples = preference_examples(&tokenizer);
    assert!(examples.iter().all(|e| !e.alternatives.is_empty()));
    // A reference that is not the base, or the two could be confused.
    model.add_adapter("msl", &LoraConfig::all_linear(4, 8.0), 1).unwrap();
    run(&mut model, "msl", &examples, Objective::Supervised, &config(4, 2, 2e-3));
    let msl = bits(&model, "msl");
    for (loss, steps) in [
        (Loss::Dpo { beta: 0.1 }, 1),
        (Loss::DpocReleased { beta: 0.1, penalty: 0.5 }, 1),
        (Loss::DpocPaper { beta: 0.1, penalty: 2.0 }, 6),
    ] {
        let loss = PreferenceLoss::try_from(loss).unwrap();
        model.copy_adapter("msl", "dpa").unwrap();
        let objective = Objective::Preference { loss: &loss, reference: Some("msl") };
        let log = run(&mut model, "dpa", &examples, objective, &config(4, steps, 1e-3));
        // Not to the last bit: with gradients libtorch may take other kernels.
        assert!((value(&log[0], metric::LOSS) - LN_2).abs() < 1e-4, "{:?}", log[0]);
        for name in [metric::REWARDS_CHOSEN, metric::REWARDS_REJECTED, metric::REWARDS_CRITERION] {
            assert!(value(&log[0], name).abs() < 1e-4, "{name}: {:?}", log[0]);
        }
        for name in [metric::LOGPS_CHOSEN, metric::LOGPS_REJECTED, metric::LOGPS_CRITERION] {
            assert!(value(&log[0], name) < -5.0, "{name}: {:?}", log[0]);
        }
        let last = &log[log.len() - 1];
        if steps > 1 {
            assert!(value(last, metric::LOSS) < LN_2 - 0.05, "{last:?}");
            assert!(value(last, metric::REWARDS_MARGINS) > 0.1, "{last:?}");
            assert!(value(last, metric::REWARDS_ACCURACIES) > 0.5, "{last:?}");
        }
        assert_left_in_order(&model, "dpa");
    }
    assert_eq!(bits(&model, "msl"), msl, "the reference is frozen");
    assert_ne!(bits(&model, "dpa"), msl);

    // Against the base the same policy does not start at zero.
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    model.copy_adapter("msl", "dpa").unwrap();
    let objective = Objective::Preference { loss: &loss, reference: None };
    let log = run(&mut model, "dpa", &examples, objective, &config(4, 1, 1e-3));
    assert!(value(&log[0], metric::REWARDS_CHOSEN).abs() > 0.01, "{:?}", log[0]);
}

/// Three examples of one reply count as much as one of three: the mean is over
/// replies, not over dialogues.
#[test]
fn a_preference_batch_is_the_mean_over_replies() {
    let (mut model, tokenizer) = mini_llama();
    let mut examples = preference_examples(&tokenizer);
    examples.truncate(2);
    let builder = ExampleBuilder { tokenizer: &tokenizer, max_tokens: 512, reserve: 128 };
    examples[0] = builder.preference(&dialogues()[0], &examples[0].alternatives[..1]).unwrap();
    assert_eq!(examples.iter().map(|e| e.alternatives.len()).collect::<Vec<_>>(), [1, 2]);
    model.add_adapter("a", &LoraConfig::default(), 1).unwrap();
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: None };
    let log = run(&mut model, "a", &examples, objective, &config(2, 1, 1e-4));
    let sums: f64 = tch::no_grad(|| {
        let sum = |e: &Example| PreferenceLogProbs::of(&model, e).unwrap().chosen.sum(Kind::Double);
        examples.iter().map(|e| sum(e).double_value(&[])).sum()
    });
    let logged = value(&log[0], metric::LOGPS_CHOSEN);
    assert!((logged - sums / 3.0).abs() < 1e-4 * logged.abs(), "{logged} {sums}");
}

/// Each word of the vocabulary in turn, in place of each token that is learnt.
#[test]
fn token_accuracy_is_the_share_of_tokens_that_no_other_beats() {
    let mut model = tiny();
    model.set_active(Some("a")).unwrap();
    let vocabulary = model.config().vocab_size;
    let mut examples = tiny_examples();
    let (mut likeliest, mut tokens) = (0, 0);
    for example in &mut examples {
        // What the model itself would say first is a token that it gets right.
        let best = |trunk: &[i64], at: usize| {
            let mut tree = TokenTree::new(trunk.to_vec());
            for word in 0..vocabulary {
                tree.add_branch(at, vec![word]).unwrap();
            }
            let scored = tch::no_grad(|| tree.logprobs(&model)).unwrap().branches;
            Tensor::cat(&scored, 0).argmax(-1, false).int64_value(&[])
        };
        let mut trunk = example.tree.trunk().to_vec();
        let spans = example.tree.spans().to_vec();
        trunk[spans[0].start] = best(&trunk, spans[0].start);
        let mut tree = TokenTree::new(trunk.clone());
        for span in spans {
            tree.add_span(span.clone()).unwrap();
            tokens += span.len();
            likeliest += span.filter(|&at| best(&trunk, at) == trunk[at]).count();
        }
        example.tree = tree;
    }
    assert!(likeliest >= examples.len() && likeliest < tokens);
    let expected = likeliest as f64 / tokens as f64;
    let mut log = Vec::new();
    let config = TrainConfig { eval_steps: Some(1), ..config(examples.len(), 1, 1e-9) };
    let mut watch = Both(&mut log);
    Trainer::new(&examples, Objective::Supervised, &config)
        .evaluate_on(&examples)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    let eval = format!("{}{}", metric::EVAL_PREFIX, metric::MEAN_TOKEN_ACCURACY);
    let named = |name: &str| log.iter().find_map(|record: &LogRecord| record.get(name));
    assert_eq!(named(metric::MEAN_TOKEN_ACCURACY), Some(expected));
    assert_eq!(named(&eval), Some(expected));
}

/// Keeps the records of steps and of evaluations.
struct Both<'a>(&'a mut Vec<LogRecord>);

impl Callback for Both<'_> {
    fn on_step(&mut self, step: &Step<'_>) -> idl::train::Result<ControlFlow<()>> {
        self.0.push(step.record.clone());
        Ok(ControlFlow::Continue(()))
    }

    fn on_evaluation(
        &mut self,
        record: &LogRecord,
        _: bool,
    ) -> idl::train::Result<ControlFlow<()>> {
        self.0.push(record.clone());
        Ok(ControlFlow::Continue(()))
    }
}

/// TRL's preference data has no criterion replies, and DPO ranks none.
#[test]
fn pairs_without_a_criterion_are_learnt_by_losses_over_pairs() {
    let whole = tiny_preferences();
    let pairs: Vec<Example> = whole.iter().map(without_criterion).collect();
    let dpo = PreferenceLoss::try_from(Loss::Dpo { beta: 0.5 }).unwrap();
    let objective = Objective::Preference { loss: &dpo, reference: None };
    let learnt = |examples: &[Example]| {
        let mut model = tiny();
        let log = run(&mut model, "a", examples, objective, &config(2, 6, 1e-2));
        (value(&log[5], metric::REWARDS_MARGINS), log)
    };
    let ((margin, log), (same, with)) = (learnt(&pairs), learnt(&whole));
    assert!((margin - same).abs() < 1e-5 * same.abs(), "{margin} {same}");
    assert!(same > 0.01, "{same}");
    let named = |log: &[LogRecord], name: &str| log[0].metrics.iter().any(|(n, _)| n == name);
    for name in [metric::LOGPS_CRITERION, metric::REWARDS_CRITERION] {
        assert!(named(&with, name) && !named(&log, name), "{name}");
    }
    // Where some have criterion replies, their means are over these.
    let mixed = [whole[0].clone(), pairs[1].clone(), pairs[2].clone(), pairs[3].clone()];
    let (_, log) = learnt(&mixed);
    let mut model = tiny();
    let alone = run(&mut model, "a", &whole[..1], objective, &config(1, 1, 1e-2));
    let first = log.iter().find(|r| named(std::slice::from_ref(r), metric::LOGPS_CRITERION));
    let logged = value(first.unwrap(), metric::LOGPS_CRITERION);
    let expected = value(&alone[0], metric::LOGPS_CRITERION);
    assert!((logged / expected - 1.0).abs() < 0.05, "{logged} {expected}");

    // What a loss ranks must be there before anything is changed.
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: None };
    let mut model = tiny();
    let before = bits(&model, "a");
    let error =
        train(&mut model, "a", &mixed, objective, &config(2, 6, 1e-2), &mut go_on).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("dpoc_paper") && error.contains("two spans has none"), "{error}");
    assert_eq!(bits(&model, "a"), before);
}

#[test]
fn a_callback_ends_a_run_in_good_order() {
    let whole = |steps| {
        let mut model = tiny();
        let log =
            run(&mut model, "a", &tiny_examples(), Objective::Supervised, &config(2, steps, 1e-2));
        assert_eq!(log.len() as u64, steps);
        bits(&model, "a")
    };
    let mut model = tiny();
    let mut seen = Vec::new();
    let mut until_three = |step: &Step<'_>| {
        seen.push((step.record.step, step.total));
        Ok(if step.record.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let config = config(2, 9, 1e-2);
    let done =
        train(&mut model, "a", &tiny_examples(), Objective::Supervised, &config, &mut until_three);
    assert_eq!(done.unwrap(), 3);
    assert_eq!(seen, [(1, 9), (2, 9), (3, 9)]);
    assert_left_in_order(&model, "a");
    assert_eq!(bits(&model, "a"), whole(3), "the three steps are taken, and no more");

    let mut fail = |_: &Step<'_>| Err(Error::Data("the disk is full".to_owned()));
    let error = train(&mut model, "a", &tiny_examples(), Objective::Supervised, &config, &mut fail);
    assert_eq!(error.unwrap_err().to_string(), "the disk is full");
    assert_left_in_order(&model, "a");
}

#[test]
fn a_run_has_as_many_steps_as_epochs_and_max_steps_allow() {
    for (examples, batch_size, epochs, max_steps, expected) in [
        (4, 2, 3, None, 6),
        (4, 3, 2, None, 4),
        (3, 8, 2, None, 2),
        (4, 2, 3, Some(4), 4),
        (4, 2, 3, Some(99), 6),
    ] {
        let config = TrainConfig { batch_size, epochs, max_steps, ..config(batch_size, 1, 1e-3) };
        assert_eq!(total_steps(examples, &config), expected);
        let mut model = tiny();
        let log =
            run(&mut model, "a", &tiny_examples()[..examples], Objective::Supervised, &config);
        assert_eq!(log.len() as u64, expected);
        let steps: Vec<u64> = log.iter().map(|r| r.step).collect();
        assert_eq!(steps, (1..=expected).collect::<Vec<_>>());
        if max_steps.is_none_or(|m| m > expected) {
            assert!((log[log.len() - 1].epoch - epochs as f64).abs() < 1e-9, "{log:?}");
        }
        assert!(log.iter().all(|r| value(r, metric::LEARNING_RATE) == 1e-3));
        assert!(value(&log[log.len() - 1], metric::ETA_SECONDS) < 1e-9);
    }
}

#[test]
fn settings_and_data_that_make_no_run_are_refused() {
    let examples = tiny_examples();
    let good = config(2, 2, 1e-3);
    let refused = |adapter: &str, examples: &[Example], config: &TrainConfig, expected: &str| {
        let mut model = tiny();
        let before = bits(&model, "a");
        let error = train(&mut model, adapter, examples, Objective::Supervised, config, &mut go_on);
        let text = whole(&error.unwrap_err());
        assert!(text.contains(expected), "{text}");
        assert_left_in_order(&model, "a");
        assert_eq!(bits(&model, "a"), before);
    };
    refused("a", &[], &good, "no examples");
    refused("absent", &examples, &good, "\"absent\"");
    refused("a", &examples, &TrainConfig { batch_size: 0, ..good.clone() }, "batch_size");
    refused("a", &examples, &TrainConfig { max_steps: Some(0), ..good.clone() }, "max_steps");
    refused("a", &examples, &TrainConfig { epochs: 0, ..good.clone() }, "epochs");
    refused(
        "a",
        &examples,
        &TrainConfig { max_grad_norm: Some(0.0), ..good.clone() },
        "max_grad_norm",
    );
    refused("a", &examples, &config(2, 2, f64::NAN), "learning_rate");

    // A reference that moves with the policy is none.
    let mut model = tiny();
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    for (reference, expected) in [("a", "itself"), ("absent", "\"absent\"")] {
        let objective = Objective::Preference { loss: &loss, reference: Some(reference) };
        let examples = tiny_preferences();
        let error = train(&mut model, "a", &examples, objective, &good, &mut go_on).unwrap_err();
        assert!(whole(&error).contains(expected), "{error}");
    }
    // Supervised examples have nothing to prefer.
    let objective = Objective::Preference { loss: &loss, reference: None };
    let error = train(&mut model, "a", &examples, objective, &good, &mut go_on).unwrap_err();
    assert!(whole(&error).contains("no alternatives"), "{error}");
    assert_left_in_order(&model, "a");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_before_anything_is_changed() {
    let mut model = tiny();
    let (_, damaged) = model.adapter_parameters("a").unwrap().remove(1);
    let _ = damaged.flatten(0, -1).narrow(0, 0, 1).fill_(f64::NAN);
    let before = bits(&model, "a");
    let examples = tiny_examples();
    let config = config(4, 5, 1e-2);
    let error = train(&mut model, "a", &examples, Objective::Supervised, &config, &mut go_on);
    let error = error.unwrap_err();
    let Error::Step { step, examples: ids, source } = &error else { panic!("{error}") };
    assert_eq!(*step, 1);
    assert!(examples.iter().all(|e| ids.contains(&e.id)), "{ids}");
    assert!(matches!(**source, Error::NonFiniteLoss { step: 1, .. }), "{source}");
    let text = whole(&error);
    assert!(text.contains("NaN") && text.contains("step 1"), "{text}");
    assert_eq!(bits(&model, "a"), before);
    assert_left_in_order(&model, "a");
}

#[test]
fn a_run_that_diverges_leaves_the_adapter_of_the_step_before() {
    let diverging = |steps| {
        let mut model = tiny();
        let config = config(4, steps, 1e30);
        let done =
            train(&mut model, "a", &tiny_examples(), Objective::Supervised, &config, &mut go_on);
        (bits(&model, "a"), done)
    };
    let (after_one, done) = diverging(1);
    assert_eq!(done.unwrap(), 1);
    let (left, done) = diverging(9);
    let error = done.unwrap_err();
    assert!(matches!(error, Error::Step { step: 2, .. }), "{error}");
    assert_eq!(left, after_one);
}

#[test]
fn a_preference_loss_that_is_no_number_names_step_and_examples() {
    let (mut model, tokenizer) = mini_llama();
    let examples = preference_examples(&tokenizer);
    model.add_adapter("a", &LoraConfig::default(), 1).unwrap();
    let (_, damaged) = model.adapter_parameters("a").unwrap().remove(1);
    let _ = damaged.flatten(0, -1).narrow(0, 0, 1).fill_(f64::NAN);
    let before = bits(&model, "a");
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: None };
    let config = config(2, 4, 1e-3);
    let error = train(&mut model, "a", &examples, objective, &config, &mut go_on).unwrap_err();
    let Error::Step { step: 1, examples: ids, .. } = &error else { panic!("{error}") };
    assert_eq!(examples.iter().filter(|e| ids.contains(&e.id)).count(), 2, "{ids}");
    assert_eq!(bits(&model, "a"), before);
    assert_left_in_order(&model, "a");
}

#[test]
fn a_saved_adapter_loads_again_and_computes_the_same() {
    let (mut model, tokenizer) = mini_llama();
    let examples = preference_examples(&tokenizer);
    model.add_adapter("a", &LoraConfig::all_linear(4, 8.0), 1).unwrap();
    run(&mut model, "a", &examples, Objective::Supervised, &config(4, 3, 2e-3));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("adapter");
    model.save_adapter("a", &folder, "mini-llama").unwrap();
    model.set_active(Some("a")).unwrap();
    let trained = logprobs(&model, &examples);

    let (mut again, _) = mini_llama();
    again.load_adapter("loaded", &folder).unwrap();
    assert_eq!(bits(&again, "loaded"), bits(&model, "a"));
    let base = logprobs(&again, &examples);
    again.set_active(Some("loaded")).unwrap();
    assert_eq!(logprobs(&again, &examples), trained);
    assert_ne!(base, trained);

    // And it can be trained on.
    again.set_active(None).unwrap();
    run(&mut again, "loaded", &examples, Objective::Supervised, &config(4, 1, 2e-3));
    assert_ne!(bits(&again, "loaded"), bits(&model, "a"));
}
