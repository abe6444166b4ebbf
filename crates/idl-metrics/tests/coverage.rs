//! How often intervals hold the mean they are of. `--nocapture` prints the
//! table of the README.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use idl_metrics::intervals::{Interval, Intervals, Method};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const PERSONS: [usize; 3] = [4, 8, 20];
const STUDIES: usize = 4000;

/// Around the level that is promised, 0.95; of 4000 studies the share is off by
/// 0.0034 (one standard error).
const BAND: std::ops::RangeInclusive<f64> = 0.92..=0.98;

fn normal(rng: &mut impl Rng) -> f64 {
    // Box and Muller's; the logarithm's argument is in (0, 1].
    let (u, v): (f64, f64) = (1.0 - rng.r#gen::<f64>(), rng.r#gen());
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// A gamma distribution's numbers of shape 4, less their mean: skewness 1.
fn skewed(rng: &mut impl Rng) -> f64 {
    -(0..4).map(|_| (1.0 - rng.r#gen::<f64>()).ln()).sum::<f64>() - 4.0
}

type Draw = fn(&mut Xoshiro256PlusPlus) -> f64;
const DISTRIBUTIONS: [(&str, Draw); 2] = [("normal", normal), ("skewed", skewed)];

/// The share of studies of `persons` persons in which `ends` hold the true
/// mean, 0.
fn coverage(persons: usize, draw: Draw, ends: impl Fn(&[f64]) -> (f64, f64)) -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(17);
    let covered = (0..STUDIES)
        .filter(|_| {
            let values: Vec<f64> = (0..persons).map(|_| draw(&mut rng)).collect();
            let (low, high) = ends(&values);
            low <= 0.0 && 0.0 <= high
        })
        .count();
    covered as f64 / STUDIES as f64
}

fn ends(found: idl_metrics::Result<Interval>) -> (f64, f64) {
    let found = found.unwrap();
    (found.low, found.high)
}

fn t(values: &[f64]) -> (f64, f64) {
    ends(Intervals::default().mean(values))
}

fn studentised(values: &[f64]) -> (f64, f64) {
    let method = Method::StudentisedBootstrap { resamples: 999, seed: 5 };
    ends(Intervals { method, level: 0.95 }.mean(values))
}

/// What this crate does not offer: quantiles of the means of drawn persons.
fn percentile(values: &[f64]) -> (f64, f64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let n = values.len();
    let mut means: Vec<f64> = (0..1000)
        .map(|_| (0..n).map(|_| values[rng.gen_range(0..n)]).sum::<f64>() / n as f64)
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    (means[25], means[974])
}

#[test]
fn intervals_over_persons_hold_what_they_promise() {
    for (name, draw) in DISTRIBUTIONS {
        for (method, interval) in
            [("t", t as fn(&[f64]) -> (f64, f64)), ("studentised", studentised)]
        {
            for persons in PERSONS {
                let share = coverage(persons, draw, interval);
                println!("{method:<12} {name:<7} {persons:>2} persons: {share:.3}");
                assert!(BAND.contains(&share), "{method}, {name}, {persons} persons: {share}");
            }
        }
    }
}

#[test]
fn percentile_intervals_would_not() {
    for (name, draw) in DISTRIBUTIONS {
        for persons in PERSONS {
            let share = coverage(persons, draw, percentile);
            println!("percentile   {name:<7} {persons:>2} persons: {share:.3}");
            assert!(persons > 8 || share < *BAND.start(), "{name}, {persons} persons: {share}");
        }
    }
}

/// A mean over all replies, of persons who say more and less: no mean over
/// persons, and some persons weigh more.
#[test]
fn intervals_of_pooled_numbers_hold_what_they_promise() {
    for persons in PERSONS {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(23);
        let covered = (0..STUDIES)
            .filter(|_| {
                // The sum over a person's replies, and how many there are.
                let said: Vec<(f64, f64)> = (0..persons)
                    .map(|_| {
                        let replies = f64::from(rng.gen_range(8..=16_u8));
                        let own = normal(&mut rng);
                        (replies * own + replies.sqrt() * normal(&mut rng), replies)
                    })
                    .collect();
                let pooled = |chosen: &[usize]| {
                    let sum: f64 = chosen.iter().map(|&p| said[p].0).sum();
                    sum / chosen.iter().map(|&p| said[p].1).sum::<f64>()
                };
                let (low, high) = ends(Intervals::default().statistic(persons, pooled));
                low <= 0.0 && 0.0 <= high
            })
            .count();
        let share = covered as f64 / STUDIES as f64;
        println!("t, pooled    normal  {persons:>2} persons: {share:.3}");
        assert!(BAND.contains(&share), "{persons} persons: {share}");
    }
}
