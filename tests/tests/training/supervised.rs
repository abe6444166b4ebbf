//! What moves and what does not, whose mean a loss is, what a seed fixes.

use std::ops::ControlFlow;

use idl::lm::{LoraConfig, TokenTree};
use idl::train::log::{LogRecord, metric};
use idl::train::optim::AdamWConfig;
use idl::train::{Callback, Example, Objective, Step, TrainConfig, Trainer};
use tch::{Kind, Tensor};

use crate::data::{
    assert_left_in_order, logprobs, preference_examples, run, supervised_examples, value,
};
use crate::support::{bits, config, mini_llama, tiny, tiny_examples};

#[test]
fn the_loss_falls_and_nothing_but_the_adapter_changes() {
    let (mut model, tokenizer) = mini_llama();
    let examples = supervised_examples(&tokenizer);
    let base = logprobs(&model, &examples);
    model.add_adapter("a", &LoraConfig::all_linear(4, 8.0), 1).unwrap();
    model.add_adapter("other", &LoraConfig::all_linear(4, 8.0), 2).unwrap();
    let (start, other) = (bits(&model, "a"), bits(&model, "other"));
    model.set_active(Some("a")).unwrap();
    assert_eq!(logprobs(&model, &examples), base, "a fresh adapter is the base");
    model.set_active(None).unwrap();

    let log = run(&mut model, "a", &examples, Objective::Supervised, &config(2, 2, 2e-3));
    for ((name, before), (_, after)) in start.iter().zip(bits(&model, "a")) {
        assert_ne!(before, &after, "{name} did not move");
    }
    let more = run(&mut model, "a", &examples, Objective::Supervised, &config(2, 8, 2e-3));
    let epoch =
        |log: &[LogRecord]| (value(&log[0], metric::LOSS) + value(&log[1], metric::LOSS)) / 2.0;
    let (first, last) = (epoch(&log), epoch(&more[6..]));
    assert!(last < 0.8 * first, "{first} {last}");

    assert_left_in_order(&model, "a");
    assert_eq!(logprobs(&model, &examples), base, "the base, bit for bit");
    assert_eq!(bits(&model, "other"), other);
    model.set_active(Some("a")).unwrap();
    assert_ne!(logprobs(&model, &examples), base);
}

#[test]
fn the_active_adapter_is_the_same_afterwards() {
    let mut model = tiny();
    model.copy_adapter("a", "b").unwrap();
    model.set_active(Some("b")).unwrap();
    run(&mut model, "a", &tiny_examples(), Objective::Supervised, &config(2, 2, 1e-3));
    assert_eq!(model.active(), Some("b"));
}

/// By hand: the loss of all examples' tokens laid end to end, its gradient, and
/// one step of AdamW with an epsilon so large that the step tells the size of
/// the gradient, not only its sign: `p - g / (|g| + 1)`.
#[test]
fn a_batch_is_the_mean_over_the_tokens_of_all_its_examples_in_any_order() {
    let examples = tiny_examples();
    let mut model = tiny();
    model.set_active(Some("a")).unwrap();
    let parameters = model.adapter_parameters("a").unwrap();
    for (_, p) in &parameters {
        let _ = p.set_requires_grad(true);
    }
    let all: Vec<Tensor> =
        examples.iter().flat_map(|e| e.tree.logprobs(&model).unwrap().spans).collect();
    let concatenated = Tensor::cat(&all, 0);
    assert_eq!(concatenated.size(), [1 + 7 + 12 + 2 + 15]);
    let loss = -concatenated.mean(Kind::Float);
    let mean_of_means = examples
        .iter()
        .map(|e| -Tensor::cat(&e.tree.logprobs(&model).unwrap().spans, 0).mean(Kind::Double))
        .map(|t| t.double_value(&[]))
        .sum::<f64>()
        / 4.0;
    let inputs: Vec<&Tensor> = parameters.iter().map(|(_, p)| p).collect();
    let gradients = Tensor::run_backward(&[&loss], &inputs, false, false);
    let expected: Vec<Tensor> = tch::no_grad(|| {
        inputs.iter().zip(&gradients).map(|(p, g)| *p - g / (g.abs() + 1.0)).collect()
    });
    let norm =
        gradients.iter().map(|g| g.square().sum(Kind::Double).double_value(&[])).sum::<f64>();
    let (loss, norm) = (loss.double_value(&[]), norm.sqrt());
    assert!((loss - mean_of_means).abs() > 0.05, "the test could not tell: {loss} {mean_of_means}");
    assert!(norm > 0.1);

    for seed in 0..4 {
        for shift in [0, 1] {
            let mut model = tiny();
            let mut examples = tiny_examples();
            examples.rotate_left(shift);
            let config = TrainConfig {
                optimizer: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
                max_grad_norm: None,
                seed,
                ..config(4, 1, 1.0)
            };
            let log = run(&mut model, "a", &examples, Objective::Supervised, &config);
            assert!((value(&log[0], metric::LOSS) - loss).abs() < 1e-5 * loss);
            assert!((value(&log[0], metric::GRAD_NORM) - norm).abs() < 1e-4 * norm);
            for ((name, got), expected) in
                model.adapter_parameters("a").unwrap().iter().zip(&expected)
            {
                let error = (got - expected).abs().max().double_value(&[]);
                assert!(error < 1e-5, "{name}: {error}");
            }
        }
    }
}

/// A batch over several examples is no other than one example that holds all
/// their spans: here one trunk is given as one example, and span by span.
#[test]
fn spans_learnt_apart_in_one_batch_equal_spans_learnt_together() {
    let together = tiny_examples().remove(1);
    let apart: Vec<Example> = together
        .tree
        .spans()
        .iter()
        .map(|span| {
            let mut tree = TokenTree::new(together.tree.trunk().to_vec());
            tree.add_span(span.clone()).unwrap();
            Example { tree, replies: vec![0], ..together.clone() }
        })
        .collect();
    let step = |examples: &[Example]| {
        let mut model = tiny();
        let config = TrainConfig {
            optimizer: AdamWConfig { epsilon: 1.0, ..AdamWConfig::default() },
            ..config(examples.len(), 3, 0.5)
        };
        let log = run(&mut model, "a", examples, Objective::Supervised, &config);
        let parameters = model.adapter_parameters("a").unwrap();
        let flat: Vec<Tensor> = parameters.iter().map(|(_, t)| t.detach().flatten(0, -1)).collect();
        (value(&log[2], metric::LOSS), Tensor::cat(&flat, 0))
    };
    let ((loss, weights), (other_loss, other_weights)) = (step(&[together]), step(&apart));
    assert!((loss - other_loss).abs() < 1e-4, "{loss} {other_loss}");
    assert!((weights - other_weights).abs().max().double_value(&[]) < 1e-4);
}

#[test]
fn a_seed_fixes_every_bit_and_another_one_does_not() {
    let trained = |seed| {
        let mut model = tiny();
        let config = TrainConfig { seed, ..config(1, 12, 1e-2) };
        run(&mut model, "a", &tiny_examples(), Objective::Supervised, &config);
        bits(&model, "a")
    };
    assert_eq!(trained(5), trained(5));
    assert_ne!(trained(5), trained(6));
    let fresh = |seed| {
        let mut model = tiny();
        model.add_adapter("new", &LoraConfig::default(), seed).unwrap();
        bits(&model, "new")
    };
    assert_eq!(fresh(5), fresh(5));
    assert_ne!(fresh(5), fresh(6));
}

/// Keeps the records of steps and of evaluations.
struct Both<'a>(&'a mut Vec<LogRecord>);

impl Callback for Both<'_> {
    fn on_step(&mut self, step: &Step<'_>) -> idl::train::Result<ControlFlow<()>> {
        self.0.push(step.record.clone());
        Ok(ControlFlow::Continue(()))
    }

    fn on_evaluation(
        &mut self,
        record: &LogRecord,
        _: bool,
    ) -> idl::train::Result<ControlFlow<()>> {
        self.0.push(record.clone());
        Ok(ControlFlow::Continue(()))
    }
}

/// Each word of the vocabulary in turn, in place of each token that is learnt.
#[test]
fn token_accuracy_is_the_share_of_tokens_that_no_other_beats() {
    let mut model = tiny();
    model.set_active(Some("a")).unwrap();
    let vocabulary = model.config().vocab_size;
    let mut examples = tiny_examples();
    let (mut likeliest, mut tokens) = (0, 0);
    for example in &mut examples {
        // What the model itself would say first is a token that it gets right.
        let best = |trunk: &[i64], at: usize| {
            let mut tree = TokenTree::new(trunk.to_vec());
            for word in 0..vocabulary {
                tree.add_branch(at, vec![word]).unwrap();
            }
            let scored = tch::no_grad(|| tree.logprobs(&model)).unwrap().branches;
            Tensor::cat(&scored, 0).argmax(-1, false).int64_value(&[])
        };
        let mut trunk = example.tree.trunk().to_vec();
        let spans = example.tree.spans().to_vec();
        trunk[spans[0].start] = best(&trunk, spans[0].start);
        let mut tree = TokenTree::new(trunk.clone());
        for span in spans {
            tree.add_span(span.clone()).unwrap();
            tokens += span.len();
            likeliest += span.filter(|&at| best(&trunk, at) == trunk[at]).count();
        }
        example.tree = tree;
    }
    assert!(likeliest >= examples.len() && likeliest < tokens);
    let expected = likeliest as f64 / tokens as f64;
    let mut log = Vec::new();
    let config = TrainConfig { eval_steps: Some(1), ..config(examples.len(), 1, 1e-9) };
    let mut watch = Both(&mut log);
    Trainer::new(&examples, Objective::Supervised, &config)
        .evaluate_on(&examples)
        .run(&mut model, "a", &mut watch)
        .unwrap();
    let eval = format!("{}{}", metric::EVAL_PREFIX, metric::MEAN_TOKEN_ACCURACY);
    let named = |name: &str| log.iter().find_map(|record: &LogRecord| record.get(name));
    assert_eq!(named(metric::MEAN_TOKEN_ACCURACY), Some(expected));
    assert_eq!(named(&eval), Some(expected));
}

#[test]
fn a_saved_adapter_loads_again_and_computes_the_same() {
    let (mut model, tokenizer) = mini_llama();
    let examples = preference_examples(&tokenizer);
    model.add_adapter("a", &LoraConfig::all_linear(4, 8.0), 1).unwrap();
    run(&mut model, "a", &examples, Objective::Supervised, &config(4, 3, 2e-3));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("adapter");
    model.save_adapter("a", &folder, "mini-llama").unwrap();
    model.set_active(Some("a")).unwrap();
    let trained = logprobs(&model, &examples);

    let (mut again, _) = mini_llama();
    again.load_adapter("loaded", &folder).unwrap();
    assert_eq!(bits(&again, "loaded"), bits(&model, "a"));
    let base = logprobs(&again, &examples);
    again.set_active(Some("loaded")).unwrap();
    assert_eq!(logprobs(&again, &examples), trained);
    assert_ne!(base, trained);

    // And it can be trained on.
    again.set_active(None).unwrap();
    run(&mut again, "loaded", &examples, Objective::Supervised, &config(4, 1, 2e-3));
    assert_ne!(bits(&again, "loaded"), bits(&model, "a"));
}
