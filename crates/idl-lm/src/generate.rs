//! Decoding.

use idl_dialogue::{BoxError, GenerationParams, TextGenerator};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::CausalLm;
use crate::tokenizer::ChatTokenizer;

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended it.
    Eos,
    /// `max_new_tokens`, or the model's positions, were used up.
    Length,
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its tokens, without the one that ended it.
    pub token_ids: Vec<i64>,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

/// A model with its tokenizer: text to text.
#[derive(Clone, Copy, Debug)]
pub struct Generator<'a> {
    /// The model; its active adapter speaks.
    pub model: &'a CausalLm,
    /// The tokenizer of the same checkpoint.
    pub tokenizer: &'a ChatTokenizer,
}

impl Generator<'_> {
    /// Continues `prompt`.
    ///
    /// The prompt is computed once; each new token then costs one step over the
    /// cached keys and values. A seed gives the same tokens on the same machine
    /// and number of threads.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty prompt or unknown ids, [`Error::TooLong`]
    /// for a prompt that leaves no position for a reply, [`Error::Generation`]
    /// for parameters out of range or logits that are no numbers.
    pub fn generate_ids(&self, prompt: &[i64], params: &GenerationParams) -> Result<Generation> {
        check(params)?;
        let model = self.model;
        let positions = model.config().max_position_embeddings;
        if prompt.is_empty() {
            return Err(Error::Input("the prompt is empty".to_owned()));
        }
        if prompt.len() >= positions {
            return Err(Error::TooLong { tokens: prompt.len() + 1, positions });
        }
        model.check_ids(prompt)?;
        let _guard = tch::no_grad_guard();
        let device = model.options().device;
        let room = params.max_new_tokens.min(positions - prompt.len());
        let mut cache = model.new_cache(1, prompt.len() + room)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(params.seed);
        let mut token_ids = Vec::with_capacity(room);
        let mut input = prompt.to_vec();
        while token_ids.len() < room {
            let ids = Tensor::f_from_slice(&input)?.f_unsqueeze(0)?.f_to_device(device)?;
            let hidden = model.forward(&ids, None, Some(&mut cache))?;
            let last = hidden.f_select(1, -1)?;
            let next = pick(&model.logits(&last)?, params, &mut rng)?;
            if next == self.tokenizer.eos_id() || model.config().eos_token_ids.contains(&next) {
                return Ok(Generation { token_ids, finish_reason: FinishReason::Eos });
            }
            token_ids.push(next);
            input = vec![next];
        }
        Ok(Generation { token_ids, finish_reason: FinishReason::Length })
    }
}

impl TextGenerator for Generator<'_> {
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError> {
        let mut replies = Vec::with_capacity(prompts.len());
        for prompt in prompts {
            let reply = self.generate_ids(&self.tokenizer.encode(prompt)?, params)?;
            replies.push(self.tokenizer.decode(&reply.token_ids)?);
        }
        Ok(replies)
    }
}

fn check(params: &GenerationParams) -> Result<()> {
    let bad = |field, found: f64, expected| {
        Err(Error::Generation { field, found: found.to_string(), expected })
    };
    if !(params.temperature >= 0.0 && params.temperature.is_finite()) {
        return bad("temperature", params.temperature, "0 or more");
    }
    if !(params.top_p > 0.0 && params.top_p <= 1.0) {
        return bad("top_p", params.top_p, "more than 0, at most 1");
    }
    Ok(())
}

/// The next token from logits `[1, vocabulary]`.
fn pick(logits: &Tensor, params: &GenerationParams, rng: &mut impl Rng) -> Result<i64> {
    let logits = logits.f_to_kind(Kind::Float)?.f_flatten(0, -1)?;
    let logits: Vec<f32> = Vec::try_from(&logits)?;
    if logits.iter().any(|x| x.is_nan()) {
        return Err(Error::Generation {
            field: "logits",
            found: "NaN".to_owned(),
            expected: "numbers: is the model or the adapter damaged?",
        });
    }
    // Likeliest first; equal ones in the order of their ids.
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let likelier = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    if params.temperature == 0.0 {
        let best = order.into_iter().min_by(likelier);
        return best.map(|i| i as i64).ok_or_else(|| Error::Input("no logits".to_owned()));
    }
    order.sort_unstable_by(likelier);
    let top = f64::from(logits[order[0]]);
    let weights: Vec<f64> =
        order.iter().map(|&i| ((f64::from(logits[i]) - top) / params.temperature).exp()).collect();
    let total: f64 = weights.iter().sum();
    // The smallest set with at least `top_p` of the probability.
    let mut kept = 0;
    let mut mass = 0.0;
    while kept < weights.len() && mass < params.top_p * total {
        mass += weights[kept];
        kept += 1;
    }
    let mut draw = rng.r#gen::<f64>() * mass;
    for (i, weight) in weights[..kept].iter().enumerate() {
        draw -= weight;
        if draw < 0.0 {
            return Ok(order[i] as i64);
        }
    }
    Ok(order[kept.max(1) - 1] as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(params: &GenerationParams, n: usize) -> Vec<i64> {
        let logits = Tensor::from_slice(&[0.0f32, 2.0, 1.0, -1.0]).unsqueeze(0);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(params.seed);
        (0..n).map(|_| pick(&logits, params, &mut rng).unwrap()).collect()
    }

    #[test]
    fn temperature_zero_takes_the_likeliest() {
        assert_eq!(draw(&GenerationParams::default(), 3), [1, 1, 1]);
    }

    #[test]
    fn sampling_follows_the_probabilities() {
        let params = GenerationParams { temperature: 1.0, ..GenerationParams::default() };
        let n = 20_000;
        let drawn = draw(&params, n);
        let z: f64 = [0.0f64, 2.0, 1.0, -1.0].iter().map(|x| x.exp()).sum();
        for (id, logit) in [0.0f64, 2.0, 1.0, -1.0].iter().enumerate() {
            let share = drawn.iter().filter(|&&d| d == id as i64).count() as f64 / n as f64;
            assert!((share - logit.exp() / z).abs() < 0.015, "{id}: {share}");
        }
    }

    #[test]
    fn top_p_cuts_the_tail() {
        // The two likeliest hold 0.88 of the probability.
        let params =
            GenerationParams { temperature: 1.0, top_p: 0.8, ..GenerationParams::default() };
        assert!(draw(&params, 2000).iter().all(|id| [1, 2].contains(id)));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        for (params, field) in [
            (GenerationParams { temperature: -1.0, ..GenerationParams::default() }, "temperature"),
            (
                GenerationParams { temperature: f64::NAN, ..GenerationParams::default() },
                "temperature",
            ),
            (GenerationParams { top_p: 0.0, ..GenerationParams::default() }, "top_p"),
        ] {
            assert!(check(&params).unwrap_err().to_string().contains(field));
        }
    }
}
