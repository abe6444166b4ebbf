//! From logits to a token: transformers' processors, in its order.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::error::{Error, Result};
use crate::generate::params::DecodingParams;

/// What chooses the tokens of one reply. It has its own random numbers, so
/// that a reply does not depend on what is generated beside it.
#[derive(Debug)]
pub(crate) struct Sampler {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    min_p: f64,
    penalty: f64,
    /// Whether a token has been seen, where that matters.
    seen: Vec<bool>,
    rng: Xoshiro256PlusPlus,
}

/// A token that may be drawn, with its processed score.
type Candidate = (u32, f32);

impl Sampler {
    /// `prompt` counts as seen.
    pub(crate) fn new(params: &DecodingParams, prompt: &[i64], vocabulary: i64) -> Self {
        let penalised = params.repetition_penalty != 1.0;
        let seen = vec![false; if penalised { vocabulary as usize } else { 0 }];
        let mut sampler = Sampler {
            temperature: params.temperature,
            top_k: params.top_k.unwrap_or(usize::MAX),
            top_p: params.top_p,
            min_p: params.min_p,
            penalty: params.repetition_penalty,
            seen,
            rng: Xoshiro256PlusPlus::seed_from_u64(params.seed),
        };
        for &id in prompt {
            sampler.see(id);
        }
        sampler
    }

    /// Whether the next token is simply the likeliest.
    pub(crate) fn takes_argmax(&self) -> bool {
        self.temperature == 0.0 && self.seen.is_empty()
    }

    fn see(&mut self, id: i64) {
        if let Some(seen) = usize::try_from(id).ok().and_then(|id| self.seen.get_mut(id)) {
            *seen = true;
        }
    }

    /// The next token. Changes `logits`.
    pub(crate) fn next(&mut self, logits: &mut [f32]) -> Result<i64> {
        check_logits(logits)?;
        self.penalise(logits);
        let id = if self.temperature == 0.0 {
            likeliest(logits)
        } else {
            let candidates = self.candidates(logits);
            // So cold, or so penalised, that scores are no numbers any more.
            if greatest(&candidates).is_finite() {
                draw(&candidates, &mut self.rng)
            } else {
                likeliest(logits)
            }
        };
        self.see(id);
        Ok(id)
    }

    fn penalise(&self, logits: &mut [f32]) {
        let penalty = self.penalty as f32;
        for (logit, _) in logits.iter_mut().zip(&self.seen).filter(|(_, seen)| **seen) {
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
    }

    /// The tokens that survive temperature, top-k, top-p and min-p, in the order
    /// of their ids. Ordered by score, two that are nearly as likely would change
    /// places where sums are rounded otherwise, and a seed would draw another.
    fn candidates(&self, logits: &[f32]) -> Vec<Candidate> {
        let temperature = self.temperature as f32;
        let mut kept: Vec<Candidate> = (0u32..)
            .zip(logits)
            .filter(|(_, logit)| **logit > f32::NEG_INFINITY)
            .map(|(id, &logit)| (id, logit / temperature))
            .collect();
        if self.top_k < kept.len() {
            let (_, &mut (_, least), _) = kept.select_nth_unstable_by(self.top_k - 1, likelier);
            kept.retain(|&(_, score)| score >= least);
        }
        if self.top_p < 1.0 {
            keep_mass(&mut kept, self.top_p);
        }
        if self.min_p > 0.0 {
            let top = greatest(&kept);
            kept.retain(|c| (f64::from(c.1) - top).exp() >= self.min_p);
        }
        kept.sort_unstable_by_key(|c| c.0);
        kept
    }
}

/// Refuses logits from which no probabilities can be made.
pub(crate) fn check_logits(logits: &[f32]) -> Result<()> {
    let top = logits.iter().fold(f32::NEG_INFINITY, |top, &x| {
        // `max` of the standard library would lose a NaN.
        if x > top || x.is_nan() { x } else { top }
    });
    if top.is_finite() && !logits.iter().any(|x| x.is_nan()) { Ok(()) } else { Err(damaged(top)) }
}

/// The error of logits whose greatest is `top`.
pub(crate) fn damaged(top: f32) -> Error {
    Error::Generation {
        field: "the greatest logit",
        found: if top.is_finite() { "NaN".to_owned() } else { top.to_string() },
        expected: "a number: is the model or the adapter damaged?",
    }
}

/// Likelier first; of equally likely ones the smaller id.
fn likelier(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The first of the greatest.
fn likeliest(logits: &[f32]) -> i64 {
    let mut best = 0;
    for (id, logit) in logits.iter().enumerate() {
        if *logit > logits[best] {
            best = id;
        }
    }
    best as i64
}

fn greatest(candidates: &[Candidate]) -> f64 {
    candidates.iter().map(|c| f64::from(c.1)).fold(f64::NEG_INFINITY, f64::max)
}

/// Keeps the likeliest until they have the share `top_p` of the probability.
/// They are few as a rule: growing parts are sorted instead of all.
fn keep_mass(candidates: &mut Vec<Candidate>, top_p: f64) {
    let top = greatest(candidates);
    let weight = |c: &Candidate| (f64::from(c.1) - top).exp();
    let wanted = top_p * candidates.iter().map(weight).sum::<f64>();
    let mut part = 64;
    loop {
        if part < candidates.len() {
            candidates.select_nth_unstable_by(part, likelier);
        }
        let part_end = part.min(candidates.len());
        let mass: f64 = candidates[..part_end].iter().map(weight).sum();
        if mass >= wanted || part_end == candidates.len() {
            candidates.truncate(part_end);
            break;
        }
        part *= 8;
    }
    candidates.sort_unstable_by(likelier);
    let mut mass = 0.0;
    let enough = candidates.iter().position(|c| {
        mass += weight(c);
        mass >= wanted
    });
    if let Some(last) = enough {
        candidates.truncate(last + 1);
    }
}

/// Draws one in proportion to `exp(score)`.
fn draw(candidates: &[Candidate], rng: &mut impl Rng) -> i64 {
    let top = greatest(candidates);
    let weights: Vec<f64> = candidates.iter().map(|c| (f64::from(c.1) - top).exp()).collect();
    let mut rest = rng.r#gen::<f64>() * weights.iter().sum::<f64>();
    let mut drawn = 0;
    for (index, weight) in weights.iter().enumerate() {
        drawn = index;
        rest -= weight;
        if rest < 0.0 {
            break;
        }
    }
    i64::from(candidates[drawn].0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOGITS: [f32; 4] = [0.0, 2.0, 1.0, -1.0];

    fn sampling() -> DecodingParams {
        DecodingParams { temperature: 1.0, ..DecodingParams::default() }
    }

    fn sample(params: &DecodingParams, n: usize) -> Vec<i64> {
        let mut sampler = Sampler::new(params, &[], 4);
        (0..n).map(|_| sampler.next(&mut LOGITS.clone()).unwrap()).collect()
    }

    #[test]
    fn temperature_zero_takes_the_likeliest() {
        assert_eq!(sample(&DecodingParams::default(), 3), [1, 1, 1]);
    }

    #[test]
    fn sampling_follows_the_probabilities() {
        let n = 20_000;
        let drawn = sample(&sampling(), n);
        let z: f64 = LOGITS.iter().map(|&x| f64::from(x).exp()).sum();
        for (id, &logit) in LOGITS.iter().enumerate() {
            let share = drawn.iter().filter(|&&d| d == id as i64).count() as f64 / n as f64;
            assert!((share - f64::from(logit).exp() / z).abs() < 0.015, "{id}: {share}");
        }
    }

    #[test]
    fn the_penalty_pushes_seen_tokens_down() {
        let params = DecodingParams { repetition_penalty: 2.5, ..DecodingParams::default() };
        let mut sampler = Sampler::new(&params, &[], 4);
        // 2 / 2.5 < 1, then 1 / 2.5 < 0.8.
        let got: Vec<i64> = (0..3).map(|_| sampler.next(&mut LOGITS.clone()).unwrap()).collect();
        assert_eq!(got, [1, 2, 1]);
        let mut sampler = Sampler::new(&params, &[1], 4);
        assert_eq!(sampler.next(&mut LOGITS.clone()).unwrap(), 2, "a prompt counts");
    }

    #[test]
    fn logits_that_are_no_numbers_are_an_error() {
        let mut sampler = Sampler::new(&sampling(), &[], 3);
        for bad in [
            [0.0, f32::NAN, 1.0],
            [f32::NAN, 0.0, 1.0],
            [0.0, f32::INFINITY, 1.0],
            [f32::NEG_INFINITY; 3],
        ] {
            let error = sampler.next(&mut bad.clone()).unwrap_err();
            assert!(matches!(error, Error::Generation { .. }), "{error}");
        }
        // A banned token is none.
        sampler.next(&mut [0.0, f32::NEG_INFINITY, 1.0]).unwrap();
    }

    #[test]
    fn scores_beyond_all_numbers_are_the_limit_of_those_before() {
        // The colder, the surer: also where 2 / T is more than an f32 can be.
        for temperature in [1e-3, 1e-38, 1e-45, 1e-60, f64::MIN_POSITIVE] {
            let params = DecodingParams { temperature, top_p: 0.9, min_p: 0.1, ..sampling() };
            params.check().unwrap();
            assert_eq!(sample(&params, 8), [1; 8], "{temperature}");
        }
        // All that may be said has been, and weighs nothing more.
        let params = DecodingParams { repetition_penalty: 1e38, ..sampling() };
        params.check().unwrap();
        let mut sampler = Sampler::new(&params, &[0, 1, 2], 3);
        assert_eq!(sampler.next(&mut [-20.0, -10.0, -30.0]).unwrap(), 0, "equally unlikely");
    }

    /// transformers' processors on small vectors, by tests/reference/generate.py.
    #[test]
    fn the_same_tokens_survive_as_in_transformers() {
        let text = include_str!("../../tests/data/generate.json");
        let vectors: serde_json::Value = serde_json::from_str(text).unwrap();
        let cases = vectors["processors"].as_array().unwrap();
        assert!(cases.len() > 5);
        for case in cases {
            let mut logits: Vec<f32> = serde_json::from_value(case["logits"].clone()).unwrap();
            let number = |key: &str, or: f64| case.get(key).map_or(or, |x| x.as_f64().unwrap());
            let params = DecodingParams {
                temperature: number("temperature", 1.0),
                top_k: case.get("top_k").map(|k| k.as_u64().unwrap() as usize),
                top_p: number("top_p", 1.0),
                min_p: number("min_p", 0.0),
                repetition_penalty: number("repetition_penalty", 1.0),
                ..DecodingParams::default()
            };
            let seen: Vec<i64> =
                case.get("seen").map_or(vec![], |s| serde_json::from_value(s.clone()).unwrap());
            let sampler = Sampler::new(&params, &seen, logits.len() as i64);
            sampler.penalise(&mut logits);
            let kept = sampler.candidates(&logits);
            let expected = case["kept"].as_object().unwrap();
            assert_eq!(kept.len(), expected.len(), "{params:?}");
            let total: f64 = kept.iter().map(|c| f64::from(c.1).exp()).sum();
            for (id, score) in kept {
                let p = expected[&id.to_string()].as_f64().unwrap();
                let got = f64::from(score).exp() / total;
                assert!((got - p).abs() < 1e-5, "{params:?}: {id} {got} {p}");
            }
        }
    }

    proptest! {
        /// Whatever the filters, the likeliest stays, and the mass kept is what
        /// top-p asks for.
        #[test]
        fn filters_keep_what_they_promise(
            logits in prop::collection::vec(-8.0f32..8.0, 1..700),
            top_k in prop::option::of(1usize..50),
            top_p in 0.05f64..1.0,
            min_p in 0.0f64..0.5,
        ) {
            let params = DecodingParams { top_k, top_p, min_p, ..sampling() };
            let mut kept = Sampler::new(&params, &[], logits.len() as i64).candidates(&logits);
            prop_assert!(kept.windows(2).all(|w| w[0].0 < w[1].0));
            kept.sort_unstable_by(likelier);
            prop_assert_eq!(i64::from(kept[0].0), likeliest(&logits));
            let all = Sampler::new(&DecodingParams { top_k, ..sampling() }, &[], 0);
            let all = all.candidates(&logits);
            let mass = |c: &[Candidate]| c.iter().map(|c| f64::from(c.1).exp()).sum::<f64>();
            // One fewer would be too few, but for the rounding of sums.
            prop_assert!(mass(&kept[..kept.len() - 1]) < top_p * mass(&all) * (1.0 + 1e-9));
            let unfiltered = DecodingParams { top_k, top_p, ..sampling() };
            let unfiltered = Sampler::new(&unfiltered, &[], 0).candidates(&logits);
            prop_assert!(mass(&unfiltered) >= top_p * mass(&all) * (1.0 - 1e-9));
        }
    }
}
