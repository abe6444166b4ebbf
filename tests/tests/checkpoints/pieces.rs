//! A run in pieces is the run in one go.

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::checkpoint::Checkpoints;
use idl::train::{Example, Objective, StopReason, TrainConfig, TrainTarget, Trainer};
use tch::{Kind, Tensor};

use crate::support::{bits, config, go_on, tiny, tiny_dir, tiny_examples, tiny_preferences};
use crate::watch::{Watch, numbers, with_policy};

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
