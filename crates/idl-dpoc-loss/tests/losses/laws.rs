//! What holds for every input: invariances, derivatives, finiteness.

use idl_dpoc_loss::{Loss, Score};
use proptest::prelude::*;
use tch::Kind;

use crate::support::{Numbers, assert_close, checked, every_loss};

/// A batch of random examples; |a| up to about 8, at most 30 tokens.
fn batches() -> impl Strategy<Value = Numbers> {
    let example = (
        [-60.0..-9.0f64, -60.0..-9.0, -60.0..-9.0],
        [-8.0..8.0f64, -8.0..8.0, -8.0..8.0],
        [1..30u32, 1..30, 1..30],
    );
    prop::collection::vec(example, 1..5).prop_map(|examples| {
        let three = |f: &dyn Fn(usize, usize) -> f64| {
            [0, 1, 2].map(|k| (0..examples.len()).map(|i| f(i, k)).collect::<Vec<f64>>())
        };
        Numbers {
            policy: three(&|i, k| examples[i].0[k] + examples[i].1[k]),
            reference: three(&|i, k| examples[i].0[k]),
            tokens: three(&|i, k| f64::from(examples[i].2[k])),
        }
    })
}

/// How far the closest relu is from its corner: derivatives are compared with
/// differences only away from corners.
fn distance_to_corner(loss: &Loss, batch: &Numbers) -> f64 {
    let mut closest = f64::INFINITY;
    for i in 0..batch.policy[0].len() {
        let score = |k: usize| {
            let (ll, tokens) = (batch.policy[k][i], batch.tokens[k][i]);
            match loss.score() {
                Score::LogRatio => ll - batch.reference[k][i],
                Score::MeanLogRatio => (ll - batch.reference[k][i]) / tokens,
                _ => ll / tokens,
            }
        };
        let (w, l, c) = (score(0), score(1), score(2));
        let mut corners = vec![w - c, c - l];
        match *loss {
            Loss::Hinge { beta } => corners.push(1.0 - beta * (w - l)),
            Loss::Dpop { .. } => corners.push(w),
            _ => {}
        }
        closest = corners.iter().fold(closest, |least, corner| least.min(corner.abs()));
    }
    closest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Gradients are the derivatives, by central differences in f64.
    #[test]
    fn gradients_are_derivatives(batch in batches()) {
        let h = 1e-6;
        for loss in every_loss() {
            let name = loss.config().loss.name();
            if distance_to_corner(&loss.config().loss, &batch) < 1e-4 {
                continue;
            }
            let answer = batch.answer(&loss, Kind::Double).unwrap();
            for k in 0..3 {
                let shifted = |by: f64| {
                    let mut shifted = batch.clone();
                    shifted.policy[k].iter_mut().for_each(|ll| *ll += by);
                    shifted.answer(&loss, Kind::Double).unwrap().losses
                };
                let (up, down) = (shifted(h), shifted(-h));
                let slopes: Vec<f64> =
                    up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * h)).collect();
                assert_close(&answer.grads[k], &slopes, 1e-5, name);
            }
        }
    }

    /// Adding one constant to every score: no change exactly where
    /// `is_shift_invariant` says so, penalty or not. (Down by more than the
    /// largest a, since DPOP sees nothing while the chosen reply is above 0.)
    /// A loss may come back to where it was, but only once: of two shifts one is
    /// seen, unless chosen and rejected are alike, which APO-zero tells by their
    /// difference.
    #[test]
    fn shifts_are_seen_by_anchored_losses_only(batch in batches(), by in 9.0..12.0f64) {
        for loss in every_loss() {
            let kind = loss.config().loss;
            let shifted = |by: f64| {
                let mut shifted = batch.clone();
                for k in 0..3 {
                    for (ll, tokens) in shifted.policy[k].iter_mut().zip(&batch.tokens[k]) {
                        *ll -= if kind.score() == Score::LogRatio { by } else { by * tokens };
                    }
                }
                shifted.answer(&loss, Kind::Double).unwrap().losses
            };
            let before = batch.answer(&loss, Kind::Double).unwrap().losses;
            let [after, twice] = [by, 2.0 * by].map(shifted);
            if kind.is_shift_invariant() {
                assert_close(&after, &before, 1e-9, kind.name());
                assert_close(&twice, &before, 1e-9, kind.name());
            } else {
                let a = |k: usize, i: usize| batch.policy[k][i] - batch.reference[k][i];
                for i in (0..before.len()).filter(|&i| (a(0, i) - a(1, i)).abs() > 1e-3) {
                    let moved = [&after, &twice].map(|losses| (losses[i] - before[i]).abs());
                    prop_assert!(moved[0].max(moved[1]) > 1e-9, "{kind:?}");
                }
            }
        }
    }

    /// Examples do not see each other.
    #[test]
    fn a_batch_is_its_examples(batch in batches()) {
        for loss in every_loss() {
            let together = batch.answer(&loss, Kind::Float).unwrap();
            for i in 0..batch.policy[0].len() {
                let one = |three: &[Vec<f64>; 3]| three.each_ref().map(|values| vec![values[i]]);
                let alone = Numbers {
                    policy: one(&batch.policy),
                    reference: one(&batch.reference),
                    tokens: one(&batch.tokens),
                }
                .answer(&loss, Kind::Float)
                .unwrap();
                let name = loss.config().loss.name();
                assert_close(&alone.losses, &together.losses[i..=i], 1e-6, name);
            }
        }
    }

    /// f32 agrees with f64; the subtraction of the reference comes first.
    #[test]
    fn single_precision_is_enough(batch in batches()) {
        for loss in every_loss() {
            if distance_to_corner(&loss.config().loss, &batch) < 1e-3 {
                continue;
            }
            let name = loss.config().loss.name();
            let single = batch.answer(&loss, Kind::Float).unwrap();
            let double = batch.answer(&loss, Kind::Double).unwrap();
            assert_close(&single.losses, &double.losses, 1e-4, name);
            for k in 0..3 {
                assert_close(&single.grads[k], &double.grads[k], 1e-3, name);
            }
        }
    }
}

/// Which losses see that every score falls by the same, as the README lists
/// them: said here loss by loss, and found by the values alone. For each loss its
/// name, its parameters and whether a constant changes it.
#[test]
fn what_a_constant_changes_loss_by_loss() {
    let seen = [
        (Loss::Dpo { beta: 0.1 }, false),
        (Loss::Cdpo { beta: 0.1, label_smoothing: 0.1 }, false),
        (Loss::Robust { beta: 0.1, label_smoothing: 0.1 }, false),
        (Loss::Hinge { beta: 0.1 }, false),
        (Loss::Ipo { beta: 0.1 }, false),
        (Loss::DpoShift { beta: 0.1, shift: 0.95 }, true),
        // Without a shift it is DPO.
        (Loss::DpoShift { beta: 0.1, shift: 1.0 }, false),
        (Loss::Dpop { beta: 0.3, lambda: 50.0 }, true),
        (Loss::CalDpo { beta: 0.1 }, true),
        (Loss::Rpo { beta: 0.1, nll_weight: 1.0 }, true),
        (Loss::ApoZero { beta: 0.1 }, true),
        (Loss::Nca { beta: 0.1 }, true),
        (Loss::Simpo { beta: 2.0, gamma: 1.0 }, false),
        (Loss::Orpo { lambda: 0.1 }, true),
        (Loss::PlDpo { beta: 0.1 }, false),
        (Loss::DpocPaper { beta: 0.1, penalty: 2.0 }, false),
        (Loss::DpocReleased { beta: 0.1, penalty: 0.5 }, false),
    ];
    let named: Vec<&str> = seen.iter().map(|(loss, _)| loss.name()).collect();
    for loss in Loss::all() {
        assert!(named.contains(&loss.name()), "{} is not listed", loss.name());
    }
    // One token each, so that a and m differ by a constant. Downwards and chosen
    // below 0, where every corner is passed (DPOP sees nothing above it).
    let batch = Numbers {
        policy: [vec![-12.0], vec![-14.0], vec![-13.5]],
        reference: [vec![-10.0], vec![-11.0], vec![-12.0]],
        tokens: [(); 3].map(|()| vec![1.0]),
    };
    for (loss, sees) in seen {
        let value = |by: f64| {
            let mut batch = batch.clone();
            batch.policy.iter_mut().flatten().for_each(|ll| *ll += by);
            batch.answer(&checked(loss), Kind::Double).unwrap().losses[0]
        };
        let (before, after) = (value(0.0), value(-3.0));
        let found = (after - before).abs() > 1e-9 * (1.0 + before.abs());
        assert_eq!(found, sees, "{loss:?}: {before} and {after}");
        assert_eq!(loss.is_shift_invariant(), !sees, "{loss:?}");
        // Where it is seen, falling together is not what the loss wants.
        assert!(!sees || after > before, "{loss:?}: {before} and {after}");
    }
}

/// Anchored losses do move in a direction that can be named.
#[test]
fn falling_together_costs_under_anchored_losses() {
    for loss in [
        Loss::Dpop { beta: 0.3, lambda: 50.0 },
        Loss::CalDpo { beta: 0.1 },
        Loss::Rpo { beta: 0.1, nll_weight: 1.0 },
        Loss::Nca { beta: 0.1 },
    ] {
        let at = |a| Numbers::of_a(a).answer(&checked(loss), Kind::Double).unwrap().losses[0];
        assert!(at([-30.0, -31.0, -30.5]) > at([0.0, -1.0, -0.5]), "{loss:?}");
    }
}

/// Losses and gradients are finite for |a| = 1e4, in f32.
#[test]
fn finite_at_the_extremes() {
    let far = [-1e4, -1.0, 0.0, 1.0, 1e4];
    for loss in every_loss() {
        for w in far {
            for l in far {
                for c in far {
                    let answer = Numbers::of_a([w, l, c]).answer(&loss, Kind::Float).unwrap();
                    let all = answer.losses.iter().chain(answer.grads.iter().flatten());
                    for value in all {
                        let name = loss.config().loss.name();
                        assert!(value.is_finite(), "{name} at {w} {l} {c}: {value}");
                    }
                }
            }
        }
    }
}

/// A certain completion, log-probability 0, has infinite odds.
#[test]
fn orpo_is_finite_for_certain_completions() {
    let loss = checked(Loss::Orpo { lambda: 0.1 });
    for w in [0.0, -1e-30, -1e-7, -0.5] {
        for l in [0.0, -1e-30, -1e-7, -0.5] {
            let batch = Numbers {
                policy: [vec![w], vec![l], vec![-1.0]],
                reference: [(); 3].map(|()| vec![-1.0]),
                tokens: [(); 3].map(|()| vec![1.0]),
            };
            let answer = batch.answer(&loss, Kind::Float).unwrap();
            assert!(answer.losses[0].is_finite(), "{w} {l}");
            assert!(answer.grads.iter().flatten().all(|g| g.is_finite()), "{w} {l}");
        }
    }
}

/// Half precision in: f32 before the subtraction, f32 out.
#[test]
fn half_precision_goes_up_before_the_subtraction() {
    let batch = Numbers {
        // 300 and 302 are neighbours in bf16: their difference survives only
        // where it is taken of exactly these values.
        policy: [vec![-300.0], vec![-302.0], vec![-300.0]],
        reference: [vec![-302.0], vec![-302.0], vec![-302.0]],
        tokens: [(); 3].map(|()| vec![100.0]),
    };
    let loss = checked(Loss::Dpo { beta: 0.1 });
    let half = batch.answer(&loss, Kind::BFloat16).unwrap();
    assert_eq!(half.output.losses.kind(), Kind::Float);
    assert_eq!(half.losses, batch.answer(&loss, Kind::Float).unwrap().losses);
}
