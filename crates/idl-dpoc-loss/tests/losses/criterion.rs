//! The criterion penalty: its sign, its corner, its equality with DPOC.

use idl_dpoc_loss::{Loss, LossConfig};
use proptest::prelude::*;
use tch::Kind;

use crate::support::{Numbers, assert_close, checked, numbers};

const BETA: f64 = 0.1;

/// Eq. 11 as printed: `-[log sigmoid(beta D) - min(0, p (a_w - a_c)) -
/// min(0, p (a_c - a_l))]`, whose violations lower the loss.
fn equation_11(a: [f64; 3], p: f64) -> f64 {
    let [w, l, c] = a;
    let log_sigmoid = |x: f64| -(-x).exp().ln_1p();
    -(log_sigmoid(BETA * (w - l)) - (p * (w - c)).min(0.0) - (p * (c - l)).min(0.0))
}

fn value(loss: Loss, a: [f64; 3]) -> f64 {
    Numbers::of_a(a).answer(&checked(loss), Kind::Double).unwrap().losses[0]
}

proptest! {
    /// A violated order raises both forms of ours above DPO and lowers eq. 11
    /// below it; a kept order, ties included, leaves all three at DPO.
    #[test]
    fn violations_raise_the_loss(a in [-20..=20i32, -20..=20, -20..=20]) {
        // Quarters: ties are drawn, and what is no tie is no rounding either.
        let a @ [w, l, c] = a.map(|quarters| f64::from(quarters) / 4.0);
        let dpo = value(Loss::Dpo { beta: BETA }, a);
        let paper = value(Loss::DpocPaper { beta: BETA, penalty: 2.0 }, a);
        let released = value(Loss::DpocReleased { beta: BETA, penalty: 0.5 }, a);
        let printed = equation_11(a, 2.0);
        if w >= c && c >= l {
            for other in [paper, released, printed] {
                prop_assert!((other - dpo).abs() < 1e-12);
            }
        } else {
            prop_assert!(paper > dpo && released > dpo && printed < dpo);
            // Mirror images about DPO.
            prop_assert!((paper - dpo - (dpo - printed)).abs() < 1e-9);
        }
    }
}

#[test]
fn dpo_with_the_penalty_added_is_dpoc_of_the_paper() {
    let numbers = Numbers::of_a([0.3, 1.4, 0.9]);
    let added =
        LossConfig { loss: Loss::Dpo { beta: BETA }, criterion_penalty: 2.0 }.check().unwrap();
    let paper = checked(Loss::DpocPaper { beta: BETA, penalty: 2.0 });
    let added = numbers.answer(&added, Kind::Float).unwrap();
    let paper = numbers.answer(&paper, Kind::Float).unwrap();
    assert_eq!(added.losses, paper.losses);
    assert_eq!(added.grads, paper.grads);
    assert_eq!(added.output.summary().unwrap(), paper.output.summary().unwrap());
}

#[test]
fn a_penalty_of_zero_is_dpo() {
    let numbers = Numbers::of_a([0.3, 1.4, 0.9]);
    let dpo = numbers.answer(&checked(Loss::Dpo { beta: BETA }), Kind::Float).unwrap();
    for loss in [
        Loss::DpocPaper { beta: BETA, penalty: 0.0 },
        Loss::DpocReleased { beta: BETA, penalty: 0.0 },
    ] {
        let answer = numbers.answer(&checked(loss), Kind::Float).unwrap();
        assert_eq!(answer.losses, dpo.losses);
        assert_eq!(answer.grads, dpo.grads);
    }
}

/// At a = 0 the penalty pulls nowhere, whatever its weight.
#[test]
fn the_subgradient_at_the_corner_is_zero() {
    let numbers = Numbers::of_a([0.0; 3]);
    let dpo = numbers.answer(&checked(Loss::Dpo { beta: BETA }), Kind::Float).unwrap();
    for loss in [
        Loss::DpocPaper { beta: BETA, penalty: 1e6 },
        Loss::DpocReleased { beta: BETA, penalty: 1e6 },
        Loss::Dpop { beta: BETA, lambda: 1e6 },
    ] {
        assert_eq!(numbers.answer(&checked(loss), Kind::Float).unwrap().grads, dpo.grads);
    }
}

#[test]
fn rewards_shares_and_penalties_are_reported() {
    // Orders: kept; c above w; c below l; all tied.
    let a: [[f64; 4]; 3] = [[3.0, 0.0, 2.0, 1.0], [1.0, -2.0, 1.0, 1.0], [2.0, 1.0, 0.0, 1.0]];
    let batch = Numbers {
        policy: a.map(|a| a.iter().map(|a| a - 20.0).collect()),
        reference: [(); 3].map(|()| vec![-20.0; 4]),
        tokens: [(); 3].map(|()| vec![4.0; 4]),
    };
    let loss = checked(Loss::DpocPaper { beta: 0.5, penalty: 2.0 });
    let output = batch.answer(&loss, Kind::Float).unwrap().output;
    assert_close(&numbers(&output.rewards.chosen), &[1.5, 0.0, 1.0, 0.5], 1e-6, "chosen");
    assert_close(&numbers(&output.margins().unwrap()), &[1.0, 1.0, 0.5, 0.0], 1e-6, "margins");
    assert_eq!(numbers(&output.accuracies().unwrap()), [1.0, 1.0, 1.0, 0.0]);
    let penalties = output.penalties.as_ref().unwrap();
    assert_close(&numbers(penalties), &[0.0, 2.0, 2.0, 0.0], 1e-6, "penalties");
    assert!(!penalties.requires_grad() && !output.rewards.chosen.requires_grad());

    let summary = output.summary().unwrap();
    let c = summary.criterion.unwrap();
    assert_eq!((summary.margin, summary.accuracy, summary.penalty), (0.625, 0.75, Some(1.0)));
    assert_eq!((c.reward, c.chosen_margin, c.rejected_margin), (0.5, 0.25, 0.375));
    assert_eq!((c.chosen_accuracy, c.rejected_accuracy), (0.5, 0.5));
    assert_eq!((c.chosen_active, c.rejected_active), (0.25, 0.25));
    let names: Vec<_> = summary.metrics().into_iter().map(|(name, _)| name).collect();
    for name in ["rewards/criterion", "rewards/chosen_criterion", "penalty/mean"] {
        assert!(names.contains(&name), "{names:?}");
    }
}
