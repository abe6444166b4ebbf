//! Values and gradients worked out by hand.
//!
//! Two points: a = 0, where training starts, and a = (0, -10 ln 3, 0) at
//! beta = 0.1, where beta D = ln 3 and sigmoid(beta D) is exactly 3/4.

use std::f64::consts::LN_2;

use idl_dpoc_loss::Loss;
use tch::Kind;

use crate::support::{Numbers, assert_close, checked};

const BETA: f64 = 0.1;

/// Loss and gradients with respect to a_w, a_l, a_c at the example `a`.
#[track_caller]
fn expect(loss: Loss, a: [f64; 3], value: f64, grads: [f64; 3]) {
    for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 2e-6)] {
        let answer = Numbers::of_a(a).answer(&checked(loss), kind).unwrap();
        assert_close(&answer.losses, &[value], tolerance, loss.name());
        let found = answer.grads.map(|g| g[0]);
        assert_close(&found, &grads, tolerance, &format!("gradient of {}", loss.name()));
    }
}

/// At a = 0: every sigmoid is 1/2, every -log sigmoid is ln 2, every relu of a
/// difference has value and subgradient 0.
#[test]
fn at_the_start() {
    let zero = [0.0; 3];
    let half = BETA / 2.0;
    // -log sigmoid(0); -+ beta sigmoid(0).
    expect(Loss::Dpo { beta: BETA }, zero, LN_2, [-half, half, 0.0]);
    // Both terms are ln 2, weights sum to 1; beta (1/2 - (1 - e)).
    let e = 0.2;
    let cdpo = Loss::Cdpo { beta: BETA, label_smoothing: e };
    expect(cdpo, zero, LN_2, [BETA * (0.5 - 0.8), BETA * 0.3, 0.0]);
    // (1-e - e) ln 2 / (1-2e) = ln 2; -beta [(1-e)/2 + e/2] / (1-2e) = -beta / (2 (1-2e)).
    let robust = Loss::Robust { beta: BETA, label_smoothing: e };
    expect(robust, zero, LN_2, [-half / 0.6, half / 0.6, 0.0]);
    // relu(1); -beta inside the hinge.
    expect(Loss::Hinge { beta: BETA }, zero, 1.0, [-BETA, BETA, 0.0]);
    // (1/(2 beta))^2 = 25; 2 (0 - 5) = -10.
    expect(Loss::Ipo { beta: BETA }, zero, 25.0, [-10.0, 10.0, 0.0]);
    // relu(-a_w) is on its corner: no pull of q.
    expect(Loss::Dpop { beta: BETA, lambda: 50.0 }, zero, LN_2, [-half, half, 0.0]);
    // ln 2 + 25 + 25; -1/2 + 2 (0 - 5) and 1/2 + 2 (0 + 5).
    expect(Loss::CalDpo { beta: BETA }, zero, LN_2 + 50.0, [-10.5, 10.5, 0.0]);
    // f scales the rejected gradient.
    expect(Loss::DpoShift { beta: BETA, shift: 0.5 }, zero, LN_2, [-half, half / 2.0, 0.0]);
    // of_a puts log pi at -1 over one token: + 3 * 1, gradient -3 more.
    let rpo = Loss::Rpo { beta: BETA, nll_weight: 3.0 };
    expect(rpo, zero, LN_2 + 3.0, [-half - 3.0, half, 0.0]);
    // 1/2 + 1/2; beta / 4.
    expect(Loss::ApoZero { beta: BETA }, zero, 1.0, [-BETA / 4.0, BETA / 4.0, 0.0]);
    // (1 + 1/2 + 1/2) ln 2; beta (3/4 - 1) and beta / 4.
    expect(Loss::Nca { beta: BETA }, zero, 2.0 * LN_2, [-BETA / 4.0, BETA / 4.0, 0.0]);
    // m_w = m_l: log(1 + e^gamma) = ln 4 at gamma = ln 3; beta sigmoid(gamma) = 3 beta / 4.
    let simpo = Loss::Simpo { beta: 2.0, gamma: 3f64.ln() };
    expect(simpo, zero, 2.0 * LN_2, [-1.5, 1.5, 0.0]);
    // m = -1, so lambda ln 2 + 1, and lambda/2 / (1 - 1/e) beside the NLL's -1.
    let pull = 0.1 / 2.0 / (1.0 - (-1f64).exp());
    expect(Loss::Orpo { lambda: 0.1 }, zero, 0.1 * LN_2 + 1.0, [-1.0 - pull, pull, 0.0]);
    // ln 6; beta (1/3 - 1), beta (1/3 + 1/2), beta (1/3 - 1/2).
    let third = BETA / 3.0;
    let pl = [-2.0 * third, third + half, third - half];
    expect(Loss::PlDpo { beta: BETA }, zero, 6f64.ln(), pl);
    // DPO's, since both relu are on their corners.
    expect(Loss::DpocPaper { beta: BETA, penalty: 2.0 }, zero, LN_2, [-half, half, 0.0]);
    expect(Loss::DpocReleased { beta: BETA, penalty: 0.5 }, zero, LN_2, [-half, half, 0.0]);
}

/// beta D = ln 3: sigmoid = 3/4, -log sigmoid = ln(4/3), the gradient's factor
/// sigmoid(-ln 3) = 1/4. a_c = a_w, no violation.
#[test]
fn with_a_lead_of_log_three() {
    let a = [0.0, -10.0 * 3f64.ln(), 0.0];
    let value = (4f64 / 3.0).ln();
    let quarter = BETA / 4.0;
    expect(Loss::Dpo { beta: BETA }, a, value, [-quarter, quarter, 0.0]);
    // 3/4 (ln 4/3) + 1/4 (ln 4); s = 1 - e, where cDPO stops pulling.
    let cdpo = Loss::Cdpo { beta: BETA, label_smoothing: 0.25 };
    expect(cdpo, a, 0.75 * value + 0.25 * 4f64.ln(), [0.0; 3]);
    // [3/4 ln 4/3 - 1/4 ln 4] / (1/2); -beta [3/4 1/4 + 1/4 3/4] / (1/2) = -3/4 beta.
    let robust = Loss::Robust { beta: BETA, label_smoothing: 0.25 };
    let grads = [-0.75 * BETA, 0.75 * BETA, 0.0];
    expect(robust, a, 1.5 * value - 0.5 * 4f64.ln(), grads);
    // 1.0986 > 1: beyond the hinge.
    expect(Loss::Hinge { beta: BETA }, a, 0.0, [0.0; 3]);
    // 1 - 1/2 + sigmoid(-ln 3) = 3/4; beta/4 and beta 3/16.
    let apo = [-quarter, BETA * 3.0 / 16.0, 0.0];
    expect(Loss::ApoZero { beta: BETA }, a, 0.75, apo);
    // r_w = 0, r_l = -ln 3: ln 2 + ln 2 / 2 + ln(4/3) / 2; 0.5 beta / 4.
    let nca = [-quarter, BETA / 8.0, 0.0];
    expect(Loss::Nca { beta: BETA }, a, 1.5 * LN_2 + 0.5 * value, nca);
    // softmax of (0, 0, -ln 3) = (3, 3, 1) / 7; then c over l as DPO.
    let pl = [BETA * (3.0 / 7.0 - 1.0), BETA * (1.0 / 7.0 + 0.25), BETA * (3.0 / 7.0 - 0.25)];
    expect(Loss::PlDpo { beta: BETA }, a, (7f64 / 3.0).ln() + value, pl);
}

/// The chosen reply has become less likely: a = (-1, -1 - 10 ln 3 + 10, ..).
#[test]
fn dpop_pulls_a_fallen_chosen_reply_up() {
    // beta (D - q) = ln 3 at q = 10, a_w = -1: -log sigmoid = ln(4/3), g = 1/4.
    let a_l = -1.0 - 10.0 * 3f64.ln() - 10.0;
    let loss = Loss::Dpop { beta: BETA, lambda: 10.0 };
    let grads = [-BETA / 4.0 * 11.0, BETA / 4.0, 0.0];
    expect(loss, [-1.0, a_l, 0.0], (4f64 / 3.0).ln(), grads);
}

/// a_w = 0 < a_c = 2, and a_c < a_l = 5: both orders violated, by 2 and by 3.
#[test]
fn dpoc_with_both_orders_violated() {
    let a = [0.0, 5.0, 2.0];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    // beta D = -0.5; p (2 + 3) = 10; -beta g - p, beta g + p, p (1 - 1) = 0.
    let g = sigmoid(0.5);
    let paper = Loss::DpocPaper { beta: BETA, penalty: 2.0 };
    let grads = [-BETA * g - 2.0, BETA * g + 2.0, 0.0];
    expect(paper, a, -sigmoid(-0.5).ln() + 10.0, grads);
    // z = -5 + 0.5 (-2 - 3) = -7.5; beta g (1 + 0.5), and a_c cancels.
    let g = sigmoid(0.75);
    let released = Loss::DpocReleased { beta: BETA, penalty: 0.5 };
    let grads = [-BETA * g * 1.5, BETA * g * 1.5, 0.0];
    expect(released, a, -sigmoid(-0.75).ln(), grads);
}

/// a_c above a_w only: u = 1, v = 0.
#[test]
fn dpoc_with_one_order_violated() {
    let a = [1.0, 0.0, 4.0];
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let g = sigmoid(-0.1);
    let paper = Loss::DpocPaper { beta: BETA, penalty: 2.0 };
    expect(paper, a, -sigmoid(0.1).ln() + 6.0, [-BETA * g - 2.0, BETA * g, 2.0]);
    // z = 1 - 0.5 * 3 = -0.5.
    let g = sigmoid(0.05);
    let released = Loss::DpocReleased { beta: BETA, penalty: 0.5 };
    expect(released, a, -sigmoid(-0.05).ln(), [-BETA * g * 1.5, BETA * g, BETA * g * 0.5]);
}
