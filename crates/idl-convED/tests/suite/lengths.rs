//! Sessions of very different lengths: those that are alone in their group,
//! products in stripes, tiles that end early.

use idl_conved::{ConvEd, Error, SessionView, Tile};
use ndarray::{Array1, Array2, ArrayView2};

use crate::kernels::{Numbers, conved};
use crate::sessions::{Owned, views};

/// Sessions of these lengths. With `roles` of one or two, they are in turn with
/// an exception now and then; with three, any.
fn of_lengths(lengths: &[usize], roles: usize, dim: usize) -> Vec<Owned> {
    let mut numbers = Numbers(lengths.iter().sum::<usize>() as u64 + 3);
    lengths
        .iter()
        .map(|&len| {
            let role = |i: usize, n: &mut Numbers| match roles {
                3 => n.below(3) as u8,
                _ => ((i + usize::from(n.below(40) == 0)) % roles) as u8,
            };
            Owned {
                roles: (0..len).map(|i| role(i, &mut numbers)).collect(),
                embeddings: Array2::from_shape_simple_fn((len, dim), || numbers.next() + 0.7),
            }
        })
        .collect()
}

/// Everything for many pairs against one pair at a time, in `f64`, which is
/// itself held against the definition elsewhere.
fn compare(conved: &ConvEd, all: &[SessionView<'_>], what: &str) {
    let pairwise = conved.pairwise(all).unwrap();
    let half = all.len() / 2;
    let cdist = conved.cdist(&all[half..], &all[..half]).unwrap();
    let condensed = conved.pairwise_condensed(all).unwrap();
    let upper = pairwise.indexed_iter().filter(|((i, j), _)| i < j).map(|(_, d)| d);
    assert!(condensed.iter().eq(upper), "{what}");
    for (i, a) in all.iter().enumerate() {
        let row = conved.one_to_many(a, all).unwrap();
        for (j, b) in all.iter().enumerate() {
            if i == j {
                assert_eq!(pairwise[[i, i]], 0.0);
                continue;
            }
            let truth = conved.distance(a, b).unwrap();
            // `f32` sums of up to as many numbers as are matched.
            let room = 1e-6 * (1 + a.len() + b.len()) as f64 + 1e-4;
            let mut found = vec![pairwise[[i, j]], row[j]];
            if i >= half && j < half {
                found.push(cdist[[i - half, j]]);
            }
            for found in found {
                let (m, n) = (a.len(), b.len());
                assert!((found - truth).abs() < room, "{what}, {m} and {n}: {found}, not {truth}");
            }
        }
    }
}

#[test]
fn one_long_session_among_short_ones() {
    for roles in [1, 2, 3] {
        let mut lengths = [20; 16];
        lengths[11] = 1500;
        let all = of_lengths(&lengths, roles, 5);
        // Masked or not.
        for conved in [conved(5.0, 1.0, 2.0), conved(1.0, 1.0, 1.0)] {
            compare(&conved, &views(&all), &format!("{roles} roles, {conved:?}"));
        }
    }
}

#[test]
fn lengths_of_every_size() {
    // Empty, short, alone, longer than any group, and a full group of long ones.
    for roles in [1, 2, 3] {
        let mut lengths = vec![0, 1, 2, 15, 16, 17, 33, 64, 100, 333, 1100, 1200, 0, 40];
        lengths.extend((0..20).map(|i| 150 + i));
        let all = of_lengths(&lengths, roles, 3);
        compare(&conved(5.0, 1.5, 0.5), &views(&all), &format!("{roles} roles"));
    }
}

#[test]
fn a_group_of_long_sessions_is_striped() {
    // Sixteen side by side, whose products have 2 million entries.
    let all = of_lengths(&[90; 33], 1, 4);
    compare(&ConvEd::default(), &views(&all), "33 of 90");
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let mut lengths = vec![300, 1300, 5];
    lengths.extend([18; 40]);
    let all = of_lengths(&lengths, 2, 6);
    let found = [1, 2, 5].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ConvEd::default().pairwise(&views(&all)).unwrap())
    });
    assert!(found[0] == found[1] && found[0] == found[2]);
}

#[test]
fn tiles_of_many_utterances_end_early() {
    // 40,000 utterances a session: two do not go into one tile.
    let embedding = Array2::from_elem((1, 1), 1.0);
    let roles: Vec<u8> = (0..40_000).map(|i| (i % 2) as u8).collect();
    let long = embedding.broadcast((roles.len(), 1)).unwrap();
    let long = SessionView::new(&roles, long).unwrap();
    let short = SessionView::new(&roles[..3], embedding.broadcast((3, 1)).unwrap()).unwrap();
    let all = [short, long, short, short, short];
    let conved = ConvEd::default();
    let (mut tiles, mut covered) = (Vec::new(), Array2::from_elem((5, 5), 0));
    let sink = |tile: Tile<'_>| {
        for ((i, j), &distance) in tile.distances.indexed_iter() {
            let (i, j) = (tile.rows.start + i, tile.columns.start + j);
            covered[[i, j]] += 1;
            let lengths = all[i].len().abs_diff(all[j].len()) as f64;
            assert!((distance - lengths).abs() < 0.1, "{i}, {j}: {distance}");
        }
        tiles.push((tile.rows, tile.columns));
        Ok::<(), Error>(())
    };
    conved.pairwise_tiles(&all, 3, sink).unwrap();
    assert!(covered.iter().all(|&times| times == 1), "{covered}");
    assert_eq!(tiles.len(), 4, "{tiles:?}");
    // Two of the long ones make a tile each.
    let mut shapes = Vec::new();
    let stop = conved.pairwise_tiles(&[long, long, short], 9, |tile| {
        shapes.push((tile.rows, tile.columns));
        Err(Error::TileSize)
    });
    assert_eq!((stop, shapes), (Err(Error::TileSize), vec![(0..1, 0..1)]));
}

#[test]
fn what_no_memory_can_hold_is_an_error() {
    // More bytes than any address has bits for: also at two bits a pair.
    let roles = vec![0; 1 << 25];
    let one = Array1::from_elem(1, 1.0);
    let long: ArrayView2<'_, f32> = one.broadcast((roles.len(), 1)).unwrap();
    let long = SessionView::new(&roles, long).unwrap();
    let conved = ConvEd::default();
    let (cells, rows) = ((1 << 25) + 1, 1 << 25);
    let matrix = Error::Memory { rows: cells, columns: cells, bytes: 8 };
    assert_eq!(conved.cost_matrix(&long, &long).unwrap_err(), matrix);
    assert_eq!(idl_conved::naive::cost_matrix(&conved, &long, &long).unwrap_err(), matrix);
    assert_eq!(idl_conved::naive::distance(&conved, &long, &long).unwrap_err(), matrix);
    // Four edits to a byte.
    let edits = Error::Memory { rows, columns: rows / 4, bytes: 1 };
    assert_eq!(conved.alignment(&long, &long).unwrap_err(), edits);

    let none = SessionView::new(&[], ArrayView2::from_shape((0, 0), &[]).unwrap()).unwrap();
    let (many, n) = (vec![none; 1 << 22], 1 << 22);
    let matrix = Error::Memory { rows: n, columns: n, bytes: 8 };
    assert_eq!(conved.pairwise(&many).unwrap_err(), matrix);
    assert_eq!(conved.cdist(&many, &many).unwrap_err(), matrix);
    let never = conved.pairwise_tiles(&many, usize::MAX, |_| Ok::<(), Error>(()));
    assert_eq!(never.unwrap_err(), matrix);
    assert!(matrix.to_string().contains("4194304 x 4194304"), "{matrix}");
}
