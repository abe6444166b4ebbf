//! Checkpoints: a run that is stopped anywhere and goes on is the run that was
//! not stopped, bit for bit; what is damaged is told and passed over.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::checkpoint::{Change, Checkpoint, Checkpoints, OPTIMIZER, STATE};
use idl::train::log::LogRecord;
use idl::train::schedule::{ScheduleConfig, SchedulerType};
use idl::train::{
    Callback, Error, Example, Objective, Outcome, Result, Step, StopReason, TrainConfig,
    TrainTarget, Trainer, total_steps,
};
use support::{bits, config, go_on, tiny, tiny_dir, tiny_examples, tiny_preferences};
use tch::{Kind, Tensor};

/// Everything a run reports; it can be told to end after some step.
#[derive(Default)]
struct Watch {
    last: Option<u64>,
    steps: Vec<LogRecord>,
    evaluations: Vec<(LogRecord, bool)>,
    saved: Vec<PathBuf>,
    changes: Vec<(u64, Change)>,
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        self.steps.push(step.record.clone());
        Ok(match self.last {
            Some(last) if step.record.step == last => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }

    fn on_evaluation(&mut self, record: &LogRecord, best: bool) -> Result<ControlFlow<()>> {
        self.evaluations.push((record.clone(), best));
        Ok(ControlFlow::Continue(()))
    }

    fn on_resume(&mut self, step: u64, _: f64, changes: &[Change]) -> Result<()> {
        self.changes.extend(changes.iter().map(|c| (step, c.clone())));
        Ok(())
    }

    fn on_save(&mut self, checkpoint: &Path) -> Result<()> {
        self.saved.push(checkpoint.to_owned());
        Ok(())
    }
}

/// What is computed, without clocks.
fn numbers(records: &[LogRecord]) -> Vec<(u64, Vec<Option<u64>>)> {
    let names = ["loss", "grad_norm", "learning_rate", "num_tokens", "rewards/margins"];
    records
        .iter()
        .map(|r| (r.step, names.iter().map(|n| r.get(n).map(f64::to_bits)).collect()))
        .collect()
}

fn names(checkpoints: &Checkpoints) -> Vec<u64> {
    checkpoints.list().unwrap().into_iter().map(|(step, _)| step).collect()
}

fn with_policy() -> CausalLm {
    let mut model = tiny();
    model.copy_adapter("a", "policy").unwrap();
    model
}

/// A run in one go, and one that is ended after each of `stops` and goes on in
/// a model loaded anew.
fn compare(
    prepare: fn() -> CausalLm,
    examples: &[Example],
    objective: Objective<'_>,
    config: &TrainConfig,
    stops: &[u64],
) {
    let mut model = prepare();
    let mut whole = Watch::default();
    let trainer = Trainer::new(examples, objective, config);
    trainer.run(&mut model, "policy", &mut whole).unwrap();

    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "base");
    let mut pieces = Watch::default();
    let mut resumed = prepare();
    for &last in stops.iter().chain([&u64::MAX]) {
        resumed = prepare();
        pieces.last = Some(last);
        let found = checkpoints.latest().unwrap();
        assert!(found.damaged.is_empty());
        let outcome = trainer
            .save_to(&checkpoints)
            .resume_from(found.checkpoint.as_ref())
            .run(&mut resumed, "policy", &mut pieces)
            .unwrap();
        let expected = if last == u64::MAX { StopReason::Finished } else { StopReason::Cancelled };
        assert_eq!(outcome.stop, expected);
    }
    assert_eq!(numbers(&whole.steps), numbers(&pieces.steps));
    assert_eq!(bits(&model, "policy"), bits(&resumed, "policy"));
}

#[test]
fn a_run_in_pieces_is_the_run_in_one_go_bit_for_bit() {
    // 4 examples in batches of 3: epochs end in the middle of pieces.
    let config = TrainConfig { seed: 5, ..config(3, 9, 1e-2) };
    compare(with_policy, &tiny_examples(), Objective::Supervised, &config, &[1, 4, 5]);
}

#[test]
fn so_it_is_with_dropout() {
    let prepare = || {
        let mut model = tiny();
        let config = LoraConfig { dropout: 0.5, ..LoraConfig::all_linear(4, 8.0) };
        model.add_adapter("policy", &config, 3).unwrap();
        model
    };
    let examples = tiny_examples();
    compare(prepare, &examples, Objective::Supervised, &config(2, 6, 1e-2), &[1, 2, 5]);

    // It does drop: over one example, whose order a seed cannot change, another
    // seed ends elsewhere with dropout only.
    let ends = |prepare: fn() -> CausalLm, seed| {
        let mut model = prepare();
        let config = TrainConfig { seed, ..config(1, 4, 1e-2) };
        Trainer::new(&examples[..1], Objective::Supervised, &config)
            .run(&mut model, "policy", &mut go_on)
            .unwrap();
        assert!(!model.is_training());
        bits(&model, "policy")
    };
    assert_eq!(ends(with_policy, 0), ends(with_policy, 1));
    assert_ne!(ends(prepare, 0), ends(prepare, 1));
}

#[test]
fn so_it_is_for_preferences_whose_reference_is_computed_again() {
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: Some("a") };
    compare(with_policy, &tiny_preferences(), objective, &config(2, 6, 1e-2), &[2, 5]);
}

/// The base in 16 bits: what is kept in 32 beside it must come back, too.
#[test]
fn all_parameters_resume_bit_for_bit_in_either_precision() {
    for kind in [Kind::Float, Kind::BFloat16] {
        let load = || {
            tch::set_num_threads(1);
            let options = LoadOptions { kind, ..LoadOptions::default() };
            CausalLm::from_dir(&tiny_dir(), options).unwrap()
        };
        let parameters = |model: &CausalLm| -> Vec<(String, Vec<u32>)> {
            let floats = |t: &Tensor| {
                Vec::<f32>::try_from(t.detach().to_kind(Kind::Float).flatten(0, -1)).unwrap()
            };
            let bits = |t| floats(t).iter().map(|x| x.to_bits()).collect();
            model.parameters().iter().map(|(name, t)| (name.clone(), bits(t))).collect()
        };
        let (examples, config) = (tiny_examples(), config(2, 6, 1e-4));
        let trainer = Trainer::new(&examples, Objective::Supervised, &config);
        let mut whole = load();
        let start = parameters(&whole);
        trainer.run(&mut whole, TrainTarget::Base, &mut go_on).unwrap();
        let end = parameters(&whole);
        let moved = start.iter().zip(&end).filter(|(a, b)| a != b).count();
        assert!(moved > start.len() / 2, "{kind:?}: {moved} of {}", start.len());

        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(dir.path(), "base");
        let mut watch = Watch { last: Some(4), ..Watch::default() };
        let trainer = trainer.save_to(&checkpoints);
        trainer.run(&mut load(), TrainTarget::Base, &mut watch).unwrap();
        let found = checkpoints.latest().unwrap();
        let mut resumed = load();
        trainer
            .resume_from(found.checkpoint.as_ref())
            .run(&mut resumed, TrainTarget::Base, &mut go_on)
            .unwrap();
        assert!(parameters(&resumed) == end, "{kind:?}");
        // A checkpoint of the base is a model.
        let options = LoadOptions { kind, ..LoadOptions::default() };
        let read = CausalLm::from_dir(&dir.path().join("checkpoint-6"), options).unwrap();
        assert!(parameters(&read) == end, "{kind:?}");
    }
}

/// The first steps of a run with a checkpoint every 2 steps.
fn saved_steps(dir: &Path, steps: u64, total: u64) -> (CausalLm, Checkpoints) {
    let mut model = tiny();
    let config = TrainConfig { save_steps: Some(2), ..config(2, total, 1e-2) };
    let checkpoints = Checkpoints::new(dir, "base");
    let mut watch = Watch { last: Some(steps), ..Watch::default() };
    Trainer::new(&tiny_examples(), Objective::Supervised, &config)
        .save_to(&checkpoints)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    (model, checkpoints)
}

/// A whole run with a checkpoint every 2 steps.
fn saved_run(dir: &Path, steps: u64) -> (CausalLm, Checkpoints) {
    saved_steps(dir, steps, steps)
}

#[test]
fn a_checkpoint_is_an_adapter_that_loads() {
    let dir = tempfile::tempdir().unwrap();
    let (model, checkpoints) = saved_run(dir.path(), 5);
    assert_eq!(names(&checkpoints), [2, 4, 5]);
    let mut read = tiny();
    read.load_adapter("read", &dir.path().join("checkpoint-5")).unwrap();
    assert_eq!(bits(&read, "read"), bits(&model, "a"));

    let latest = checkpoints.latest().unwrap().checkpoint.unwrap();
    assert_eq!(latest.state.global_step, 5);
    assert_eq!(latest.state.max_steps, 5);
    assert_eq!(latest.state.epoch, 2.5);
}

#[test]
fn damaged_checkpoints_are_told_and_the_one_before_is_used() {
    type Damage = fn(&Path);
    let damages: [(Damage, &str); 5] = [
        (|dir| fs::remove_file(dir.join(OPTIMIZER)).unwrap(), OPTIMIZER),
        (
            |dir| {
                let path = dir.join("adapter_model.safetensors");
                let mut bytes = fs::read(&path).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(&path, bytes).unwrap();
            },
            "adapter_model.safetensors: is not what was written",
        ),
        (
            |dir| {
                let path = dir.join(OPTIMIZER);
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            },
            "bytes, expected",
        ),
        (|dir| fs::write(dir.join(STATE), "{\"global_step\": 4").unwrap(), STATE),
        (
            |dir| {
                let path = dir.join(STATE);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace(OPTIMIZER, "../../elsewhere")).unwrap();
            },
            OPTIMIZER,
        ),
    ];
    for (damage, named) in damages {
        let dir = tempfile::tempdir().unwrap();
        let (_, checkpoints) = saved_run(dir.path(), 4);
        damage(&dir.path().join("checkpoint-4"));
        let latest = checkpoints.latest().unwrap();
        assert_eq!(latest.checkpoint.unwrap().state.global_step, 2);
        let [error] = &latest.damaged[..] else { panic!("{:?}", latest.damaged) };
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
        assert!(error.to_string().contains("checkpoint-4"), "{error}");
    }
}

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

/// A run over a falling rate.
fn falling(steps: u64, total_steps: Option<u64>) -> TrainConfig {
    let config = config(2, steps, 1e-2);
    let schedule = ScheduleConfig {
        lr_scheduler_type: SchedulerType::Linear,
        min_lr_ratio: 0.1,
        total_steps,
        ..config.schedule
    };
    TrainConfig { schedule, ..config }
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
fn a_folder_with_checkpoints_is_not_silently_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 2);
    let error = Trainer::new(&tiny_examples(), Objective::Supervised, &config(2, 2, 1e-2))
        .save_to(&checkpoints)
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(error.to_string().contains("checkpoint-2"), "{error}");
}

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
fn no_limit_removes_what_a_run_may_go_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_run(dir.path(), 6);
    // The newest is damaged: the run goes on from 4, and what it saves is not
    // the oldest of two.
    fs::remove_file(dir.path().join("checkpoint-6").join(OPTIMIZER)).unwrap();
    let found = checkpoints.latest().unwrap();
    assert_eq!(found.checkpoint.as_ref().unwrap().state.global_step, 4);
    let config =
        TrainConfig { save_steps: Some(1), save_total_limit: Some(1), ..config(2, 6, 1e-2) };
    let mut watch = Watch { last: Some(5), ..Watch::default() };
    Trainer::new(&tiny_examples(), Objective::Supervised, &config)
        .save_to(&checkpoints)
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut watch)
        .unwrap();
    assert_eq!(names(&checkpoints), [5, 6]);
    assert_eq!(checkpoints.latest().unwrap().checkpoint.unwrap().state.global_step, 5);
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

#[test]
fn old_checkpoints_go_but_the_best_stays() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = tiny();
    // What is learnt does not help what is held out, at such a rate even less.
    let config = TrainConfig {
        save_steps: Some(1),
        eval_steps: Some(1),
        save_total_limit: Some(2),
        load_best_model_at_end: true,
        ..config(2, 6, 0.5)
    };
    let checkpoints = Checkpoints::new(dir.path(), "base");
    let examples = tiny_examples();
    let mut watch = Watch::default();
    let outcome = Trainer::new(&examples[2..], Objective::Supervised, &config)
        .evaluate_on(&examples[..2])
        .save_to(&checkpoints)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    let (best, loss) = outcome.best.unwrap();
    let lowest = watch
        .evaluations
        .iter()
        .min_by(|(a, _), (b, _)| a.get("eval_loss").partial_cmp(&b.get("eval_loss")).unwrap())
        .unwrap();
    assert_eq!((best, Some(loss)), (lowest.0.step, lowest.0.get("eval_loss")));
    assert!(best < 5, "the test needs a best step that would be pruned: {best}");
    assert_eq!(names(&checkpoints), [best, 5, 6]);
    // The best parameters are back in the model.
    let mut read = tiny();
    read.load_adapter("best", &dir.path().join(format!("checkpoint-{best}"))).unwrap();
    assert_eq!(bits(&model, "a"), bits(&read, "best"));
    // And they are found again by a run that has nothing left to do.
    let found = checkpoints.latest().unwrap();
    let mut again = tiny();
    let resumed = Trainer::new(&examples[2..], Objective::Supervised, &config)
        .evaluate_on(&examples[..2])
        .resume_from(found.checkpoint.as_ref())
        .run(&mut again, "a", &mut go_on)
        .unwrap();
    assert_eq!(resumed, outcome);
    assert_eq!(bits(&again, "a"), bits(&model, "a"));
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
fn a_checkpoint_that_cannot_be_written_leaves_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (_, checkpoints) = saved_steps(dir.path(), 2, 4);
    // A file where the next folder should be made stands for a disk that
    // refuses.
    fs::write(dir.path().join(format!(".checkpoint-4.{}.tmp", std::process::id())), "").unwrap();
    let config = TrainConfig { save_steps: Some(2), ..config(2, 4, 1e-2) };
    let examples = tiny_examples();
    let trainer = Trainer::new(&examples, Objective::Supervised, &config).save_to(&checkpoints);
    let found = checkpoints.latest().unwrap();
    let error = trainer
        .resume_from(found.checkpoint.as_ref())
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let latest = checkpoints.latest().unwrap();
    assert!(latest.damaged.is_empty());
    assert_eq!(latest.checkpoint.unwrap().state.global_step, 2);
}

#[test]
fn what_a_killed_save_has_left_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let left = [".checkpoint-2.1.tmp", "..checkpoint-2.1.tmp.new"].map(|n| dir.path().join(n));
    for left in &left {
        fs::create_dir_all(left).unwrap();
        fs::write(left.join("adapter_model.safetensors"), "half").unwrap();
    }
    let (_, checkpoints) = saved_run(dir.path(), 2);
    assert!(!left.iter().any(|left| left.exists()));
    assert_eq!(names(&checkpoints), [2]);
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

#[test]
fn an_open_checkpoint_says_where_the_run_stood() {
    let dir = tempfile::tempdir().unwrap();
    saved_run(dir.path(), 2);
    let checkpoint = Checkpoint::open(dir.path().join("checkpoint-2")).unwrap();
    let tokens: usize = tiny_examples().iter().map(|e| e.tree.tokens()).sum();
    assert_eq!(checkpoint.state.num_tokens, tokens as u64);
    assert!(checkpoint.state.files.contains_key("adapter_config.json"));
}
