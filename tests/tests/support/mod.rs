//! What several tests of training start from.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl::lm::{CausalLm, ChatTokenizer, LoadOptions, TokenTree};
use idl::train::checkpoint::{Checkpoints, OPTIMIZER};
use idl::train::optim::AdamWConfig;
use idl::train::schedule::{ScheduleConfig, SchedulerType};
use idl::train::{
    Alternatives, CriterionKind, CriterionReply, Example, Objective, Step, TrainConfig,
    TrainTarget, Trainer,
};
use tch::Tensor;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of a random model of 32 words, for what needs no sense.
pub(crate) fn tiny_dir() -> PathBuf {
    root().join("crates/idl-lm/tests/data/full_untied")
}

/// That model.
pub(crate) fn tiny() -> CausalLm {
    tch::set_num_threads(1); // tests run side by side
    let dir = tiny_dir();
    let mut model = CausalLm::from_dir(&dir, LoadOptions::default()).unwrap();
    // Its B is not zero, so that A has a gradient from the first step.
    model.load_adapter("a", &dir.join("adapter")).unwrap();
    model
}

pub(crate) fn mini_llama() -> (CausalLm, ChatTokenizer) {
    tch::set_num_threads(1);
    let dir = root().join("examples/assets/mini-llama");
    let model = CausalLm::from_dir(&dir, LoadOptions::default()).unwrap();
    (model, ChatTokenizer::from_dir(&dir).unwrap())
}

/// Token sequences of very different numbers of scored tokens.
pub(crate) fn tiny_examples() -> Vec<Example> {
    let example = |name: &str, tokens: i64, spans: &[(usize, usize)]| {
        let step = 3 + 2 * name.len() as i64;
        let mut tree = TokenTree::new((0..tokens).map(|i| (7 + i * step) % 32).collect());
        for &(start, end) in spans {
            tree.add_span(start..end).unwrap();
        }
        Example {
            id: name.to_owned(),
            tree,
            replies: (0..spans.len()).collect(),
            alternatives: Vec::new(),
            references: 0,
            dropped_messages: 0,
            dropped_replies: 0,
            dropped_alternatives: 0,
        }
    };
    vec![
        example("one", 6, &[(3, 4)]),
        example("two spans", 24, &[(2, 9), (12, 24)]),
        example("short", 5, &[(1, 3)]),
        example("all but the first", 16, &[(1, 16)]),
    ]
}

/// The tiny examples with a rejected and a criterion branch at every span.
pub(crate) fn tiny_preferences() -> Vec<Example> {
    let mut examples = tiny_examples();
    for example in &mut examples {
        let starts: Vec<usize> = example.tree.spans().iter().map(|s| s.start).collect();
        for (reply, at) in starts.into_iter().enumerate() {
            example.tree.add_branch(at, vec![9, 4, 2]).unwrap();
            example.tree.add_branch(at, vec![5, 11, 3, 2]).unwrap();
            example.alternatives.push(Alternatives {
                reply,
                rejected: String::from("no"),
                rejected_kind: None,
                criterion: Some(CriterionReply {
                    text: String::from("perhaps"),
                    kind: CriterionKind::Inversion,
                }),
            });
        }
    }
    examples
}

/// One of [`tiny_preferences`] without its criterion replies.
pub(crate) fn without_criterion(example: &Example) -> Example {
    let mut tree = TokenTree::new(example.tree.trunk().to_vec());
    for span in example.tree.spans() {
        tree.add_span(span.clone()).unwrap();
        tree.add_branch(span.start, vec![9, 4, 2]).unwrap();
    }
    let mut pair = Example { tree, ..example.clone() };
    for a in &mut pair.alternatives {
        a.criterion = None;
    }
    pair
}

pub(crate) fn config(batch_size: usize, steps: u64, learning_rate: f64) -> TrainConfig {
    TrainConfig {
        batch_size,
        epochs: 1_000,
        max_steps: Some(steps),
        schedule: ScheduleConfig {
            lr_scheduler_type: SchedulerType::Constant,
            learning_rate,
            ..ScheduleConfig::default()
        },
        ..TrainConfig::default()
    }
}

pub(crate) fn go_on(_: &Step<'_>) -> idl::train::Result<ControlFlow<()>> {
    Ok(ControlFlow::Continue(()))
}

/// The gradients of the first step, by the parameters' names: with a first
/// moment that forgets all, it is the gradient.
pub(crate) fn first_gradients(
    model: &mut CausalLm,
    trained: TrainTarget<'_>,
    examples: &[Example],
    config: &TrainConfig,
) -> BTreeMap<String, Tensor> {
    let config = TrainConfig {
        optimizer: AdamWConfig { beta1: 0.0, ..config.optimizer },
        max_steps: Some(1),
        max_grad_norm: None,
        ..config.clone()
    };
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(dir.path(), "base");
    Trainer::new(examples, Objective::Supervised, &config)
        .save_to(&checkpoints)
        .run(model, trained, &mut go_on)
        .unwrap();
    let state = dir.path().join("checkpoint-1").join(OPTIMIZER);
    let moments = Tensor::read_safetensors(state).unwrap().into_iter();
    moments.filter_map(|(n, t)| Some((n.strip_prefix("exp_avg.")?.to_owned(), t))).collect()
}

/// Every factor of an adapter, bit for bit, NaN included.
pub(crate) fn bits(model: &CausalLm, adapter: &str) -> Vec<(String, Vec<u32>)> {
    let floats = |t: &Tensor| Vec::<f32>::try_from(t.detach().flatten(0, -1)).unwrap();
    model
        .adapter_parameters(adapter)
        .unwrap()
        .iter()
        .map(|(name, t)| (name.clone(), floats(t).iter().map(|x| x.to_bits()).collect()))
        .collect()
}
