//! How a run ends, in good order and otherwise.

use std::ops::ControlFlow;

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::LoraConfig;
use idl::train::log::metric;
use idl::train::{Error, Example, Objective, Step, TrainConfig, total_steps, train};

use crate::data::{assert_left_in_order, preference_examples, run, value};
use crate::support::{bits, config, go_on, mini_llama, tiny, tiny_examples, tiny_preferences};

/// The error and what caused it, as a program prints them.
fn whole(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
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
