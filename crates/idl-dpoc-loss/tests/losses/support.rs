//! A batch written as numbers, and its losses and gradients as numbers.

use idl_dpoc_loss::{Batch, Completions, Loss, LossConfig, LossOutput, PreferenceLoss, Result};
use tch::{Kind, Tensor};

/// Chosen, rejected, criterion.
pub(crate) type Three = [Vec<f64>; 3];

#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    pub(crate) policy: Three,
    pub(crate) reference: Three,
    pub(crate) tokens: Three,
}

pub(crate) struct Answer {
    pub(crate) output: LossOutput,
    pub(crate) losses: Vec<f64>,
    /// With respect to the policy's chosen, rejected, criterion.
    pub(crate) grads: Three,
}

impl Numbers {
    /// One example whose log-ratios are a, over one token each. The policy's
    /// log-probabilities are below zero (ORPO wants that).
    pub(crate) fn of_a(a: [f64; 3]) -> Self {
        let base = -1.0 - a.iter().fold(0.0f64, |most, a| most.max(a.abs()));
        Self {
            policy: a.map(|a| vec![base + a]),
            reference: a.map(|_| vec![base]),
            tokens: a.map(|_| vec![1.0]),
        }
    }

    pub(crate) fn answer(&self, loss: &PreferenceLoss, kind: Kind) -> Result<Answer> {
        let tensors = |three: &Three, kind: Kind| {
            three.each_ref().map(|values| Tensor::from_slice(values).to_kind(kind))
        };
        let [w, l, c] = tensors(&self.policy, kind).map(|t| t.set_requires_grad(true));
        let [rw, rl, rc] = tensors(&self.reference, kind);
        let [tw, tl, tc] = tensors(&self.tokens, Kind::Int64);
        let output = loss.compute(&Batch {
            policy: Completions { chosen: &w, rejected: &l, criterion: Some(&c) },
            reference: Some(Completions { chosen: &rw, rejected: &rl, criterion: Some(&rc) }),
            tokens: Some(Completions { chosen: &tw, rejected: &tl, criterion: Some(&tc) }),
        })?;
        output.losses.sum(output.losses.kind()).backward();
        let grads = [w, l, c].map(|leaf| {
            let grad = leaf.grad();
            if grad.defined() { numbers(&grad) } else { vec![0.0; self.policy[0].len()] }
        });
        Ok(Answer { losses: numbers(&output.losses), output, grads })
    }
}

pub(crate) fn numbers(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.to_kind(Kind::Double)).unwrap()
}

pub(crate) fn checked(loss: Loss) -> PreferenceLoss {
    PreferenceLoss::try_from(loss).unwrap()
}

/// Every loss with default parameters, each also with an added penalty where
/// it has none.
pub(crate) fn every_loss() -> Vec<PreferenceLoss> {
    let plain = Loss::all().into_iter().map(checked);
    let penalised = Loss::all()
        .into_iter()
        .filter_map(|loss| LossConfig { loss, criterion_penalty: 1.5 }.check().ok());
    plain.chain(penalised).collect()
}

#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let close = (f - e).abs() <= tolerance * (1.0 + e.abs());
        assert!(close, "{what}, example {i}: {f} instead of {e}");
    }
}
