//! Bad input is refused early, by name.

use idl_dpoc_loss::{Batch, Completions, Error, Loss, LossConfig};
use tch::{Kind, Tensor};

use crate::support::checked;

fn values(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).to_kind(Kind::Float)
}

const DPOC: Loss = Loss::DpocPaper { beta: 0.1, penalty: 2.0 };
const IPO: Loss = Loss::Ipo { beta: 0.1 };

#[test]
fn what_is_missing_is_named() {
    let t = values(&[-3.0, -4.0]);
    let two = Completions { chosen: &t, rejected: &t, criterion: None };
    let three = Completions { criterion: Some(&t), ..two };
    let compute = |loss: Loss, policy, reference, tokens| {
        checked(loss).compute(&Batch { policy, reference, tokens }).unwrap_err()
    };
    let error = compute(DPOC, two, Some(two), None);
    let tensor = "policy.criterion";
    assert!(matches!(error, Error::MissingCriterion { tensor: t, .. } if t == tensor), "{error}");
    let error = compute(DPOC, three, Some(two), None);
    let tensor = "reference.criterion";
    assert!(matches!(error, Error::MissingCriterion { tensor: t, .. } if t == tensor), "{error}");
    let error = compute(DPOC, three, None, None);
    assert!(matches!(error, Error::MissingReference { loss: "dpoc_paper" }), "{error}");
    let error = compute(IPO, two, Some(two), None);
    assert!(matches!(error, Error::MissingTokenCounts { loss: "ipo", .. }), "{error}");
    let counts = Completions { chosen: &t, rejected: &t, criterion: None };
    let error = compute(IPO, three, Some(three), Some(counts));
    let tensor = "tokens.criterion";
    assert!(matches!(error, Error::MissingTokenCounts { tensor: t, .. } if t == tensor), "{error}");
}

#[test]
fn a_penalty_wants_a_criterion() {
    let t = values(&[-3.0]);
    let two = Completions { chosen: &t, rejected: &t, criterion: None };
    let batch = Batch { policy: two, reference: Some(two), tokens: None };
    let config = LossConfig { loss: Loss::Dpo { beta: 0.1 }, criterion_penalty: 1.0 };
    let error = config.check().unwrap().compute(&batch).unwrap_err();
    assert!(matches!(error, Error::MissingCriterion { loss: "dpo", .. }), "{error}");
    checked(Loss::Dpo { beta: 0.1 }).compute(&batch).unwrap();
    let error = LossConfig { loss: DPOC, criterion_penalty: 1.0 }.check().unwrap_err();
    assert!(matches!(error, Error::PenaltyTwice { penalty: 1.0, .. }), "{error}");
    let error = LossConfig { criterion_penalty: f64::NAN, ..config }.check().unwrap_err();
    assert!(error.to_string().contains("`criterion_penalty` is NaN"), "{error}");
}

#[test]
fn reference_free_losses_ask_for_no_reference() {
    let (w, l) = (values(&[-3.0]), values(&[-4.0]));
    let n = Tensor::from_slice(&[2i64]);
    let batch = Batch {
        policy: Completions { chosen: &w, rejected: &l, criterion: None },
        reference: None,
        tokens: Some(Completions { chosen: &n, rejected: &n, criterion: None }),
    };
    for loss in [Loss::Simpo { beta: 2.0, gamma: 1.0 }, Loss::Orpo { lambda: 0.1 }] {
        let output = checked(loss).compute(&batch).unwrap();
        assert_eq!(output.losses.size(), [1]);
        assert!(output.rewards.criterion.is_none() && output.penalties.is_none());
    }
}

#[test]
fn shapes_are_checked() {
    let good = values(&[-3.0, -4.0]);
    let long = values(&[-3.0, -4.0, -5.0]);
    let square = good.view([2, 1]);
    let none = values(&[]);
    let undefined = Tensor::new();
    let loss = checked(Loss::Dpo { beta: 0.1 });
    let compute = |chosen: &Tensor, rejected: &Tensor| {
        let policy = Completions { chosen, rejected, criterion: None };
        loss.compute(&Batch { policy, reference: Some(policy), tokens: None }).unwrap_err()
    };
    let error = compute(&good, &long);
    assert_eq!(error.to_string(), "`policy.rejected` has shape [3], expected [2]");
    let error = compute(&square, &good);
    assert_eq!(error.to_string(), "`policy.chosen` has shape [2, 1], expected [B]");
    assert!(matches!(compute(&good, &undefined), Error::Shape { tensor: "policy.rejected", .. }));
    assert!(matches!(compute(&none, &none), Error::EmptyBatch));
}

#[test]
fn values_are_checked() {
    let good = values(&[-3.0, -4.0]);
    let policy = Completions { chosen: &good, rejected: &good, criterion: None };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bad = values(&[-3.0, bad]);
        let reference = Completions { rejected: &bad, ..policy };
        let batch = Batch { policy, reference: Some(reference), tokens: None };
        let error = checked(Loss::Dpo { beta: 0.1 }).compute(&batch).unwrap_err();
        let tensor = "reference.rejected";
        assert!(
            matches!(error, Error::NonFinite { tensor: t, example: 1, .. } if t == tensor),
            "{error}"
        );
    }
    let (counts, zero) = (Tensor::from_slice(&[5i64, 7]), Tensor::from_slice(&[0i64, 7]));
    // Checked even where the loss does not divide by them.
    for loss in [IPO, Loss::Dpo { beta: 0.1 }] {
        let tokens = Completions { chosen: &counts, rejected: &zero, criterion: None };
        let batch = Batch { policy, reference: Some(policy), tokens: Some(tokens) };
        let error = checked(loss).compute(&batch).unwrap_err();
        assert_eq!(
            error.to_string(),
            "example 0: `tokens.rejected` is 0, but a completion has at least one token"
        );
    }
}

#[test]
fn orpo_refuses_likelihoods_with_the_wrong_sign() {
    let (w, l, n) = (values(&[3.0]), values(&[4.0]), Tensor::from_slice(&[1i64]));
    let batch = Batch {
        policy: Completions { chosen: &w, rejected: &l, criterion: None },
        reference: None,
        tokens: Some(Completions { chosen: &n, rejected: &n, criterion: None }),
    };
    let error = checked(Loss::Orpo { lambda: 0.1 }).compute(&batch).unwrap_err();
    assert!(matches!(error, Error::NotALogProbability { value: 3.0, .. }), "{error}");
}

#[test]
fn gradients_never_reach_the_reference() {
    let leaf = || values(&[-3.0]).set_requires_grad(true);
    let (w, l, rw, rl) = (leaf(), leaf(), leaf(), leaf());
    let batch = Batch {
        policy: Completions { chosen: &w, rejected: &l, criterion: None },
        reference: Some(Completions { chosen: &rw, rejected: &rl, criterion: None }),
        tokens: None,
    };
    let output = checked(Loss::Dpo { beta: 0.1 }).compute(&batch).unwrap();
    output.losses.sum(Kind::Float).backward();
    assert!(w.grad().defined() && l.grad().defined());
    assert!(!rw.grad().defined() && !rl.grad().defined());
}
