//! A batch in 16 bits: its gradient is the sum of its examples' gradients.

use std::collections::BTreeMap;

use idl::lm::{CausalLm, LoadOptions, TokenTree};
use idl::train::log::metric;
use idl::train::{Example, Objective, TrainConfig, TrainTarget, Trainer};
use tch::{Kind, Tensor};

use crate::data::value;
use crate::support::{config, first_gradients, tiny_dir, tiny_examples};

/// The tiny model in 16 bits.
fn half() -> CausalLm {
    tch::set_num_threads(1);
    let options = LoadOptions { kind: Kind::BFloat16, ..LoadOptions::default() };
    CausalLm::from_dir(&tiny_dir(), options).unwrap()
}

/// Eight examples of different lengths.
fn eight() -> Vec<Example> {
    let longer = |e: Example| {
        let trunk = e.tree.trunk().iter().map(|id| (id * 3 + 1) % 32).collect();
        let mut tree = TokenTree::new(trunk);
        for span in e.tree.spans() {
            tree.add_span(span.clone()).unwrap();
        }
        Example { id: format!("{} again", e.id), tree, ..e }
    };
    let examples = tiny_examples();
    examples.iter().cloned().chain(examples.iter().cloned().map(longer)).collect()
}

/// The gradient of each example alone, of its share in the batch's mean: in 16
/// bits, as libtorch gives it.
fn alone(examples: &[Example]) -> Vec<BTreeMap<String, Tensor>> {
    let tokens: usize = examples.iter().map(Example::completion_tokens).sum();
    examples
        .iter()
        .map(|example| {
            let model = half();
            let parameters = model.parameters();
            for (_, parameter) in &parameters {
                let _ = parameter.set_requires_grad(true);
            }
            let scored = example.tree.logprobs(&model).unwrap();
            let loss = -Tensor::cat(&scored.spans, 0).sum(Kind::Float) / tokens as f64;
            loss.backward();
            let gradient = |(name, p): (String, Tensor)| (name, p.grad().detach().copy());
            parameters.into_iter().map(gradient).collect()
        })
        .collect()
}

fn largest(tensor: &Tensor) -> f64 {
    tensor.abs().max().double_value(&[])
}

#[test]
fn a_batch_of_eight_in_16_bits_is_the_sum_of_eight_in_32() {
    let examples = eight();
    let config = TrainConfig { shuffle: false, ..config(8, 1, 1e-6) };
    let gradients = first_gradients(&mut half(), TrainTarget::Base, &examples, &config);
    let alone = alone(&examples);
    let (mut worst, mut naive_worst, mut square) = (0.0f64, 0.0f64, 0.0);
    for (name, found) in &gradients {
        let parts: Vec<&Tensor> = alone.iter().map(|all| &all[name]).collect();
        assert!(parts.iter().all(|part| part.kind() == Kind::BFloat16));
        assert_eq!(found.kind(), Kind::Float);
        let exact = parts.iter().map(|p| p.to_kind(Kind::Double)).reduce(|a, b| a + b).unwrap();
        // What libtorch makes of them: sums of 8 bits.
        let naive = parts.iter().map(|p| p.copy()).reduce(|a, b| a + b).unwrap();
        let size = largest(&exact);
        assert!(size > 0.0, "{name}");
        worst = worst.max(largest(&(found - &exact)) / size);
        naive_worst = naive_worst.max(largest(&(naive - &exact)) / size);
        square += exact.square().sum(Kind::Double).double_value(&[]);
    }
    println!("in 32 bits {worst:.1e} of the largest, in 16 bits {naive_worst:.1e}");
    assert!(naive_worst > 1e-3, "the test could not tell: {naive_worst}");
    assert!(worst < 1e-6, "{worst}");

    // The norm is that of the sum, and so is what is clipped.
    let mut log = Vec::new();
    Trainer::new(&examples, Objective::Supervised, &config)
        .run(&mut half(), TrainTarget::Base, &mut |step: &idl::train::Step<'_>| {
            log.push(step.record.clone());
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    let norm = value(&log[0], metric::GRAD_NORM);
    assert!((norm / square.sqrt() - 1.0).abs() < 1e-6, "{norm} {}", square.sqrt());
}

/// The sums are empty again: a later step knows nothing of those before.
#[test]
fn steps_in_16_bits_are_of_their_own_batch() {
    let examples = eight();
    let config = TrainConfig { shuffle: false, max_grad_norm: None, ..config(4, 2, 1e-30) };
    let mut norms = Vec::new();
    Trainer::new(&examples, Objective::Supervised, &config)
        .run(&mut half(), TrainTarget::Base, &mut |step: &idl::train::Step<'_>| {
            norms.push(value(step.record, metric::GRAD_NORM));
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    // At such a rate nothing moves, so the second step is the first of a run
    // over the other half.
    let other = first_gradients(&mut half(), TrainTarget::Base, &examples[4..], &config);
    let square: f64 = other.values().map(|g| g.square().sum(Kind::Double).double_value(&[])).sum();
    assert!((norms[1] / square.sqrt() - 1.0).abs() < 1e-6, "{norms:?} {}", square.sqrt());
}
