//! The reference's log-probabilities, computed in advance and kept on the disk.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::CausalLm;
use idl::train::checkpoint::Checkpoints;
use idl::train::log::{LogRecord, metric};
use idl::train::{
    Callback, Error, Example, Objective, Outcome, Result, Step, StopReason, TrainConfig,
    TrainTarget, Trainer, preference_logprobs,
};
use tch::{Kind, Tensor};

use crate::support::{bits, config, tiny, tiny_examples, tiny_preferences, without_criterion};

/// What a run reports; it can be told to end before its first step.
#[derive(Default)]
struct Watch {
    log: Vec<LogRecord>,
    computed: usize,
    cancel: bool,
    last: Option<u64>,
}

impl Callback for Watch {
    fn on_step(&mut self, step: &Step<'_>) -> Result<ControlFlow<()>> {
        self.log.push(step.record.clone());
        let last = self.last == Some(step.record.step);
        Ok(if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn on_reference(&mut self, done: usize, total: usize) -> Result<ControlFlow<()>> {
        assert!(done <= total);
        self.computed += 1;
        Ok(if self.cancel { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

struct Run {
    watch: Watch,
    outcome: Outcome,
    factors: Vec<(String, Vec<u32>)>,
}

fn preferences(
    prepare: fn() -> CausalLm,
    examples: &[Example],
    precompute: bool,
    cache: Option<&Path>,
    mut watch: Watch,
) -> Run {
    let ranked = examples.iter().all(Example::has_criterion);
    let loss = if ranked { Loss::default() } else { Loss::Dpo { beta: 0.1 } };
    let loss = PreferenceLoss::try_from(loss).unwrap();
    let objective = Objective::Preference { loss: &loss, reference: Some("a") };
    let config = TrainConfig { precompute_reference: precompute, ..config(2, 6, 1e-2) };
    let mut trainer = Trainer::new(examples, objective, &config).evaluate_on(&examples[..2]);
    if let Some(dir) = cache {
        trainer = trainer.cache_references(dir);
    }
    let mut model = prepare();
    let outcome = trainer.run(&mut model, "policy", &mut watch).unwrap();
    Run { watch, outcome, factors: bits(&model, "policy") }
}

fn policy() -> CausalLm {
    let mut model = tiny();
    model.copy_adapter("a", "policy").unwrap();
    model
}

/// The reference another, the policy the same.
fn other_reference() -> CausalLm {
    let model = policy();
    let (_, factor) = model.adapter_parameters("a").unwrap().remove(0);
    let _ = factor.shallow_clone().g_add_scalar_(0.01);
    model
}

fn files(dir: &Path) -> Vec<String> {
    let name = |e: std::io::Result<fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(name).collect();
    names.sort();
    names
}

#[test]
fn the_losses_are_those_of_references_computed_on_the_fly() {
    let whole = tiny_preferences();
    let pairs: Vec<Example> = whole.iter().map(without_criterion).collect();
    let mixed = vec![whole[0].clone(), pairs[1].clone(), whole[2].clone(), pairs[3].clone()];
    for examples in [whole, pairs, mixed] {
        assert_references_on_the_fly(&examples);
    }
}

fn assert_references_on_the_fly(examples: &[Example]) {
    let n = examples.len() + 2;
    let plain = preferences(policy, examples, false, None, Watch::default());
    assert_eq!(plain.watch.computed, 0);
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("made/when/needed");
    let memory = preferences(policy, examples, true, None, Watch::default());
    let written = preferences(policy, examples, true, Some(&cache), Watch::default());
    let read = preferences(policy, examples, true, Some(&cache), Watch::default());
    let counts = [&memory, &written, &read].map(|run| run.watch.computed);
    assert_eq!(counts, [n, n, 0], "training and held-out examples; read the second time");
    for run in [&memory, &written, &read] {
        assert_eq!(run.factors, plain.factors);
        for (a, b) in plain.watch.log.iter().zip(&run.watch.log) {
            for name in [metric::LOSS, metric::REWARDS_MARGINS, metric::REWARDS_CRITERION] {
                let [a, b] = [a, b].map(|r| r.get(name));
                let same = a.zip(b).map_or(a == b, |(a, b)| (a - b).abs() < 1e-6);
                assert!(same, "{name}: {a:?} {b:?}");
            }
        }
    }
    // One file for each set of examples, and nothing half-written beside them.
    let names = files(&cache);
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|n| n.starts_with("references-") && n.ends_with(".safetensors")));
}

#[test]
fn another_reference_or_other_examples_are_another_file() {
    let (examples, dir) = (tiny_preferences(), tempfile::tempdir().unwrap());
    let run = |prepare, examples: &[Example]| {
        preferences(prepare, examples, true, Some(dir.path()), Watch::default())
    };
    run(policy, &examples);
    let before = files(dir.path());
    let other = run(other_reference, &examples);
    assert_eq!(other.watch.computed, examples.len() + 2);
    let fresh = preferences(other_reference, &examples, false, None, Watch::default());
    assert_eq!(other.factors, fresh.factors);
    let fewer = run(policy, &examples[..3]);
    assert_eq!(fewer.watch.computed, 3, "the held-out ones are the same");
    assert_eq!(files(dir.path()).len(), before.len() + 3);
    assert_eq!(run(policy, &examples).watch.computed, 0, "the first are still there");
}

#[test]
fn what_is_damaged_or_half_written_is_not_used() {
    let (examples, dir) = (tiny_preferences(), tempfile::tempdir().unwrap());
    let run = |watch| preferences(policy, &examples, true, Some(dir.path()), watch);
    let whole = run(Watch::default());
    for damage in [
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 4),
        |bytes: &mut Vec<u8>| bytes.clear(),
        // NaN as the last number.
        |bytes: &mut Vec<u8>| {
            bytes.splice(bytes.len() - 4.., f32::NAN.to_le_bytes()).for_each(drop);
        },
    ] {
        for name in files(dir.path()) {
            let path = dir.path().join(name);
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
        }
        let again = run(Watch::default());
        assert_eq!(again.watch.computed, examples.len() + 2);
        assert_eq!(again.factors, whole.factors);
        assert_eq!(run(Watch::default()).watch.computed, 0, "written again");
    }
    // Ended half-way: nothing is left that could be taken for all.
    for name in files(dir.path()) {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    let cancelled = run(Watch { cancel: true, ..Watch::default() });
    assert_eq!((cancelled.outcome.stop, cancelled.outcome.steps), (StopReason::Cancelled, 0));
    assert!(files(dir.path()).is_empty());
}

#[test]
fn it_is_refused_where_nothing_is_compared() {
    let simpo = PreferenceLoss::try_from(Loss::Simpo { beta: 2.0, gamma: 1.0 }).unwrap();
    let config = TrainConfig { precompute_reference: true, ..config(2, 2, 1e-3) };
    let free = Objective::Preference { loss: &simpo, reference: None };
    for (objective, examples) in
        [(Objective::Supervised, tiny_examples()), (free, tiny_preferences())]
    {
        let run = Trainer::new(&examples, objective, &config).run(
            &mut tiny(),
            "a",
            &mut Watch::default(),
        );
        assert!(run.unwrap_err().to_string().contains("precompute_reference"));
    }
}

/// All parameters of the base, bit for bit.
fn base_bits(model: &CausalLm) -> Vec<Vec<u32>> {
    let floats = |t: &Tensor| Vec::<f32>::try_from(t.detach().flatten(0, -1)).unwrap();
    let parameters = model.parameters();
    parameters.iter().map(|(_, t)| floats(t).iter().map(|x| x.to_bits()).collect()).collect()
}

/// An adapter is as good a reference as what it stands on.
#[test]
fn a_reference_that_moves_with_the_base_is_refused_before_the_first_step() {
    let examples = tiny_preferences();
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let mut model = tiny();
    let before = (base_bits(&model), bits(&model, "a"));
    for (reference, named) in [(Some("a"), "\"a\""), (None, "the base")] {
        let objective = Objective::Preference { loss: &loss, reference };
        let config = config(2, 2, 1e-2);
        let error = Trainer::new(&examples, objective, &config)
            .run(&mut model, TrainTarget::Base, &mut Watch::default())
            .unwrap_err();
        assert!(matches!(error, Error::MovingReference { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    assert_eq!((base_bits(&model), bits(&model, "a")), before);
    // A loss that compares with nothing has no reference that could move.
    let simpo = PreferenceLoss::try_from(Loss::Simpo { beta: 2.0, gamma: 1.0 }).unwrap();
    for reference in [Some("a"), None] {
        let objective = Objective::Preference { loss: &simpo, reference };
        Trainer::new(&examples, objective, &config(2, 1, 1e-2))
            .run(&mut model, TrainTarget::Base, &mut Watch::default())
            .unwrap();
    }
}

/// What was said before the first step stays said, also where the run goes on
/// in a base that has moved.
#[test]
fn the_base_can_be_trained_against_what_was_said_before_it_moved() {
    let examples = tiny_preferences();
    let dpo = PreferenceLoss::try_from(Loss::Dpo { beta: 0.5 }).unwrap();
    let config = TrainConfig { precompute_reference: true, ..config(4, 6, 1e-3) };
    for reference in [None, Some("a")] {
        let objective = Objective::Preference { loss: &dpo, reference };
        let trainer = Trainer::new(&examples, objective, &config).evaluate_on(&examples[..2]);
        let (mut whole, mut log) = (tiny(), Watch::default());
        trainer.run(&mut whole, TrainTarget::Base, &mut log).unwrap();

        // By hand: the rewards are those against an untouched model.
        let said = |model: &mut CausalLm, active: Option<&str>| -> f64 {
            model.set_active(active).unwrap();
            let sum = tch::no_grad(|| {
                let of = |e| preference_logprobs(model, e).unwrap().chosen.sum(Kind::Double);
                examples.iter().map(|e| of(e).double_value(&[])).sum::<f64>()
            });
            model.set_active(None).unwrap();
            sum
        };
        let replies: usize = examples.iter().map(|e| e.alternatives.len()).sum();
        let untouched = said(&mut tiny(), reference);
        let mut five = tiny();
        let shorter = TrainConfig { max_steps: Some(5), ..config.clone() };
        Trainer::new(&examples, objective, &shorter)
            .run(&mut five, TrainTarget::Base, &mut Watch::default())
            .unwrap();
        let expected = 0.5 * (said(&mut five, None) - untouched) / replies as f64;
        let logged = log.log[5].get(metric::REWARDS_CHOSEN).unwrap();
        assert!(expected.abs() > 1e-3, "the test could not tell: {expected}");
        assert!((logged - expected).abs() < 1e-3 * expected.abs(), "{logged} {expected}");

        for cache in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let cached = dir.path().join("references");
            let checkpoints = Checkpoints::new(dir.path(), "base");
            let mut resumed = tiny();
            let mut computed = Vec::new();
            for last in [2, 4, u64::MAX] {
                resumed = tiny();
                let found = checkpoints.latest().unwrap();
                let mut piece = trainer.save_to(&checkpoints);
                if cache {
                    piece = piece.cache_references(&cached);
                }
                let mut watch = Watch { last: Some(last), ..Watch::default() };
                piece
                    .resume_from(found.checkpoint.as_ref())
                    .run(&mut resumed, TrainTarget::Base, &mut watch)
                    .unwrap();
                computed.push(watch.computed);
            }
            let all = examples.len() + 2;
            assert_eq!(computed, if cache { [all, 0, 0] } else { [all; 3] });
            assert!(base_bits(&resumed) == base_bits(&whole), "{reference:?}");
        }
    }
}
