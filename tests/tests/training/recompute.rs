//! Layers that are computed again for their gradient: the same gradient.

use idl::dpoc_loss::{Loss, PreferenceLoss};
use idl::lm::{CausalLm, LoadOptions, LoraConfig};
use idl::train::log::{LogRecord, metric};
use idl::train::{Example, Objective, TrainConfig, TrainTarget, Trainer};
use tch::{Kind, Tensor};

use crate::data::{run, supervised_examples, value};
use crate::support::{
    bits, config, first_gradients, go_on, mini_llama, tiny, tiny_dir, tiny_examples,
    tiny_preferences,
};

fn recomputing(config: &TrainConfig) -> TrainConfig {
    TrainConfig { activation_checkpointing: true, ..config.clone() }
}

/// Without clocks.
fn computed(log: &[LogRecord]) -> Vec<[u64; 2]> {
    let value = |r: &LogRecord, name| value(r, name).to_bits();
    log.iter().map(|r| [value(r, metric::LOSS), value(r, metric::GRAD_NORM)]).collect()
}

/// Steps that accumulate over several examples: spans, branches, bare trunks.
#[test]
fn an_adapter_gets_the_same_gradients_bit_for_bit() {
    let loss = PreferenceLoss::try_from(Loss::default()).unwrap();
    let preference = Objective::Preference { loss: &loss, reference: None };
    for (objective, examples) in
        [(Objective::Supervised, tiny_examples()), (preference, tiny_preferences())]
    {
        let trained = |config: &TrainConfig| {
            let mut model = tiny();
            let log = run(&mut model, "a", &examples, objective, config);
            (computed(&log), bits(&model, "a"))
        };
        let config = config(3, 6, 1e-2);
        assert_eq!(trained(&config), trained(&recomputing(&config)), "{objective:?}");
    }
}

#[test]
fn so_does_an_adapter_of_a_few_layers_of_the_embedded_model() {
    // Nothing is trained below layer 2, and nothing of layers 3 and 4.
    let lora = LoraConfig {
        target_modules: [2, 5].map(|n| format!("layers.{n}.self_attn.q_proj")).to_vec(),
        ..LoraConfig::all_linear(4, 8.0)
    };
    let trained = |config: &TrainConfig| {
        let (mut model, tokenizer) = mini_llama();
        model.add_adapter("a", &lora, 1).unwrap();
        let examples = supervised_examples(&tokenizer);
        let log = run(&mut model, "a", &examples[..2], Objective::Supervised, config);
        (computed(&log), bits(&model, "a"))
    };
    let config = config(2, 2, 1e-2);
    assert_eq!(trained(&config), trained(&recomputing(&config)));
}

/// All parameters, in both precisions. A head that is the embedding, too, adds
/// up in another order.
#[test]
fn all_parameters_get_the_same_gradients() {
    for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::BFloat16, 1e-2)] {
        for dir in ["full_untied", "grouped_tied"] {
            let dir = tiny_dir().with_file_name(dir);
            let gradients = |config: &TrainConfig| -> Vec<Tensor> {
                tch::set_num_threads(1);
                let options = LoadOptions { kind, ..LoadOptions::default() };
                let mut model = CausalLm::from_dir(&dir, options).unwrap();
                let all = first_gradients(&mut model, TrainTarget::Base, &tiny_examples(), config);
                all.into_values().map(|gradient| gradient.to_kind(Kind::Double)).collect()
            };
            let config = config(4, 1, 1e-6);
            let (plain, again) = (gradients(&config), gradients(&recomputing(&config)));
            for (plain, again) in plain.iter().zip(&again) {
                let size = plain.abs().max().double_value(&[]);
                let error = (plain - again).abs().max().double_value(&[]);
                assert!(size > 0.0 && error <= tolerance * size, "{kind:?}: {error} of {size}");
            }
        }
    }
}

/// The loss is a function of the parameters only while the same components are
/// dropped: then the gradient is its slope.
#[test]
fn dropout_drops_the_same_when_a_layer_is_computed_again() {
    let mut model = tiny();
    let lora = LoraConfig { dropout: 0.5, ..model.adapter_config("a").unwrap().clone() };
    let factors = model.adapter_parameters("a").unwrap();
    model.add_adapter("drops", &lora, 0).unwrap();
    let parameters = model.adapter_parameters("drops").unwrap();
    for ((_, to), (_, from)) in parameters.iter().zip(&factors) {
        tch::no_grad(|| to.shallow_clone().copy_(from));
        let _ = to.set_requires_grad(true);
    }
    model.set_active(Some("drops")).unwrap();
    let example = &tiny_examples()[1];
    let loss = |model: &mut CausalLm| {
        model.train(7);
        let (scored, rest) = example.tree.logprobs_recomputing(model).unwrap();
        (-Tensor::cat(&scored.spans, 0).sum(Kind::Double), rest)
    };
    let (start, rest) = loss(&mut model);
    start.backward();
    rest.backward(&model).unwrap();
    assert_eq!(loss(&mut model).0.double_value(&[]), start.double_value(&[]), "one draw");
    model.train(8);
    let other = example.tree.logprobs_recomputing(&model).unwrap().0;
    let other = -Tensor::cat(&other.spans, 0).sum(Kind::Double).double_value(&[]);
    assert!((other - start.double_value(&[])).abs() > 1e-3, "another draw");

    // Along the gradient the loss rises by its length.
    let gradients: Vec<Tensor> = parameters.iter().map(|(_, p)| p.grad().copy()).collect();
    let square: f64 =
        gradients.iter().map(|g| g.square().sum(Kind::Double).double_value(&[])).sum();
    let h = 1e-2 / square.sqrt();
    let mut shifted = |by: f64| {
        let shift = |by: f64| {
            tch::no_grad(|| {
                for ((_, p), g) in parameters.iter().zip(&gradients) {
                    let _ = p.shallow_clone().g_add_(&(g * by));
                }
            });
        };
        shift(by);
        let value = loss(&mut model).0.double_value(&[]);
        shift(-by);
        value
    };
    let slope = (shifted(h) - shifted(-h)) / (2.0 * h);
    assert!((slope - square).abs() < 1e-2 * square, "{slope} {square}");
}

/// A run may change its mind where no bit depends on it: out of memory is found
/// out late.
#[test]
fn it_may_be_switched_on_in_the_middle_of_a_run() {
    let (examples, dir) = (tiny_examples(), tempfile::tempdir().unwrap());
    let checkpoints = idl::train::checkpoint::Checkpoints::new(dir.path(), "base");
    let plain = TrainConfig { save_steps: Some(2), ..config(2, 4, 1e-2) };
    Trainer::new(&examples, Objective::Supervised, &plain)
        .save_to(&checkpoints)
        .run(&mut tiny(), "a", &mut go_on)
        .unwrap();
    let found = checkpoints.latest().unwrap();
    let resume = |model: &CausalLm, trained: TrainTarget<'_>| {
        Trainer::new(&examples, Objective::Supervised, &recomputing(&plain))
            .resume_from(found.checkpoint.as_ref())
            .check_resume(model, trained)
    };
    resume(&tiny(), "a".into()).unwrap();
    assert!(resume(&tiny(), TrainTarget::Base).is_err());
}

#[test]
fn the_setting_has_trls_name_too() {
    let config: TrainConfig = serde_json::from_str(
        r#"{"gradient_checkpointing": true, "precompute_ref_log_probs": true}"#,
    )
    .unwrap();
    assert!(config.activation_checkpointing && config.precompute_reference);
    let examples: [Example; 0] = [];
    let error =
        Trainer::new(&examples, Objective::Supervised, &config).run(&mut tiny(), "a", &mut go_on);
    assert!(error.is_err());
}
