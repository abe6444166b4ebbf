//! How to decode.

use idl_dialogue::GenerationParams;

use crate::error::{Error, Result};

/// How a reply is decoded.
///
/// The fields mean what they mean in transformers, and are applied in its
/// order: repetition penalty, temperature, top-k, top-p, min-p. Greedy decoding
/// (temperature 0) takes the likeliest token after the penalty and ignores the
/// rest.
///
/// ```
/// use idl_lm::DecodingParams;
///
/// let params = DecodingParams {
///     temperature: 0.7,
///     top_p: 0.9,
///     stop_strings: vec!["\nuser:".to_owned()],
///     ..DecodingParams::default()
/// };
/// params.check()?;
/// let error = DecodingParams { top_p: 0.0, ..params }.check().unwrap_err();
/// assert_eq!(error.to_string(), "generation: top_p is 0; expected more than 0, at most 1");
/// # Ok::<(), idl_lm::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DecodingParams {
    /// The reply has at most so many tokens.
    pub max_new_tokens: usize,
    /// Logits are divided by it before sampling; 0 is greedy decoding.
    pub temperature: f64,
    /// Sample among the so many likeliest tokens, and those as likely as the
    /// last of them.
    pub top_k: Option<usize>,
    /// Sample among the smallest set of likeliest tokens that has so much
    /// probability (arXiv:1904.09751). 1 keeps all.
    pub top_p: f64,
    /// Sample among the tokens that are at least so likely, relative to the
    /// likeliest (arXiv:2407.01082). 0 keeps all.
    pub min_p: f64,
    /// The logits of tokens in prompt and reply are divided by it where they
    /// are positive and multiplied where they are negative (arXiv:1909.05858).
    /// 1 changes nothing.
    pub repetition_penalty: f64,
    /// The reply ends where one of them begins; it is no part of the text.
    pub stop_strings: Vec<String>,
    /// Tokens that end the reply, beside the model's own.
    pub stop_tokens: Vec<i64>,
    /// The seed of the sampling.
    pub seed: u64,
}

impl Default for DecodingParams {
    /// 64 tokens, greedy.
    fn default() -> Self {
        DecodingParams {
            max_new_tokens: 64,
            temperature: 0.0,
            top_k: None,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            stop_strings: Vec::new(),
            stop_tokens: Vec::new(),
            seed: 0,
        }
    }
}

impl From<&GenerationParams> for DecodingParams {
    fn from(params: &GenerationParams) -> Self {
        DecodingParams {
            max_new_tokens: params.max_new_tokens,
            temperature: params.temperature,
            top_p: params.top_p,
            seed: params.seed,
            ..DecodingParams::default()
        }
    }
}

impl From<GenerationParams> for DecodingParams {
    fn from(params: GenerationParams) -> Self {
        DecodingParams::from(&params)
    }
}

impl From<&DecodingParams> for DecodingParams {
    fn from(params: &DecodingParams) -> Self {
        params.clone()
    }
}

impl DecodingParams {
    /// Whether the likeliest token is taken.
    #[must_use]
    pub fn is_greedy(&self) -> bool {
        self.temperature == 0.0
    }

    /// Refuses what makes no sense. Every function that decodes does so first.
    ///
    /// # Errors
    /// [`Error::Generation`] names the field, its value and what would do.
    pub fn check(&self) -> Result<()> {
        let in_range = [
            (
                "temperature",
                self.temperature,
                self.temperature >= 0.0 && self.temperature.is_finite(),
                "a number, 0 or more",
            ),
            ("top_p", self.top_p, self.top_p > 0.0 && self.top_p <= 1.0, "more than 0, at most 1"),
            ("min_p", self.min_p, (0.0..=1.0).contains(&self.min_p), "0 to 1"),
            (
                "repetition_penalty",
                self.repetition_penalty,
                self.repetition_penalty > 0.0 && (self.repetition_penalty as f32).is_normal(),
                "a number above 0, in the range of 32 bits",
            ),
        ];
        for (field, value, good, expected) in in_range {
            if !good {
                return Err(Error::Generation { field, found: value.to_string(), expected });
            }
        }
        let bad = |field, found: &str, expected| {
            Err(Error::Generation { field, found: found.to_owned(), expected })
        };
        if self.top_k == Some(0) {
            return bad("top_k", "0", "1 or more");
        }
        if self.stop_strings.iter().any(String::is_empty) {
            return bad("stop_strings", "\"\"", "a text that a reply can hold");
        }
        if let Some(id) = self.stop_tokens.iter().find(|&&id| id < 0) {
            return bad("stop_tokens", &id.to_string(), "token ids");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_out_of_range_are_named() {
        let good = DecodingParams::default();
        good.check().unwrap();
        for (params, field) in [
            (DecodingParams { temperature: -1.0, ..good.clone() }, "temperature"),
            (DecodingParams { temperature: f64::NAN, ..good.clone() }, "temperature"),
            (DecodingParams { temperature: f64::INFINITY, ..good.clone() }, "temperature"),
            (DecodingParams { top_k: Some(0), ..good.clone() }, "top_k"),
            (DecodingParams { top_p: 0.0, ..good.clone() }, "top_p"),
            (DecodingParams { top_p: 1.1, ..good.clone() }, "top_p"),
            (DecodingParams { min_p: -0.1, ..good.clone() }, "min_p"),
            (DecodingParams { repetition_penalty: 0.0, ..good.clone() }, "repetition_penalty"),
            (DecodingParams { repetition_penalty: 1e-60, ..good.clone() }, "repetition_penalty"),
            (DecodingParams { repetition_penalty: 1e60, ..good.clone() }, "repetition_penalty"),
            (DecodingParams { stop_strings: vec![String::new()], ..good.clone() }, "stop_strings"),
            (DecodingParams { stop_tokens: vec![-1], ..good.clone() }, "stop_tokens"),
        ] {
            let message = params.check().unwrap_err().to_string();
            assert!(message.contains(&format!("{field} is")), "{message}");
        }
    }

    #[test]
    fn the_small_parameters_of_the_trait_are_a_part() {
        let small = GenerationParams { max_new_tokens: 3, temperature: 0.5, top_p: 0.9, seed: 7 };
        let params = DecodingParams::from(small);
        assert_eq!((params.max_new_tokens, params.seed), (3, 7));
        assert_eq!((params.temperature, params.top_p), (0.5, 0.9));
        let rest = DecodingParams { max_new_tokens: 64, seed: 0, temperature: 0.0, ..params };
        assert_eq!(DecodingParams { top_p: 1.0, ..rest }, DecodingParams::default());
    }
}
