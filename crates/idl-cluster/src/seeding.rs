//! Greedy k-means++: where a run of k-means starts.
//!
//! k-means++ (Arthur and Vassilvitskii 2007) draws each next seed with a
//! probability in proportion to its squared distance from the seeds so far. The
//! greedy variant, from the same paper, draws a few and keeps the one that
//! brings the points nearest to seeds; scikit-learn does the same. Plain
//! k-means++, which is what linfa has, leaves one of many separate groups
//! without a seed often enough that ten runs may all miss it.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rand::Rng;

/// `clusters` rows of `points` (at most as many as there are distinct ones) as
/// first centroids, `[clusters, d]`. Time O(clusters * log(clusters) * n * d).
pub(crate) fn greedy_seeds(
    points: ArrayView2<'_, f64>,
    clusters: usize,
    rng: &mut impl Rng,
) -> Array2<f64> {
    // scikit-learn's number.
    let draws = 2 + (clusters as f64).ln() as usize;
    let mut seeds = vec![rng.gen_range(0..points.nrows())];
    let mut nearest = distances(points, points.row(seeds[0]));
    while seeds.len() < clusters {
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..draws {
            let candidate = draw(&nearest, rng);
            let mut then = distances(points, points.row(candidate));
            then.iter_mut().zip(&nearest).for_each(|(d, &before)| *d = d.min(before));
            let cost = then.iter().sum();
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, candidate, then));
            }
        }
        let Some((_, seed, then)) = best else { break };
        seeds.push(seed);
        nearest = then;
    }
    points.select(Axis(0), &seeds)
}

/// An index, in proportion to `weights` (not negative, not empty).
fn draw(weights: &[f64], rng: &mut impl Rng) -> usize {
    let mut left = rng.r#gen::<f64>() * weights.iter().sum::<f64>();
    let mut drawn = 0;
    for (i, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        drawn = i;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    drawn
}

/// Squared distances of all points from one.
fn distances(points: ArrayView2<'_, f64>, from: ArrayView1<'_, f64>) -> Vec<f64> {
    let squared = |row: ArrayView1<'_, f64>| -> f64 {
        row.iter().zip(from).map(|(a, b)| (a - b) * (a - b)).sum()
    };
    points.rows().into_iter().map(squared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn seeds_are_distinct_points() {
        let points = array![[0.0], [5.0], [0.0], [5.0], [1.0]];
        for seed in 0..20 {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let seeds = greedy_seeds(points.view(), 3, &mut rng);
            let mut seeds = seeds.into_raw_vec_and_offset().0;
            seeds.sort_by(f64::total_cmp);
            assert_eq!(seeds, [0.0, 1.0, 5.0]);
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut counts = [0; 4];
        for _ in 0..3000 {
            counts[draw(&[1.0, 0.0, 2.0, 0.0], &mut rng)] += 1;
        }
        assert_eq!((counts[1], counts[3]), (0, 0));
        assert!((900..1100).contains(&counts[0]), "{counts:?}");
    }
}
