//! GPT-2 by rust-bert, as a text generator to compare with.

use std::path::{Path, PathBuf};

use idl_dialogue::{BoxError, GenerationParams, TextGenerator};
use idl_encoder::EncoderOptions;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rust_bert::gpt2::{GPT2LMHeadModel, Gpt2Config};
use rust_bert::pipelines::generation_utils::Cache;
use serde::Deserialize;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use tokenizers::Tokenizer;

use crate::checkpoint::fill;
use crate::error::{Error, Result, read_json};
use crate::folder::{check_kind, load_tokenizer, name_of};
use crate::guard::guarded;

/// GPT-2 and what has its architecture (DistilGPT-2, DialoGPT): a
/// [`TextGenerator`] for a baseline's row, one prompt after the other.
///
/// A reply ends with the model's end of text, which is not part of it, after
/// `max_new_tokens`, or where the model has no more positions. An empty prompt
/// begins with the end of text, as GPT-2 was trained. Sampling draws each prompt
/// from a stream of its own that follows from the seed and its place, so that
/// the same call gives the same replies.
pub struct Gpt2Generator {
    name: String,
    tokenizer: Tokenizer,
    model: GPT2LMHeadModel,
    end: Option<u32>,
    positions: usize,
    device: Device,
    // The model's variables are its.
    _store: VarStore,
}

impl std::fmt::Debug for Gpt2Generator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpt2Generator")
            .field("name", &self.name)
            .field("end", &self.end)
            .field("positions", &self.positions)
            .finish_non_exhaustive()
    }
}

/// `config.json`, of which rust-bert reads a part under names of its own.
#[derive(Deserialize)]
struct Raw {
    model_type: String,
    n_embd: i64,
    n_head: i64,
    n_layer: i64,
    n_positions: i64,
    vocab_size: i64,
    n_inner: Option<i64>,
    #[serde(default = "eps")]
    layer_norm_epsilon: f64,
    #[serde(default = "act")]
    activation_function: String,
    #[serde(default = "yes")]
    scale_attn_weights: bool,
    #[serde(default)]
    scale_attn_by_inverse_layer_idx: bool,
    #[serde(default = "yes")]
    tie_word_embeddings: bool,
    eos_token_id: Option<u32>,
}

fn eps() -> f64 {
    1e-5
}
fn act() -> String {
    "gelu_new".to_owned()
}
fn yes() -> bool {
    true
}

impl Raw {
    /// Refuses what rust-bert would compute otherwise.
    fn check(&self, path: &Path) -> Result<()> {
        let inner = self.n_inner.unwrap_or(4 * self.n_embd);
        for (field, found, supported, ok) in [
            ("model_type", format!("{:?}", self.model_type), "\"gpt2\"", self.model_type == "gpt2"),
            ("n_inner", inner.to_string(), "4 n_embd", inner == 4 * self.n_embd),
            (
                "activation_function",
                format!("{:?}", self.activation_function),
                "\"gelu_new\"",
                self.activation_function == "gelu_new",
            ),
            ("scale_attn_weights", "false".to_owned(), "true", self.scale_attn_weights),
            (
                "scale_attn_by_inverse_layer_idx",
                "true".to_owned(),
                "false",
                !self.scale_attn_by_inverse_layer_idx,
            ),
            ("tie_word_embeddings", "false".to_owned(), "true", self.tie_word_embeddings),
        ] {
            if !ok {
                return Err(Error::Unsupported { path: path.to_owned(), field, found, supported });
            }
        }
        for (name, value) in [
            ("n_embd", self.n_embd),
            ("n_head", self.n_head),
            ("n_layer", self.n_layer),
            ("n_positions", self.n_positions),
            ("vocab_size", self.vocab_size),
        ] {
            if value <= 0 {
                let message = format!("{name} is {value}, expected a positive number");
                return Err(Error::Config { path: path.to_owned(), message });
            }
        }
        Ok(())
    }

    fn into_config(self) -> Gpt2Config {
        Gpt2Config {
            n_ctx: self.n_positions,
            n_embd: self.n_embd,
            n_head: self.n_head,
            n_layer: self.n_layer,
            n_positions: self.n_positions,
            vocab_size: self.vocab_size,
            layer_norm_epsilon: self.layer_norm_epsilon,
            ..Gpt2Config::default()
        }
    }
}

impl Gpt2Generator {
    /// Loads a folder of transformers: `config.json`, `model.safetensors` and
    /// `tokenizer.json`. Of the options it takes the device; the precision must
    /// be 32 bits, and prompts are not batched.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`], [`Error::Safetensors`] and
    /// [`Error::TokenizerFile`] for a file that is missing or damaged;
    /// [`Error::Unsupported`] and [`Error::Config`] for a configuration that
    /// asks for something else; [`Error::Tensors`] names every tensor that does
    /// not fit.
    pub fn from_dir(dir: &Path, options: EncoderOptions) -> Result<Self> {
        check_kind(&options)?;
        let path: PathBuf = dir.join("config.json");
        let raw: Raw = read_json(&path)?;
        raw.check(&path)?;
        let end = raw.eos_token_id;
        let config = raw.into_config();
        let mut store = VarStore::new(options.device);
        let model = guarded(|| Ok::<_, Error>(GPT2LMHeadModel::new(store.root(), &config)))?;
        // The causal mask is a variable; the output layer is the embedding.
        let mask = |name: &str| name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
        fill(&mut store, &dir.join("model.safetensors"), "transformer.", mask, |name| {
            mask(name) || name == "lm_head.weight"
        })?;
        let path = dir.join("tokenizer.json");
        let tokenizer = load_tokenizer(&path, None)?;
        if tokenizer.get_vocab_size(true) as i64 > config.vocab_size {
            let tokens = tokenizer.get_vocab_size(true);
            let message = format!("{tokens} tokens, but the model knows {}", config.vocab_size);
            return Err(Error::Config { path, message });
        }
        let positions = config.n_positions as usize;
        let (name, device) = (name_of(dir), options.device);
        Ok(Gpt2Generator { name, tokenizer, model, end, positions, device, _store: store })
    }

    /// The folder's name, for reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn reply(
        &self,
        index: usize,
        prompt: &str,
        params: &GenerationParams,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<String> {
        let encoding = self.tokenizer.encode_fast(prompt, true).map_err(Error::Tokenizer)?;
        let mut input: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
        if input.is_empty() {
            input.extend(self.end.map(i64::from));
        }
        let most = self.positions - 1;
        if input.is_empty() || input.len() > most {
            return Err(Error::Prompt { index, tokens: input.len(), most });
        }
        let room = params.max_new_tokens.min(self.positions - input.len());
        let (mut reply, mut past) = (Vec::new(), None);
        while reply.len() < room {
            let ids = Tensor::f_from_slice(&input)?.f_unsqueeze(0)?.f_to_device(self.device)?;
            let forward =
                || self.model.forward_t(Some(&ids), past.as_ref(), None, None, None, None, false);
            let output = guarded(|| no_grad(forward))?;
            let token =
                next_token(&output.lm_logits.f_select(0, 0)?.f_select(0, -1)?, params, rng)?;
            if Some(token) == self.end {
                break;
            }
            reply.push(token);
            input = vec![i64::from(token)];
            past = match output.cache {
                Cache::GPT2Cache(past) => past,
                _ => None,
            };
        }
        self.tokenizer.decode(&reply, true).map_err(Error::Tokenizer)
    }
}

/// The token that follows, of one position's scores, `[vocabulary]`.
fn next_token(
    logits: &Tensor,
    params: &GenerationParams,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<u32> {
    if params.temperature == 0.0 {
        return Ok(u32::try_from(logits.f_argmax(None, false)?.f_int64_value(&[])?).unwrap_or(0));
    }
    let logits = logits.f_to_kind(Kind::Double)?.f_div_scalar(params.temperature)?;
    let (p, ids) = logits.f_softmax(-1, Kind::Double)?.f_sort(-1, true)?;
    let (mut values, mut tokens) = (vec![0.0; p.numel()], vec![0i64; ids.numel()]);
    let numel = values.len();
    p.f_to_device(Device::Cpu)?.f_contiguous()?.f_copy_data(&mut values, numel)?;
    ids.f_to_device(Device::Cpu)?.f_contiguous()?.f_copy_data(&mut tokens, numel)?;
    Ok(u32::try_from(tokens[nucleus(&values, params.top_p, rng.r#gen())]).unwrap_or(0))
}

/// The place at which `u`, uniform in `[0, 1)`, falls among the smallest set of
/// the sorted probabilities `p` that has `top_p` of them.
fn nucleus(p: &[f64], top_p: f64, u: f64) -> usize {
    let mut total = 0.0;
    let kept = p.iter().take_while(|&&p| {
        let keep = total < top_p;
        total += p;
        keep
    });
    let kept = kept.count().max(1);
    let mut left = u * p[..kept].iter().sum::<f64>();
    for (place, p) in p[..kept].iter().enumerate() {
        if left < *p {
            return place;
        }
        left -= p;
    }
    kept - 1
}

impl TextGenerator for Gpt2Generator {
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError> {
        for (field, value, ok, expected) in [
            (
                "temperature",
                params.temperature,
                params.temperature >= 0.0 && params.temperature.is_finite(),
                "a number from 0 on",
            ),
            (
                "top_p",
                params.top_p,
                params.top_p > 0.0 && params.top_p <= 1.0,
                "a number above 0, at most 1",
            ),
        ] {
            if !ok {
                return Err(Error::Option { field, found: value.to_string(), expected }.into());
            }
        }
        let mut stream = Xoshiro256PlusPlus::seed_from_u64(params.seed);
        let mut replies = Vec::with_capacity(prompts.len());
        for (index, prompt) in prompts.iter().enumerate() {
            replies.push(self.reply(index, prompt, params, &mut stream.clone())?);
            stream.jump();
        }
        Ok(replies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nucleus_is_the_smallest_set_with_enough() {
        let p = [0.5, 0.3, 0.15, 0.05];
        assert_eq!(nucleus(&p, 1.0, 0.0), 0);
        assert_eq!(nucleus(&p, 1.0, 0.51), 1);
        assert_eq!(nucleus(&p, 1.0, 0.999), 3);
        // Of 0.8 the last eighth is the second's.
        assert_eq!(nucleus(&p, 0.8, 0.999), 1);
        assert_eq!(nucleus(&p, 0.8, 0.62), 0);
        assert_eq!(nucleus(&p, 0.81, 0.999), 2);
        assert_eq!(nucleus(&p, 1e-9, 0.999), 0);
    }
}
