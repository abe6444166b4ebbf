//! What is measured on the way, and the best that is kept.

use idl::train::checkpoint::Checkpoints;
use idl::train::{Error, Objective, StopReason, TrainConfig, Trainer, total_steps};

use crate::support::{bits, config, go_on, tiny, tiny_examples};
use crate::watch::{Watch, with_policy};

/// A stop at a step whose evaluation is due, with all that hangs on it.
#[test]
fn evaluations_and_the_best_survive_a_stop() {
    let examples = tiny_examples();
    let config = TrainConfig {
        eval_steps: Some(2),
        save_total_limit: Some(1),
        load_best_model_at_end: true,
        early_stopping_patience: Some(3),
        ..config(2, 8, 0.5)
    };
    let trainer = Trainer::new(&examples[2..], Objective::Supervised, &config);
    let trainer = trainer.evaluate_on(&examples[..2]);
    let mut whole = with_policy();
    let mut expected = Watch::default();
    let outcome = trainer.run(&mut whole, "policy", &mut expected).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "base");
    let mut watch = Watch::default();
    let mut last = None;
    for stop in [2, 3, 6, u64::MAX] {
        watch.last = Some(stop);
        let found = checkpoints.latest().unwrap();
        let mut model = with_policy();
        let trainer = trainer.save_to(&checkpoints).resume_from(found.checkpoint.as_ref());
        last = Some((trainer.run(&mut model, "policy", &mut watch).unwrap(), model));
    }
    let (resumed, model) = last.unwrap();
    assert_eq!(resumed, outcome);
    assert_eq!(watch.evaluations, expected.evaluations);
    assert_eq!(bits(&model, "policy"), bits(&whole, "policy"));
}

#[test]
fn patience_ends_a_run_that_gets_no_better() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        TrainConfig { eval_steps: Some(1), early_stopping_patience: Some(2), ..config(4, 50, 3.0) };
    let checkpoints = Checkpoints::new(dir.path(), "base");
    let examples = tiny_examples();
    let trainer = Trainer::new(&examples, Objective::Supervised, &config)
        .evaluate_on(&examples)
        .save_to(&checkpoints);
    let mut watch = Watch::default();
    let outcome = trainer.run(&mut tiny(), "a", &mut watch).unwrap();
    assert_eq!(outcome.stop, StopReason::EarlyStopping);
    let improvements: Vec<bool> = watch.evaluations.iter().map(|&(_, best)| best).collect();
    assert!(improvements.ends_with(&[true, false, false]), "{improvements:?}");
    assert_eq!(outcome.best.unwrap().0 + 2, outcome.steps);
    assert!(outcome.steps < 50);
    // A resume does not run on.
    let found = checkpoints.latest().unwrap();
    let again = trainer.resume_from(found.checkpoint.as_ref()).run(&mut tiny(), "a", &mut go_on);
    assert_eq!(again.unwrap(), outcome);
}

#[test]
fn an_evaluation_is_the_loss_of_training_and_changes_nothing() {
    let examples = tiny_examples();
    let config = TrainConfig { eval_steps: Some(2), ..config(4, 4, 1e-2) };
    let (mut with, mut without) = (tiny(), tiny());
    let mut watch = Watch::default();
    Trainer::new(&examples, Objective::Supervised, &config)
        .evaluate_on(&examples)
        .run(&mut with, "a", &mut watch)
        .unwrap();
    let mut plain = Watch::default();
    let config = TrainConfig { eval_steps: None, ..config };
    Trainer::new(&examples, Objective::Supervised, &config)
        .run(&mut without, "a", &mut plain)
        .unwrap();
    assert_eq!(bits(&with, "a"), bits(&without, "a"));
    // The evaluation after step 2 is over the same data as step 3's loss.
    let (record, _) = &watch.evaluations[0];
    assert_eq!(record.step, 2);
    let (evaluated, next) = (record.get("eval_loss").unwrap(), watch.steps[2].get("loss").unwrap());
    assert!((evaluated - next).abs() < 1e-5, "{evaluated} {next}");
}

#[test]
fn settings_that_need_held_out_examples_are_refused_without() {
    let examples = tiny_examples();
    for config in [
        TrainConfig { eval_steps: Some(1), ..config(2, 2, 1e-2) },
        TrainConfig { early_stopping_patience: Some(1), ..config(2, 2, 1e-2) },
        TrainConfig { load_best_model_at_end: true, ..config(2, 2, 1e-2) },
    ] {
        let error = Trainer::new(&examples, Objective::Supervised, &config)
            .run(&mut tiny(), "a", &mut go_on)
            .unwrap_err();
        assert!(matches!(error, Error::Data(_)), "{error}");
    }
    let zero = TrainConfig { save_steps: Some(0), ..config(2, 2, 1e-2) };
    let error = Trainer::new(&examples, Objective::Supervised, &zero)
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(error.to_string().contains("save_steps"), "{error}");
    assert_eq!(total_steps(4, &zero), 2);
}
