//! Agreement with PyTorch autograd in f64, and with TRL's own trainer code.
//! The vectors come from `tests/reference/losses.py`.

use std::collections::HashMap;

use idl_dpoc_loss::{Loss, LossConfig};
use serde::Deserialize;
use tch::Kind;

use crate::support::{Numbers, Three, assert_close, numbers};

#[derive(Deserialize)]
struct Columns {
    chosen: Vec<f64>,
    rejected: Vec<f64>,
    criterion: Vec<f64>,
}

impl Columns {
    fn three(&self) -> Three {
        [self.chosen.clone(), self.rejected.clone(), self.criterion.clone()]
    }
}

#[derive(Deserialize)]
struct Trl {
    losses: Vec<f64>,
    rewards: HashMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Case {
    config: LossConfig,
    losses: Vec<f64>,
    grads: Columns,
    trl: Option<Trl>,
}

#[derive(Deserialize)]
struct Vectors {
    policy: Columns,
    reference: Columns,
    tokens: Columns,
    cases: Vec<Case>,
}

#[test]
fn losses_and_gradients_equal_pytorchs() {
    let vectors: Vectors = serde_json::from_str(include_str!("../data/losses.json")).unwrap();
    let batch = Numbers {
        policy: vectors.policy.three(),
        reference: vectors.reference.three(),
        tokens: vectors.tokens.three(),
    };
    let mut seen = Vec::new();
    let mut through_trl = 0;
    for case in &vectors.cases {
        let loss = case.config.check().unwrap();
        let name = case.config.loss.name();
        seen.push(name);
        for (kind, tolerance) in [(Kind::Double, 1e-9), (Kind::Float, 1e-4)] {
            let answer = batch.answer(&loss, kind).unwrap();
            assert_close(&answer.losses, &case.losses, tolerance, name);
            for (found, expected) in answer.grads.iter().zip(case.grads.three()) {
                assert_close(found, &expected, tolerance, &format!("gradient of {name}"));
            }
            if let Some(trl) = &case.trl {
                through_trl += 1;
                // TRL's ORPO is in f32 inside.
                let tolerance = if name == "orpo" { 1e-4 } else { tolerance };
                assert_close(&answer.losses, &trl.losses, tolerance, name);
                let rewards = &answer.output.rewards;
                let (chosen, rejected) = (numbers(&rewards.chosen), numbers(&rewards.rejected));
                assert_close(&chosen, &trl.rewards["chosen"], tolerance, name);
                assert_close(&rejected, &trl.rewards["rejected"], tolerance, name);
            }
        }
    }
    for loss in Loss::all() {
        assert!(seen.contains(&loss.name()), "no vectors for {}", loss.name());
    }
    assert_eq!(through_trl, 2 * 8);
}
