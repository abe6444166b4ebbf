//! AdamW and clipping against PyTorch's, and state that survives exactly.

use std::collections::BTreeMap;

use idl_train::Error;
use idl_train::optim::{AdamW, AdamWConfig, clip_grad_norm};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Values {
    matrix: Option<Vec<Vec<f32>>>,
    vector: Option<Vec<f32>>,
}

impl Values {
    fn tensors(&self) -> BTreeMap<&'static str, Tensor> {
        let mut tensors = BTreeMap::new();
        if let Some(rows) = &self.matrix {
            tensors.insert("matrix", Tensor::from_slice2(rows));
        }
        if let Some(values) = &self.vector {
            tensors.insert("vector", Tensor::from_slice(values));
        }
        tensors
    }
}

#[derive(Deserialize)]
struct Step {
    lr: f64,
    grads: Values,
    norm: Option<f64>,
    params: Values,
}

#[derive(Deserialize)]
struct Run {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    max_norm: Option<f64>,
    start: Values,
    steps: Vec<Step>,
}

/// Makes `grad` the gradient of `param` (and of nothing else).
fn set_grad(param: &Tensor, grad: &Tensor) {
    (param * grad).sum(Kind::Float).backward();
}

fn leaf(values: &[f32]) -> Tensor {
    Tensor::from_slice(values).set_requires_grad(true)
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let flat = tensor.detach().to_kind(Kind::Float).flatten(0, -1);
    Vec::<f32>::try_from(flat).unwrap().into_iter().map(f32::to_bits).collect()
}

#[test]
fn updates_and_norms_equal_pytorchs() {
    let runs: Vec<Run> = serde_json::from_str(include_str!("../data/adamw.json")).unwrap();
    for run in runs {
        assert!(run.steps.len() >= 10);
        let params = run.start.tensors().into_iter();
        let params: Vec<_> =
            params.map(|(name, t)| (name.to_owned(), t.set_requires_grad(true))).collect();
        let config = AdamWConfig {
            beta1: run.beta1,
            beta2: run.beta2,
            epsilon: run.epsilon,
            weight_decay: run.weight_decay,
            decay_vectors: true,
        };
        // PyTorch's parameter without a gradient has no state yet; here the
        // gradient of a tensor stays once it was there. A second optimiser of
        // the same tensors steps alone where the vector sits out.
        let share = |keep: &dyn Fn(&str) -> bool| -> Vec<(String, Tensor)> {
            let kept = params.iter().filter(|(name, _)| keep(name));
            kept.map(|(name, t)| (name.clone(), t.shallow_clone())).collect()
        };
        let mut matrix = AdamW::new(share(&|name| name == "matrix"), config).unwrap();
        let mut vector = AdamW::new(share(&|name| name == "vector"), config).unwrap();
        for (i, step) in run.steps.iter().enumerate() {
            matrix.zero_grad().unwrap();
            vector.zero_grad().unwrap();
            let grads = step.grads.tensors();
            for (name, param) in &params {
                if let Some(grad) = grads.get(name.as_str()) {
                    set_grad(param, grad);
                }
            }
            let norm = clip_grad_norm(&params, run.max_norm).unwrap();
            if let Some(expected) = step.norm {
                assert!((norm - expected).abs() <= 1e-6 * expected, "step {i}: {norm} {expected}");
            }
            matrix.step(step.lr).unwrap();
            if grads.contains_key("vector") {
                vector.step(step.lr).unwrap();
            }
            for ((name, param), expected) in params.iter().zip(step.params.tensors().values()) {
                let off = (param - expected).abs().max().double_value(&[]);
                assert!(off < 1e-6, "step {i}, {name}: off by {off:e}");
            }
        }
        assert_eq!((matrix.steps(), vector.steps()), (15, 13));
    }
}

/// 2k steps = k steps, save, load into new tensors, k steps, bit for bit.
fn resumes_exactly(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optimizer.safetensors");
    let start = [[0.5f32, -1.25, 3.0], [-0.75, 2.0, 0.01]];
    let fresh = || {
        let tensor =
            |values: &[f32]| Tensor::from_slice(values).to_kind(kind).set_requires_grad(true);
        vec![("a".to_owned(), tensor(&start[0])), ("b".to_owned(), tensor(&start[1]))]
    };
    let config = AdamWConfig { weight_decay: 0.1, ..Default::default() };
    let train = |adamw: &mut AdamW, steps: std::ops::Range<i64>| {
        for step in steps {
            adamw.zero_grad().unwrap();
            let loss: Tensor = adamw
                .params()
                .iter()
                .map(|(_, p)| ((p - 0.3) * (step as f64 + 1.0).sin()).square().sum(Kind::Float))
                .sum();
            loss.backward();
            adamw.step(1e-3).unwrap();
        }
    };
    let mut through = AdamW::new(fresh(), config).unwrap();
    train(&mut through, 0..14);

    let mut first = AdamW::new(fresh(), config).unwrap();
    train(&mut first, 0..7);
    first.save(&path).unwrap();
    let params = first.params().iter();
    let params =
        params.map(|(name, p)| (name.clone(), p.detach().copy().set_requires_grad(true))).collect();
    let mut second = AdamW::new(params, config).unwrap();
    second.load(&path).unwrap();
    assert_eq!(second.steps(), 7);
    train(&mut second, 7..14);

    for ((_, expected), (name, found)) in through.params().iter().zip(second.params()) {
        assert_eq!(found.kind(), kind);
        assert_eq!(bits(found), bits(expected), "{name}");
    }
    // The state as well: saved again, it is the same file.
    let again = folder.path().join("again.safetensors");
    through.save(&path).unwrap();
    second.save(&again).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
}

#[test]
fn a_resumed_run_is_the_same_bit_for_bit() {
    resumes_exactly(Kind::Float);
    resumes_exactly(Kind::BFloat16);
}

/// 1 - 1e-4 is no bf16 number (the spacing below 1 is 2^-8), yet steps add up.
#[test]
fn steps_too_small_for_bf16_are_not_lost() {
    let x = Tensor::from_slice(&[1.0f32]).to_kind(Kind::BFloat16).set_requires_grad(true);
    let params = vec![("x".to_owned(), x.shallow_clone())];
    let mut adamw = AdamW::new(params, AdamWConfig::default()).unwrap();
    for _ in 0..100 {
        adamw.zero_grad().unwrap();
        x.sum(Kind::Float).backward();
        adamw.step(1e-4).unwrap();
    }
    // Adam's steps have the size of the learning rate: 1 - 100 * 1e-4.
    assert!((x.double_value(&[0]) - 0.99).abs() < 0.004);
}

#[test]
fn a_parameter_without_a_gradient_is_left_alone() {
    let (x, y) = (leaf(&[1.0]), leaf(&[1.0]));
    let params = vec![("x".to_owned(), x.shallow_clone()), ("y".to_owned(), y.shallow_clone())];
    let config = AdamWConfig { weight_decay: 0.5, ..Default::default() };
    let mut adamw = AdamW::new(params, config).unwrap();
    set_grad(&x, &Tensor::from_slice(&[1.0f32]));
    adamw.step(0.1).unwrap();
    assert!(x.double_value(&[0]) < 1.0);
    assert_eq!(y.double_value(&[0]), 1.0);
}

#[test]
fn vectors_can_be_kept_from_decaying() {
    let vector = leaf(&[1.0, 1.0]);
    let matrix = leaf(&[1.0, 1.0]).detach().view([1, 2]).set_requires_grad(true);
    let params = vec![
        ("norm".to_owned(), vector.shallow_clone()),
        ("weight".to_owned(), matrix.shallow_clone()),
    ];
    let config = AdamWConfig { weight_decay: 0.5, decay_vectors: false, ..Default::default() };
    let mut adamw = AdamW::new(params, config).unwrap();
    set_grad(&vector, &Tensor::zeros([2], (Kind::Float, vector.device())));
    set_grad(&matrix, &Tensor::zeros([1, 2], (Kind::Float, vector.device())));
    adamw.step(0.1).unwrap();
    assert_eq!(vector.double_value(&[0]), 1.0);
    assert!((matrix.double_value(&[0, 0]) - 0.95).abs() < 1e-7);
}

#[test]
fn clipping_tells_the_norm_and_keeps_the_direction() {
    let (x, y) = (leaf(&[0.0, 0.0]), leaf(&[0.0]));
    let params = vec![("x".to_owned(), x.shallow_clone()), ("y".to_owned(), y.shallow_clone())];
    assert_eq!(clip_grad_norm(&params, Some(1.0)).unwrap(), 0.0);
    set_grad(&x, &Tensor::from_slice(&[2.0f32, 3.0]));
    set_grad(&y, &Tensor::from_slice(&[6.0f32]));
    // 2^2 + 3^2 + 6^2 = 7^2.
    let norm = |max_norm| clip_grad_norm(&params, max_norm).unwrap();
    assert!((norm(None) - 7.0).abs() < 1e-6);
    assert!((norm(Some(7.5)) - 7.0).abs() < 1e-6);
    assert_eq!(bits(&y.grad()), bits(&leaf(&[6.0])));
    assert!((norm(Some(0.7)) - 7.0).abs() < 1e-6);
    assert!((norm(None) - 0.7).abs() < 1e-6);
    assert!((y.grad().double_value(&[0]) - 0.6).abs() < 1e-6);
}

#[test]
fn a_gradient_that_is_not_finite_is_reported_and_left() {
    for bad in [f32::NAN, f32::INFINITY] {
        let (x, y) = (leaf(&[0.0]), leaf(&[0.0]));
        let params = vec![("x".to_owned(), x.shallow_clone()), ("y".to_owned(), y.shallow_clone())];
        set_grad(&x, &Tensor::from_slice(&[3.0f32]));
        set_grad(&y, &Tensor::from_slice(&[bad]));
        match clip_grad_norm(&params, Some(1.0)) {
            Err(Error::NonFiniteGradient { norm, parameter }) => {
                assert!(!norm.is_finite());
                assert_eq!(parameter, "y");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(x.grad().double_value(&[0]), 3.0);
    }
}

#[test]
fn state_of_other_parameters_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("optimizer.safetensors");
    let one = |name: &str, values: &[f32]| {
        AdamW::new(vec![(name.to_owned(), leaf(values))], AdamWConfig::default()).unwrap()
    };
    let mut saved = one("x", &[1.0, 2.0]);
    set_grad(&saved.params()[0].1, &Tensor::from_slice(&[1.0f32, 1.0]));
    saved.step(0.1).unwrap();
    saved.save(&path).unwrap();

    for (mut other, tensor, problem) in [
        (one("y", &[1.0, 2.0]), "step.y", "is missing"),
        (one("x", &[1.0]), "exp_avg.x", "is Float [2], expected Float [1]"),
    ] {
        match other.load(&path) {
            Err(Error::OptimizerState { tensor: t, problem: p, .. }) => {
                assert_eq!((t.as_str(), p.as_str()), (tensor, problem));
            }
            result => panic!("{result:?}"),
        }
        assert_eq!(other.steps(), 0);
    }
    let two = vec![("x".to_owned(), leaf(&[1.0, 2.0])), ("z".to_owned(), leaf(&[1.0]))];
    let two = AdamW::new(two, AdamWConfig::default()).unwrap();
    two.save(&path).unwrap();
    let error = saved.load(&path).unwrap_err();
    assert!(error.to_string().contains("belongs to no parameter"), "{error}");
    assert_eq!(saved.steps(), 1);

    std::fs::write(&path, b"cut off").unwrap();
    assert!(matches!(saved.load(&path), Err(Error::OptimizerFile { .. })));
    let nowhere = folder.path().join("none/optimizer.safetensors");
    assert!(matches!(saved.save(&nowhere), Err(Error::OptimizerFile { .. })));
}

#[test]
fn settings_and_parameters_are_checked() {
    let ok = AdamWConfig::default();
    for (config, name) in [
        (AdamWConfig { beta1: 1.0, ..ok }, "beta1"),
        (AdamWConfig { beta2: -0.1, ..ok }, "beta2"),
        (AdamWConfig { epsilon: 0.0, ..ok }, "epsilon"),
        (AdamWConfig { weight_decay: f64::NAN, ..ok }, "weight_decay"),
    ] {
        match AdamW::new(Vec::new(), config) {
            Err(Error::InvalidSetting { setting, .. }) => assert_eq!(setting, name),
            other => panic!("{other:?}"),
        }
    }
    let refused = |params| match AdamW::new(params, ok) {
        Err(Error::Trainable { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let frozen = Tensor::from_slice(&[1.0f32]);
    assert!(refused(vec![("x".to_owned(), frozen)]).contains("requires a gradient"));
    assert!(refused(vec![("x".to_owned(), leaf(&[1.0]) * 2.0)]).contains("leaf"));
    let twice = vec![("x".to_owned(), leaf(&[1.0])), ("x".to_owned(), leaf(&[1.0]))];
    assert_eq!(refused(twice), "comes twice");
    let mut adamw = AdamW::new(vec![("x".to_owned(), leaf(&[1.0]))], ok).unwrap();
    assert!(matches!(adamw.step(f64::NAN), Err(Error::InvalidSetting { .. })));
    assert!(matches!(adamw.clip_grad_norm(Some(0.0)), Err(Error::InvalidSetting { .. })));
}
