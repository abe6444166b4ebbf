//! Which run a checkpoint is of, and what may change in its middle.

use std::fs;
use std::path::Path;

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::checkpoint::{Change, Checkpoints, STATE};
use idl::train::{Error, Example, Objective, Outcome, Result, TrainConfig, Trainer};
use tch::Kind;

use crate::support::{bits, config, go_on, tiny, tiny_dir, tiny_examples, tiny_preferences};
use crate::watch::{Watch, falling, numbers, saved_run, with_policy};

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 4);
    let checkpoint = checkpoints.latest().unwrap().checkpoint.unwrap();
    let examples = tiny_examples();
    let go =
        |examples: &[Example], config: &TrainConfig| -> Result<Outcome> {
            Trainer::new(examples, Objective::Supervised, config)
                .resume_from(Some(&checkpoint))
                .run(&mut tiny(), "a", &mut go_on)
        };
    // How often it is saved does not matter, what it computes does.
    let same = TrainConfig { save_steps: None, save_total_limit: Some(9), ..config(2, 4, 1e-2) };
    assert_eq!(go(&examples, &same).unwrap().steps, 4);
    // What differs is named, as it was and as it is.
    let refused = |result: Result<Outcome>, named: &[&str]| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Resume { .. }), "{error}");
        let text = error.to_string();
        assert!(named.iter().all(|named| text.contains(named)), "{text}");
    };
    refused(go(&examples, &config(3, 4, 1e-2)), &["batch_size: 2 -> 3"]);
    refused(go(&examples, &config(2, 4, 2e-2)), &["schedule.learning_rate: 0.01 -> 0.02"]);
    let two = TrainConfig { seed: 1, max_grad_norm: None, ..config(2, 4, 1e-2) };
    refused(go(&examples, &two), &["seed: 0 -> 1", "max_grad_norm: 1.0 -> null"]);
    refused(go(&examples[1..], &same), &["examples.count: 4 -> 3", "examples.sha256: "]);
    // A run that is shorter than what is done is none to go on with.
    refused(go(&examples, &config(2, 3, 1e-2)), &["it is of step 4, but this run has 3"]);

    // So does an adapter of the same shape and another scale, a base with other
    // weights, and another precision.
    let trainer = Trainer::new(&examples, Objective::Supervised, &same);
    let trainer = trainer.resume_from(Some(&checkpoint));
    trainer.check_resume(&tiny(), "a").unwrap();
    let mut scaled = tiny();
    let config = LoraConfig { alpha: 99.0, ..scaled.adapter_config("a").unwrap().clone() };
    scaled.add_adapter("a", &config, 0).unwrap();
    let other_base = tiny();
    let (_, mut first) = other_base.parameters().remove(0);
    let _ = first.f_add_scalar_(1.0).unwrap();
    let options = LoadOptions { kind: Kind::BFloat16, ..LoadOptions::default() };
    let mut half = CausalLm::from_dir(&tiny_dir(), options).unwrap();
    half.load_adapter("a", &tiny_dir().join("adapter")).unwrap();
    for (model, named) in [
        (scaled, "adapter.alpha: "),
        (other_base, "base.weights: "),
        (half, "base.precision: F32 -> BF16"),
    ] {
        let error = trainer.check_resume(&model, "a").unwrap_err();
        assert!(matches!(error, Error::Resume { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: None };
    let error = Trainer::new(&tiny_preferences(), objective, &same)
        .resume_from(Some(&checkpoint))
        .check_resume(&tiny(), "a")
        .unwrap_err();
    assert!(error.to_string().contains("objective: supervised -> preference"), "{error}");
}

/// Base weights whose sum is the same are others all the same.
#[test]
fn a_base_whose_weights_have_changed_places_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 2);
    let found = checkpoints.latest().unwrap();
    let model = tiny();
    let (_, first) = model.parameters().remove(0);
    let turned = first.flip([0]);
    tch::no_grad(|| first.shallow_clone().copy_(&turned));
    let (examples, config) = (tiny_examples(), config(2, 2, 1e-2));
    let trainer = Trainer::new(&examples, Objective::Supervised, &config);
    let error = trainer.resume_from(found.checkpoint.as_ref()).check_resume(&model, "a");
    assert!(matches!(error, Err(Error::Resume { .. })), "{error:?}");
}

#[test]
fn a_record_of_another_form_is_told_from_another_run() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 2);
    let path = dir.path().join("checkpoint-2").join(STATE);
    let mut state: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    state.as_object_mut().unwrap().remove("run").unwrap();
    state["fingerprint"] = "0123".into();
    fs::write(&path, state.to_string()).unwrap();
    let found = checkpoints.latest().unwrap();
    assert!(found.damaged.is_empty());
    let (examples, config) = (tiny_examples(), config(2, 2, 1e-2));
    let trainer = Trainer::new(&examples, Objective::Supervised, &config);
    let error = trainer
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(matches!(error, Error::ResumeVersion { found: 1, expected: 2, .. }), "{error}");
    assert!(error.to_string().contains("checkpoint-2"), "{error}");
}

#[test]
fn a_run_may_be_made_longer_and_its_rate_stays_where_it_ended() {
    let examples = tiny_examples();
    let go = |config: &TrainConfig, dir: &Path, watch: &mut Watch| {
        let checkpoints = Checkpoints::new(dir, "base");
        let found = checkpoints.latest().unwrap();
        let mut model = with_policy();
        Trainer::new(&examples, Objective::Supervised, config)
            .save_to(&checkpoints)
            .resume_from(found.checkpoint.as_ref())
            .run(&mut model, "policy", watch)
            .unwrap();
        bits(&model, "policy")
    };
    let rates = |watch: &Watch| -> Vec<f64> {
        watch.steps.iter().map(|r| r.get("learning_rate").unwrap()).collect()
    };
    let change = |setting: &str, old: serde_json::Value, new: serde_json::Value| Change {
        setting: setting.to_owned(),
        old,
        new,
    };
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());

    // In one go, the schedule named.
    let (mut whole, mut pieces) = (Watch::default(), Watch::default());
    let expected = go(&falling(8, Some(4)), dirs[0].path(), &mut whole);
    go(&falling(4, None), dirs[1].path(), &mut pieces);
    assert!(pieces.changes.is_empty());
    // And made longer, with other epochs and other saving.
    let longer = TrainConfig { epochs: 2_000, save_steps: Some(3), ..falling(8, None) };
    assert!(go(&longer, dirs[1].path(), &mut pieces) == expected);
    assert_eq!(numbers(&whole.steps), numbers(&pieces.steps));
    let [.., before, last, end] = rates(&pieces)[..] else { panic!() };
    assert_eq!([before, last, end].map(|r| (r * 1e6).round()), [1e3; 3]);
    assert_eq!(
        pieces.changes,
        [
            (4, change("epochs", 1_000.into(), 2_000.into())),
            (4, change("max_steps", 4.into(), 8.into())),
            (4, change("save_steps", serde_json::Value::Null, 3.into())),
        ]
    );
    assert_eq!(pieces.changes[1].1.to_string(), "max_steps: 4 -> 8");
    // It is still the schedule of four steps when it goes on again.
    let mut again = Watch::default();
    go(&falling(9, None), dirs[1].path(), &mut again);
    assert_eq!(rates(&again).len(), 1);
    assert_eq!(rates(&again)[0], end);

    // Another schedule is named, or the run keeps its own when it is cut short.
    let mut stretched = Watch { last: Some(4), ..Watch::default() };
    go(&falling(6, None), dirs[2].path(), &mut stretched);
    stretched.last = None;
    go(&falling(8, Some(8)), dirs[2].path(), &mut stretched);
    let eight = rates(&stretched)[4..].to_vec();
    let linear = |step: f64, of: f64| 1e-2 * (0.1 + 0.9 * (1.0 - step / of));
    for (step, rate) in eight.iter().enumerate() {
        assert!((rate - linear(4.0 + step as f64, 8.0)).abs() < 1e-12, "{eight:?}");
    }
    assert!(
        stretched
            .changes
            .contains(&(4, change("schedule.total_steps", serde_json::Value::Null, 8.into()))),
        "{:?}",
        stretched.changes
    );
    let none = TrainConfig { schedule: falling(1, Some(0)).schedule, ..falling(4, None) };
    let refused = Trainer::new(&examples, Objective::Supervised, &none).schedule().unwrap_err();
    assert!(refused.to_string().contains("total_steps"), "{refused}");
}

/// The lowest loss on other examples says nothing: it is looked for anew.
#[test]
fn evaluation_may_change_in_the_middle_of_a_run() {
    let examples = tiny_examples();
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "base");
    // What is learnt is easy, what is not is hard.
    let first = TrainConfig { eval_steps: Some(1), ..config(2, 3, 5e-2) };
    Trainer::new(&examples[2..], Objective::Supervised, &first)
        .evaluate_on(&examples[2..])
        .save_to(&checkpoints)
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap();
    let found = checkpoints.latest().unwrap();
    let before = found.checkpoint.as_ref().unwrap().state.best_metric.unwrap();
    let second = TrainConfig {
        eval_steps: Some(2),
        early_stopping_patience: Some(9),
        load_best_model_at_end: true,
        ..config(2, 6, 5e-2)
    };
    let mut watch = Watch::default();
    let outcome = Trainer::new(&examples[2..], Objective::Supervised, &second)
        .evaluate_on(&examples[..2])
        .save_to(&checkpoints)
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut watch)
        .unwrap();
    let losses: Vec<f64> =
        watch.evaluations.iter().map(|(r, _)| r.get("eval_loss").unwrap()).collect();
    assert!(losses.iter().all(|&loss| loss > before), "the test could not tell: {losses:?}");
    let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(outcome.best.map(|(_, loss)| loss), Some(lowest));
    let changed: Vec<&str> = watch.changes.iter().map(|(_, c)| c.setting.as_str()).collect();
    assert_eq!(
        changed,
        [
            "early_stopping_patience",
            "eval_steps",
            "held_out.sha256",
            "load_best_model_at_end",
            "max_steps"
        ]
    );
}

#[test]
fn a_model_of_another_shape_does_not_take_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 4);
    let checkpoint = checkpoints.latest().unwrap().checkpoint.unwrap();
    let mut model = tiny();
    model.add_adapter("wider", &LoraConfig::all_linear(16, 16.0), 0).unwrap();
    let before = bits(&model, "wider");
    let examples = tiny_examples();
    let error = Trainer::new(&examples, Objective::Supervised, &config(2, 4, 1e-2))
        .resume_from(Some(&checkpoint))
        .run(&mut model, "wider", &mut go_on)
        .unwrap_err();
    assert!(matches!(error, Error::Resume { .. }), "{error}");
    assert_eq!(bits(&model, "wider"), before);
    assert_eq!(model.adapter_names().collect::<Vec<_>>(), ["a", "wider"]);
}
