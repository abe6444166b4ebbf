//! An order is found for every matrix: the search ends, whatever rounding does
//! to costs that are equal but for it.

// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use idl_order::{Policy, SessionOrder, order};
use ndarray::Array2;

/// Longer than any of these takes in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The orders of all policies, each of which must come within [`PATIENCE`]: a
/// search that never ends would hold up the tests without saying why.
fn ordered(matrix: &Array2<f64>, what: &str) -> Vec<SessionOrder> {
    let n = matrix.nrows();
    let (to, from) = mpsc::channel();
    let copy = matrix.clone();
    thread::spawn(move || {
        // On the scale of the matrix.
        let target: Vec<f64> = (0..n).map(|v| copy[[v, (v + n / 2) % n]]).collect();
        for policy in Policy::ALL {
            to.send((policy, order(copy.view(), policy, Some(&target)))).unwrap();
        }
    });
    let mut found = Vec::new();
    for policy in Policy::ALL {
        let next = from.recv_timeout(PATIENCE);
        let Ok((_, next)) = next else { panic!("{what}: no order by `{policy}`") };
        let next = next.unwrap();
        let mut sorted = next.order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..n).collect::<Vec<_>>(), "{what}, {policy}");
        assert!(next.cost.is_finite(), "{what}, {policy}: {}", next.cost);
        found.push(next);
    }
    found
}

/// Neighbours at no distance, all others at one of two: the first path costs
/// nothing, and what a move changes is often nothing but rounding.
fn line(n: usize, near: f64, far: [f64; 2], scale: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| {
        scale * if i.abs_diff(j) <= 1 { near } else { far[(i * j + i + j) % 2] }
    })
}

#[test]
fn a_path_that_costs_nothing_is_improved_no_further() {
    for n in 18..=30 {
        let matrix = line(n, 0.0, [6.0, 6.0 + 1.0 / 3.0], 1.0);
        let found = ordered(&matrix, &format!("{n} sessions in a line"));
        assert_eq!(found[0].cost, 0.0, "{n}");
        // Or from the end: what is nearer to the target stands last.
        let order = &found[0].order;
        assert!(order.windows(2).all(|pair| pair[0].abs_diff(pair[1]) == 1), "{order:?}");
        // One way round costs more, but no more than rounding can hide.
        let mut nearly = matrix.clone();
        nearly[[n - 1, 0]] += 1e-9;
        let found = ordered(&nearly, &format!("{n} sessions in a line, nearly symmetric"));
        assert_eq!(found[0].cost, 0.0, "{n}");
    }
}

#[test]
fn every_scale_and_direction_of_it() {
    for n in [12, 19, 23] {
        for scale in [1e-300, 1e-12, 1.0 / 3.0, 1e150, 1e299] {
            for near in [0.0, 1e-13] {
                for far in [[6.0, 6.0 + 1.0 / 3.0], [0.3, 0.1 + 0.2]] {
                    let what = format!("{n} at {scale:e}, {near} and {far:?}");
                    let matrix = line(n, near, far, scale);
                    let free = &ordered(&matrix, &what)[0];
                    let least = near * scale * (n - 1) as f64;
                    let room = 1e-9 * 7.0 * scale * n as f64;
                    assert!((free.cost - least).abs() <= room, "{what}: {}", free.cost);
                }
            }
        }
    }
}

#[test]
fn equal_entries_and_zeros() {
    for n in [11, 18, 19, 33] {
        for value in [0.0, 5e-324, 1e-300, 0.1, 1.0, 1e300] {
            let matrix = Array2::from_elem((n, n), value);
            for found in ordered(&matrix, &format!("{n} times {value:e}")) {
                let steps = value * (n - 1) as f64;
                assert!((found.cost - steps).abs() <= 1e-9 * steps + value, "{n}, {value:e}");
            }
        }
    }
}

#[test]
fn asymmetric_ones() {
    for n in [18, 19, 24, 30] {
        // The same line, one way up; and with all steps back by a potential.
        let up = Array2::from_shape_fn((n, n), |(i, j)| {
            let far = [6.0, 6.0 + 1.0 / 3.0][(i * j + 2 * i + j) % 2];
            if j == i + 1 { 0.0 } else { far + if i > j { 1.0 / 7.0 } else { 0.0 } }
        });
        let found = ordered(&up, &format!("{n} sessions up a line"));
        assert_eq!((found[0].cost, found[0].exact), (0.0, true), "{n}");
        let wind = line(n, 0.0, [6.0, 6.0 + 1.0 / 3.0], 1.0);
        let wind = Array2::from_shape_fn((n, n), |(i, j)| {
            wind[[i, j]] + if i > j { (i - j) as f64 / 3.0 } else { 0.0 }
        });
        let found = ordered(&wind, &format!("{n} sessions against the wind"));
        assert_eq!(found[0].cost, 0.0, "{n}");
        // Zeros and one number, so that almost all changes are 0.
        let sparse =
            Array2::from_shape_fn((n, n), |(i, j)| f64::from((3 * i + 5 * j) % 4 == 1) / 3.0);
        ordered(&sparse, &format!("{n} sessions, mostly at no distance"));
    }
}

#[test]
fn entries_of_every_size_at_once() {
    // From 1e-300 to 1e300 in one matrix: the change of a move may be lost in
    // the rounding of one entry, or be made of nothing else.
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    for n in [15, 19, 26] {
        for exponents in [600.0, 40.0, 14.0] {
            for symmetric in [true, false] {
                let mut matrix = Array2::from_shape_simple_fn((n, n), || {
                    10_f64.powf((next() - 0.5) * exponents)
                });
                if symmetric {
                    for i in 0..n {
                        for j in 0..i {
                            matrix[[i, j]] = matrix[[j, i]];
                        }
                    }
                }
                ordered(&matrix, &format!("{n} sessions, 1e{exponents}, {symmetric}"));
            }
        }
    }
}
