//! Decoding that makes clear who speaks: the rational speech acts of "Will I
//! Sound Like Me?" (arXiv:2004.05816), without training.
//!
//! An imagined listener guesses from each token which of several persons
//! speaks; the speaker prefers tokens from which it guesses right. With the
//! model's `S0(u | i)` behind person i's sessions, at step t:
//!
//! ```text
//! L0(i | u) ~ S0(u | i)^b p_t(i)         who says u?
//! S1(u)     ~ L0(target | u)^a S0(u | target)
//! p_t+1(i)  = L0(i | u_t)                for the token u_t that is said
//! ```

use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::generate::choose::choose;
use crate::generate::generator::Generator;
use crate::generate::lanes::Lanes;
use crate::generate::params::DecodingParams;
use crate::generate::reply::{FinishReason, Generation, OnPiece, Reply, room};

/// How strongly the listener is minded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RsaParams {
    /// The exponent `a` of the listener in the speaker's mind; 0 is the plain
    /// model.
    pub rationality: f64,
    /// The exponent `b` of the speaker in the listener's mind.
    pub listener: f64,
}

impl Default for RsaParams {
    /// a = 2, b = 0.5, as the paper has them for ConvAI2.
    fn default() -> Self {
        RsaParams { rationality: 2.0, listener: 0.5 }
    }
}

impl RsaParams {
    fn check(&self) -> Result<()> {
        for (field, value) in [("rationality", self.rationality), ("listener", self.listener)] {
            if !(value >= 0.0 && value.is_finite()) {
                let found = value.to_string();
                return Err(Error::Generation { field, found, expected: "a number, 0 or more" });
            }
        }
        Ok(())
    }
}

impl Generator<'_> {
    /// Continues `target` so that a listener can tell it from `distractors`:
    /// the same conversation behind other persons' sessions (the paper takes
    /// two). All are computed in one batch, and each token that is chosen goes
    /// to all. The other parameters apply to the speaker's log-probabilities.
    ///
    /// # Errors
    /// As [`generate_ids`](Self::generate_ids); [`Error::Input`] without
    /// distractors.
    pub fn generate_rsa(
        &self,
        target: &[i64],
        distractors: &[&[i64]],
        rsa: RsaParams,
        params: &DecodingParams,
        on_piece: &mut OnPiece<'_>,
    ) -> Result<Generation> {
        params.check()?;
        rsa.check()?;
        if distractors.is_empty() {
            return Err(Error::Input("a listener needs persons to tell apart".to_owned()));
        }
        let prompts: Vec<&[i64]> =
            std::iter::once(target).chain(distractors.iter().copied()).collect();
        for prompt in &prompts {
            self.check_prompt(prompt)?;
        }
        let longest = prompts.iter().map(|p| p.len()).max().unwrap_or(0);
        let positions = self.model.config().max_position_embeddings;
        // No prompt may run out of positions before the target's does.
        let params =
            DecodingParams { max_new_tokens: room(positions, longest, params), ..params.clone() };
        let mut reply = Reply::new(0, self.model, self.tokenizer, target, &params);
        if reply.is_full() {
            return reply.finish(FinishReason::Length, on_piece);
        }
        let _guard = tch::no_grad_guard();
        let capacity = longest + params.max_new_tokens - 1;
        let mut cache = self.model.new_cache(prompts.len(), capacity)?;
        let (mut lanes, mut logits) = Lanes::start(self.model, &mut cache, &prompts)?;
        let mut listener = Listener::new(rsa, prompts.len(), &logits)?;
        loop {
            let speaker = listener.speaker(&logits)?;
            let id = choose(&speaker, std::iter::once(&mut reply))?[0];
            if let Some(reason) = reply.take(id, on_piece)? {
                return reply.finish(reason, on_piece);
            }
            listener.hear(id)?;
            logits = lanes.step(&vec![id; prompts.len()])?;
        }
    }
}

/// What the listener believes.
#[derive(Debug)]
struct Listener {
    params: RsaParams,
    /// `ln p_t(i)`, `[persons, 1]`.
    prior: Tensor,
    /// `ln L0(i | u)`, `[persons, vocabulary]`, of the step that is on.
    posterior: Tensor,
}

impl Listener {
    /// One that has heard nothing; logits `[persons, vocabulary]`.
    fn new(params: RsaParams, persons: usize, logits: &Tensor) -> Result<Self> {
        let even = -(persons as f64).ln();
        let prior = Tensor::f_full([persons as i64, 1], even, (Kind::Float, logits.device()))?;
        Ok(Listener { params, posterior: prior.shallow_clone(), prior })
    }

    /// `ln S1(u)` up to a constant, `[1, vocabulary]`; the target is the first
    /// person.
    fn speaker(&mut self, logits: &Tensor) -> Result<Tensor> {
        let literal = logits.f_log_softmax(-1, Kind::Float)?;
        let joint = literal.f_mul_scalar(self.params.listener)?.f_add(&self.prior)?;
        self.posterior = joint.f_log_softmax(0, Kind::Float)?;
        let target = literal.f_narrow(0, 0, 1)?;
        let guessed = self.posterior.f_narrow(0, 0, 1)?.f_mul_scalar(self.params.rationality)?;
        // A token that is impossible stays so; 0^0 would make it a NaN.
        let impossible = target.f_eq(f64::NEG_INFINITY)?;
        Ok(guessed.f_add(&target)?.f_masked_fill(&impossible, f64::NEG_INFINITY)?)
    }

    /// The token is said.
    fn hear(&mut self, id: i64) -> Result<()> {
        self.prior = self.posterior.f_narrow(1, id, 1)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formulas, one by one, in 64 bits.
    fn naive(logits: &[Vec<f64>], prior: &[f64], a: f64, b: f64) -> (Vec<f64>, Vec<Vec<f64>>) {
        let s0: Vec<Vec<f64>> = logits
            .iter()
            .map(|row| {
                let z: f64 = row.iter().map(|x| x.exp()).sum();
                row.iter().map(|x| x.exp() / z).collect()
            })
            .collect();
        let words = s0[0].len();
        let mut s1 = vec![0.0; words];
        let mut l0 = vec![vec![0.0; words]; s0.len()];
        for u in 0..words {
            let z: f64 = (0..s0.len()).map(|i| s0[i][u].powf(b) * prior[i]).sum();
            for i in 0..s0.len() {
                l0[i][u] = s0[i][u].powf(b) * prior[i] / z;
            }
            s1[u] = l0[0][u].powf(a) * s0[0][u];
        }
        let z: f64 = s1.iter().sum();
        (s1.into_iter().map(|x| x / z).collect(), l0)
    }

    fn rows(t: &Tensor) -> Vec<Vec<f64>> {
        let columns = t.size()[1] as usize;
        let flat: Vec<f64> = t.to_kind(Kind::Double).flatten(0, -1).try_into().unwrap();
        flat.chunks(columns).map(<[f64]>::to_vec).collect()
    }

    #[test]
    fn speaker_and_listener_follow_the_formulas() {
        tch::manual_seed(3);
        let mut prior = vec![1.0 / 3.0; 3];
        let first = Tensor::randn([3, 7], (Kind::Float, tch::Device::Cpu)) * 2.0;
        for params in [RsaParams::default(), RsaParams { rationality: 0.0, listener: 1.0 }] {
            let mut listener = Listener::new(params, 3, &first).unwrap();
            let mut logits = first.shallow_clone();
            for said in [2usize, 0, 6] {
                let (a, b) = (params.rationality, params.listener);
                let (s1, l0) = naive(&rows(&logits), &prior, a, b);
                let speaker = listener.speaker(&logits).unwrap().softmax(-1, Kind::Float);
                for (got, expected) in rows(&speaker)[0].iter().zip(s1) {
                    assert!((got - expected).abs() < 1e-6, "{got} {expected}");
                }
                listener.hear(said as i64).unwrap();
                prior = l0.iter().map(|row| row[said]).collect();
                for (got, expected) in rows(&listener.prior.exp().tr())[0].iter().zip(&prior) {
                    assert!((got - expected).abs() < 1e-6, "{got} {expected}");
                }
                logits = Tensor::randn([3, 7], (Kind::Float, tch::Device::Cpu));
            }
            prior = vec![1.0 / 3.0; 3];
        }
    }

    #[test]
    fn an_impossible_token_stays_impossible() {
        let logits =
            Tensor::from_slice(&[0.0f32, f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY]).view([2, 2]);
        let mut listener = Listener::new(RsaParams::default(), 2, &logits).unwrap();
        let speaker = rows(&listener.speaker(&logits).unwrap());
        assert!(speaker[0][0].is_finite());
        assert_eq!(speaker[0][1], f64::NEG_INFINITY);
    }
}
