//! Where preference learning starts, and what it takes.

use std::f64::consts::LN_2;

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::LoraConfig;
use idl::train::log::{LogRecord, metric};
use idl::train::{Example, ExampleBuilder, Objective, preference_logprobs, train};
use tch::Kind;

use crate::data::{assert_left_in_order, dialogues, preference_examples, run, value};
use crate::support::{bits, config, go_on, mini_llama, tiny, tiny_preferences, without_criterion};

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
        let sum = |e: &Example| preference_logprobs(&model, e).unwrap().chosen.sum(Kind::Double);
        examples.iter().map(|e| sum(e).double_value(&[])).sum()
    });
    let logged = value(&log[0], metric::LOGPS_CHOSEN);
    assert!((logged - sums / 3.0).abs() < 1e-4 * logged.abs(), "{logged} {sums}");
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
