//! The kernels for many pairs against the definition, at sizes that take
//! several groups, chunks and tiles.

use idl_conved::{ConvEd, Error, Tile, naive};
use ndarray::{Array2, Axis, Slice};

use crate::sessions::{Owned, views};

/// Numbers in `-1..1`, the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((self.next() + 1.0) / 2.0 * bound as f32) as usize % bound
    }
}

/// `n` sessions of up to 20 utterances. Roles: strictly in turn, in turn with
/// exceptions, or any of several.
pub(crate) fn sessions(n: usize, roles: usize, exceptions: usize) -> Vec<Owned> {
    let mut numbers = Numbers(n as u64 + 17);
    (0..n)
        .map(|_| {
            let len = numbers.below(21);
            let first = numbers.below(roles);
            let roles = (0..len)
                .map(|i| {
                    let exception = exceptions > 0 && numbers.below(exceptions) == 0;
                    ((first + i + usize::from(exception)) % roles) as u8 * 7
                })
                .collect();
            let embeddings = Array2::from_shape_simple_fn((len, 5), || numbers.next() + 0.7);
            Owned { roles, embeddings }
        })
        .collect()
}

pub(crate) fn conved(lambda: f64, insertion: f64, deletion: f64) -> ConvEd {
    ConvEd::params().lambda(lambda).insertion(insertion).deletion(deletion).check().unwrap()
}

fn definition(conved: &ConvEd, rows: &[Owned], columns: &[Owned]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| {
        naive::distance(conved, &rows[i].view(), &columns[j].view()).unwrap()
    })
}

pub(crate) fn assert_close(found: &Array2<f64>, truth: &Array2<f64>, what: &str) {
    assert_eq!(found.dim(), truth.dim(), "{what}");
    for ((at, x), y) in found.indexed_iter().zip(truth) {
        assert!((x - y).abs() < 1e-4, "{what} at {at:?}: {x}, not {y}");
    }
}

#[test]
fn every_size_layout_and_cost() {
    // Zero, one, two and three roles; lambda below and above insertion +
    // deletion, which decides whether fillers must be masked.
    for (roles, exceptions) in [(1, 0), (2, 0), (2, 4), (2, 1), (3, 2)] {
        for n in [1, 17, 75] {
            let all = sessions(n, roles, exceptions);
            let views = views(&all);
            for conved in [
                ConvEd::default(),
                conved(1.0, 1.0, 1.0),
                conved(0.0, 0.5, 2.0),
                conved(9.0, 3.0, 0.0),
            ] {
                let what = format!("{n} sessions, {roles} roles, {conved:?}");
                let truth = definition(&conved, &all, &all);
                assert_close(&conved.pairwise(&views).unwrap(), &truth, &what);
                assert_close(&conved.cdist(&views, &views).unwrap(), &truth, &what);
            }
        }
    }
}

#[test]
fn more_chunks_than_one() {
    let all = sessions(300, 2, 30);
    let conved = conved(5.0, 1.5, 0.5);
    let truth = definition(&conved, &all, &all);
    assert_close(&conved.pairwise(&views(&all)).unwrap(), &truth, "300 sessions");
}

#[test]
fn more_sessions_than_a_tile() {
    let mut all = sessions(1040, 2, 8);
    for session in &mut all {
        let len = session.roles.len() % 4;
        session.roles.truncate(len);
        session.embeddings = session.embeddings.slice_axis(Axis(0), Slice::from(..len)).to_owned();
    }
    let views = views(&all);
    let conved = conved(5.0, 1.5, 0.5);
    let (pairwise, cdist) = (conved.pairwise(&views).unwrap(), conved.cdist(&views, &views));
    assert_close(&pairwise, &cdist.unwrap(), "1040 sessions");
    for (i, j) in [(0, 1039), (1039, 0), (1023, 1024), (1024, 1023), (1030, 1035), (3, 700)] {
        let truth = conved.distance(&views[i], &views[j]).unwrap();
        assert!((pairwise[[i, j]] - truth).abs() < 1e-4, "({i}, {j})");
    }
}

#[test]
fn sessions_too_long_for_one_product() {
    // Up to 20 and up to 200 utterances: products of one group by one.
    let mut all = sessions(20, 2, 30);
    for session in all.iter_mut().step_by(7) {
        let copies = vec![session.embeddings.view(); 10];
        session.embeddings = ndarray::concatenate(Axis(0), &copies).unwrap();
        session.roles = session.roles.repeat(10);
    }
    let conved = conved(5.0, 1.0, 2.0);
    let truth = definition(&conved, &all, &all);
    for found in [conved.pairwise(&views(&all)), conved.cdist(&views(&all), &views(&all))] {
        let found = found.unwrap();
        for ((at, x), y) in found.indexed_iter().zip(&truth) {
            assert!((x - y).abs() < 1e-6 * y + 1e-3, "{at:?}: {x}, not {y}");
        }
    }
}

#[test]
fn tiles_cover_the_matrix_once() {
    let all = sessions(50, 2, 8);
    let views = views(&all);
    let conved = conved(5.0, 2.0, 1.0);
    let whole = conved.pairwise(&views).unwrap();
    for side in [1, 16, 33, 50, usize::MAX] {
        let mut found = Array2::from_elem((50, 50), f64::NAN);
        let sink = |tile: Tile<'_>| {
            let mut part = found.slice_axis_mut(Axis(0), Slice::from(tile.rows));
            let mut part = part.slice_axis_mut(Axis(1), Slice::from(tile.columns));
            assert!(part.iter().all(|x| x.is_nan()), "twice");
            part.assign(&tile.distances);
            Ok::<(), Error>(())
        };
        conved.pairwise_tiles(&views, side, sink).unwrap();
        assert_close(&found, &whole, &format!("tiles of {side}"));
    }
    let condensed = conved.pairwise_condensed(&views).unwrap();
    let upper = whole.indexed_iter().filter(|((i, j), _)| i < j).map(|(_, d)| d);
    assert!(condensed.iter().eq(upper));
}

#[test]
fn tiles_stop_when_told() {
    let all = sessions(5, 2, 0);
    let mut tiles = 0;
    let stopped = ConvEd::default().pairwise_tiles(&views(&all), 2, |_| {
        tiles += 1;
        Err(Error::TileSize)
    });
    assert_eq!((stopped, tiles), (Err(Error::TileSize), 1));
    let never = ConvEd::default().pairwise_tiles(&[], 0, |_| Ok::<(), Error>(()));
    assert_eq!(never, Err(Error::TileSize));
}

#[test]
fn a_huge_lambda_keeps_its_precision() {
    let all = sessions(20, 2, 5);
    let conved = conved(1e9, 1.0, 1.0);
    let truth = definition(&conved, &all, &all);
    assert_close(&conved.pairwise(&views(&all)).unwrap(), &truth, "lambda 1e9");
}

#[test]
fn squares_that_over_or_underflow_are_legal() {
    let at = |scale: f32| Owned {
        roles: vec![0, 1],
        embeddings: ndarray::arr2(&[[1.0, 0.0], [0.8, 0.6]]) * scale,
    };
    let all = [at(1.0), at(1e-30), at(1e30), at(f32::MAX)];
    let found = ConvEd::default().pairwise(&views(&all)).unwrap();
    assert_close(&found, &Array2::zeros((4, 4)), "scales");
}
