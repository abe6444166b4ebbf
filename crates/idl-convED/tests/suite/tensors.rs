//! Tensors against the CPU's kernels, on every device that there is.

use idl_conved::{ConvEd, Error, SessionView, TensorError, TensorSessions};
use ndarray::Array2;
use proptest::prelude::*;
use tch::{Device, Kind, Tensor};

use crate::kernels::{assert_close, conved, sessions};
use crate::sessions::{Owned, session, views};

fn devices() -> Vec<Device> {
    let cuda = tch::Cuda::is_available().then_some(Device::Cuda(0));
    std::iter::once(Device::Cpu).chain(cuda).collect()
}

fn array(tensor: &Tensor) -> Array2<f64> {
    assert_eq!(tensor.kind(), Kind::Double);
    let (rows, columns) = tensor.size2().unwrap();
    let values = Vec::<f64>::try_from(tensor.contiguous().view(-1)).unwrap();
    Array2::from_shape_vec((rows as usize, columns as usize), values).unwrap()
}

/// Both functions against the kernels, with blocks of every kind.
fn compare(conved: &ConvEd, all: &[SessionView<'_>], cells: usize, device: Device, what: &str) {
    let sessions = TensorSessions::from_views(all, device).unwrap();
    assert_eq!((sessions.len(), sessions.device()), (all.len() as i64, device));
    let found = array(&conved.pairwise_tensor(&sessions, cells).unwrap());
    assert_close(&found, &conved.pairwise(all).unwrap(), what);

    let some = &all[all.len() / 3..];
    let columns = TensorSessions::from_views(some, device);
    let columns = columns.unwrap();
    // No utterance at all has no dimension, so nothing to compare.
    if columns.dim() == sessions.dim() {
        let found = array(&conved.cdist_tensor(&sessions, &columns, cells).unwrap());
        assert_close(&found, &conved.cdist(all, some).unwrap(), what);
    }
}

#[test]
fn every_shape_role_and_cost() {
    for device in devices() {
        for (roles, exceptions) in [(1, 0), (2, 0), (2, 4), (3, 2)] {
            for n in [0, 1, 2, 30] {
                let all = sessions(n, roles, exceptions);
                for (conved, cells) in [
                    (ConvEd::default(), 0),
                    (conved(1.0, 1.0, 1.0), 1 << 14),
                    (conved(0.0, 0.5, 2.0), 5000),
                    (conved(9.0, 3.0, 0.0), usize::MAX),
                    (conved(1.0, 0.0, 0.0), 1000),
                    (ConvEd::params().normalize(true).check().unwrap(), 3000),
                ] {
                    let what = format!("{n} sessions, {roles} roles, {cells} cells, {conved:?}");
                    compare(&conved, &views(&all), cells, device, &what);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tensors_agree_with_the_kernels(
        all in prop::collection::vec(session(9, 3, 3), 0..7),
        lambda in 0.0..8.0, insertion in 0.0..4.0, deletion in 0.0..4.0, cells in 0_usize..400,
    ) {
        let conved = conved(lambda, insertion, deletion);
        compare(&conved, &views(&all), cells, Device::Cpu, "random sessions");
    }
}

#[test]
fn a_huge_lambda_keeps_its_precision() {
    for device in devices() {
        compare(&conved(1e6, 1.0, 1.0), &views(&sessions(20, 2, 5)), 2000, device, "lambda 1e6");
    }
}

#[test]
fn squares_that_over_or_underflow_are_legal() {
    let at = |scale: f32| Owned {
        roles: vec![0, 1],
        embeddings: ndarray::arr2(&[[1.0, 0.0], [0.8, 0.6]]) * scale,
    };
    let all = [at(1.0), at(1e-30), at(1e30), at(f32::MAX)];
    for device in devices() {
        compare(&ConvEd::default(), &views(&all), 100, device, "scales");
    }
}

#[test]
fn long_sessions_are_computed_in_stripes() {
    // Of one row, of some, and of all at once: the last of them not full.
    let mut all = sessions(7, 2, 9);
    for (i, session) in all.iter_mut().enumerate() {
        let copies = 1 + i % 3;
        let embeddings = vec![session.embeddings.view(); copies];
        session.embeddings = ndarray::concatenate(ndarray::Axis(0), &embeddings).unwrap();
        session.roles = session.roles.repeat(copies);
    }
    let longest = all.iter().map(|session| session.roles.len()).max().unwrap();
    assert!(longest > 20, "{longest}");
    for device in devices() {
        for conved in [ConvEd::default(), conved(1.0, 0.5, 2.0), conved(1e6, 1.0, 1.0)] {
            for cells in [0, 1, longest, 3 * longest + 1, longest * longest - 1, 1 << 20] {
                compare(&conved, &views(&all), cells, device, &format!("{cells} cells"));
            }
        }
    }
}

#[test]
fn padding_may_stand_anywhere_and_hold_anything() {
    // The same two sessions, padded at the end with zeros and before with NaN.
    let nan = f32::NAN;
    let end = [[1.0, 0.0], [0.6, 0.8], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0], [0.0, 0.0_f32]];
    let start = [[nan, nan], [1.0, 0.0], [0.6, 0.8], [nan, nan], [nan, nan], [0.0, 2.0]];
    let [end, start] = [end, start].map(|rows| Tensor::from_slice(rows.as_flattened()));
    let distance = |embeddings: &Tensor, roles: [i8; 6]| {
        let roles = Tensor::from_slice(&roles).view([2, 3]);
        let sessions = TensorSessions::new(&embeddings.view([2, 3, 2]), &roles).unwrap();
        array(&ConvEd::default().pairwise_tensor(&sessions, 1000).unwrap())
    };
    let at_end = distance(&end, [0, 1, -1, 1, -1, -1]);
    let at_start = distance(&start, [-7, 0, 1, -1, -1, 1]);
    assert_eq!(at_end, at_start);
    // One deletion, and 5 * (1 - 0.8) for the second utterance.
    assert!((at_end[[0, 1]] - 2.0).abs() < 1e-5);
}

#[test]
fn kinds_and_gradients() {
    let all = sessions(9, 2, 4);
    let reference = ConvEd::default().pairwise(&views(&all)).unwrap();
    let sessions = |kind, grad| {
        let longest = all.iter().map(|s| s.roles.len()).max().unwrap();
        let mut roles = vec![-1_i64; 9 * longest];
        let mut embeddings = vec![0.0_f32; 9 * longest * 5];
        for (i, session) in all.iter().enumerate() {
            for (j, &role) in session.roles.iter().enumerate() {
                roles[i * longest + j] = role.into();
                let at = (i * longest + j) * 5;
                embeddings[at..at + 5].copy_from_slice(&session.embeddings.row(j).to_vec());
            }
        }
        let embeddings = Tensor::from_slice(&embeddings).view([9, -1, 5]).to_kind(kind);
        let roles = Tensor::from_slice(&roles).view([9, -1]).to_kind(Kind::Int);
        TensorSessions::new(&embeddings.set_requires_grad(grad), &roles).unwrap()
    };
    for (kind, grad) in [(Kind::Float, true), (Kind::Double, false)] {
        let found = ConvEd::default().pairwise_tensor(&sessions(kind, grad), 1000).unwrap();
        assert!(!found.requires_grad());
        assert_close(&array(&found), &reference, &format!("{kind:?}"));
    }
    // Half precision rounds the embeddings, and must run.
    let found = ConvEd::default().pairwise_tensor(&sessions(Kind::BFloat16, false), 1000).unwrap();
    assert!((array(&found) - &reference).iter().all(|x| x.abs() < 1.0));
}

#[test]
fn bad_tensors_have_their_errors() {
    let ones = |shape: &[i64]| Tensor::ones(shape, (Kind::Float, Device::Cpu));
    let roles = |shape: &[i64]| Tensor::zeros(shape, (Kind::Int64, Device::Cpu));
    for (embeddings, roles) in [
        (ones(&[2, 3]), roles(&[2, 3])),
        (ones(&[2, 3, 4]), roles(&[2, 4])),
        (ones(&[2, 3, 4]), roles(&[6])),
        (ones(&[2, 0, 4]), roles(&[2, 0])),
        (ones(&[2, 3, 0]), roles(&[2, 3])),
    ] {
        let error = TensorSessions::new(&embeddings, &roles).unwrap_err();
        assert!(matches!(error, TensorError::Shape { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{:?}", roles.size())), "{error}");
    }
    let error = TensorSessions::new(&ones(&[2, 3, 4]), &ones(&[2, 3])).unwrap_err();
    assert!(matches!(error, TensorError::RoleKind(Kind::Float)), "{error}");
    for bad in [0.0, f64::NAN, f64::INFINITY] {
        let embeddings = ones(&[2, 3, 4]);
        let _ = embeddings.get(1).get(2).fill_(bad);
        let error = TensorSessions::new(&embeddings, &roles(&[2, 3])).unwrap_err();
        let TensorError::Embedding { session: 1, utterance: 2 } = error else {
            panic!("{error} for {bad}")
        };
    }

    // What `f64` holds and `f32` does not, in one component or in all; computed
    // in `f32`, distances would be NaN, or directions lost.
    let double = |value: f64, all: bool| {
        let embeddings = ones(&[2, 3, 4]).to_kind(Kind::Double);
        let utterance = embeddings.get(1).get(2);
        let _ = if all { utterance } else { utterance.get(3) }.fill_(value);
        embeddings
    };
    let most = f64::from(f32::MAX);
    for (value, all) in [
        (1e39, false),
        (-1e300, false),
        (f64::MAX, true),
        (most * 1.001, true),
        (f64::NEG_INFINITY, false),
        (f64::NAN, false),
        (1e-39, true),
        (-1e-300, true),
        (5e-324, true),
        (0.0, true),
    ] {
        let error = TensorSessions::new(&double(value, all), &roles(&[2, 3])).unwrap_err();
        let TensorError::Embedding { session: 1, utterance: 2 } = error else {
            panic!("{error} for {value:e}")
        };
        // Nobody looks where there is no utterance.
        let absent = roles(&[2, 3]);
        let _ = absent.get(1).get(2).fill_(-1);
        assert!(TensorSessions::new(&double(value, all), &absent).is_ok(), "{value:e}");
    }
    // What `f32` can just hold is legal.
    for (value, all) in [(most, false), (-most, true), (1.2e-38, true), (1e-300, false)] {
        let sessions = TensorSessions::new(&double(value, all), &roles(&[2, 3])).unwrap();
        for lambda in [5.0, 1e6] {
            let found = array(&conved(lambda, 1.0, 1.0).pairwise_tensor(&sessions, 100).unwrap());
            assert!(found.iter().all(|x| x.is_finite()), "{value:e}: {found}");
        }
    }

    let (two, three) = (Array2::ones((1, 2)), Array2::ones((1, 3)));
    let two = SessionView::new(&[0], two.view()).unwrap();
    let three = SessionView::new(&[0], three.view()).unwrap();
    let error = TensorSessions::from_views(&[two, three], Device::Cpu).unwrap_err();
    let expected = Error::DimensionMismatch { session: 1, expected: 2, found: 3 };
    assert!(matches!(error, TensorError::Sessions(e) if e == expected), "{error}");
    let [two, three] = [two, three].map(|s| TensorSessions::from_views(&[s], Device::Cpu).unwrap());
    let error = ConvEd::default().cdist_tensor(&two, &three, 1).unwrap_err();
    assert!(matches!(error, TensorError::Dimension { rows: 2, columns: 3 }), "{error}");
}
