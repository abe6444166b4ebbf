//! Scores completions: their log-probabilities behind their prompts.

use std::path::PathBuf;

use crate::cli;
use crate::lines::{Object, objects};
use crate::lm::{ModelArgs, Prompt, carried};
use clap::Args;
use idl::lm::{CausalLm, ChatTokenizer, TokenTree};
use idl_dialogue::{BoxError, Utterance};
use serde::Serialize;
use serde_json::{Map, Value};
use tch::Kind;

/// Computes the log-probability of completions, in nats.
///
/// Each input line is `{"prompt", "completion"}`: the joined text as it stands,
/// special tokens in it parsed, nothing added. Or it is `{"sessions", "messages",
/// "completion"}`, of which `sessions` may be absent: the chat template writes
/// sessions and messages one after the other and the completion as the person's
/// reply, and the token that ends the reply counts. A message is `{"role",
/// "content"}`; `messages` may also be called `prompt`. Each output line is
/// `{"logprob", "tokens", "token_logprobs"}`: the sum, the number of tokens of the
/// completion, and each one's share. What else a line holds, such as an `id`,
/// stands before them unchanged.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  echo '{\"prompt\": \"<s><|user|>any pets ?<|assistant|>\", \"completion\": \"two owls .</s>\"}' | idl score
  idl score --input replies.jsonl --adapter out/demo/dpa
  idl score --model llama-2-7b --dtype bf16 --device cuda < replies.jsonl")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    #[command(flatten)]
    model: ModelArgs,
}

/// An output line.
#[derive(Serialize)]
struct Score {
    #[serde(flatten)]
    carried: Map<String, Value>,
    logprob: f64,
    tokens: usize,
    token_logprobs: Vec<f32>,
}

/// The fields of [`Score`] that are its own.
const WRITTEN: [&str; 3] = ["logprob", "tokens", "token_logprobs"];

/// All tokens of a line, and where the completion begins.
struct Joined {
    ids: Vec<i64>,
    prompt: usize,
    carried: Map<String, Value>,
}

/// Prompt and completion are tokenised together: apart, the tokens at the
/// border might be others. The completion begins where the prompt's own tokens
/// end to be the first of the whole.
fn join(line: &mut Object, tokenizer: &ChatTokenizer) -> Result<Joined, BoxError> {
    let prompt = Prompt::take(line)?;
    let completion = line.place.string("completion", line.fields.remove("completion"))?;
    let carried = carried(line, &WRITTEN)?;
    let place = &line.place;
    let before = prompt.encode(tokenizer).map_err(|error| place.error(error))?;
    let mut ids = match &prompt {
        Prompt::Text(text) => tokenizer.encode(&format!("{text}{completion}"))?,
        Prompt::Chat { sessions, messages } => {
            let mut all: Vec<Utterance> =
                sessions.iter().flatten().chain(messages).cloned().collect();
            all.push(Utterance::assistant(completion));
            tokenizer.encode_chat(&all, false).map_err(|error| place.error(error))?
        }
    };
    let prompt_tokens = before.iter().zip(&ids).take_while(|(a, b)| a == b).count();
    if matches!(prompt, Prompt::Chat { .. }) {
        // A template may write a line break behind EOS, or no EOS at all.
        let eos = tokenizer.eos_id();
        match ids[prompt_tokens..].iter().rposition(|&id| id == eos) {
            Some(last) => ids.truncate(prompt_tokens + last + 1),
            None => ids.push(eos),
        }
    }
    if prompt_tokens == 0 {
        return Err(place.field("prompt", "at least one token", "none"));
    }
    if prompt_tokens == ids.len() {
        return Err(place.field("completion", "at least one token", "none"));
    }
    Ok(Joined { ids, prompt: prompt_tokens, carried })
}

fn score(model: &CausalLm, joined: Joined) -> Result<Score, BoxError> {
    let Joined { ids, prompt, carried } = joined;
    let end = ids.len();
    let mut tree = TokenTree::new(ids);
    tree.add_span(prompt..end)?;
    let scored = tch::no_grad(|| tree.logprobs(model))?;
    let token_logprobs: Vec<f32> = Vec::try_from(&scored.spans[0].f_to_kind(Kind::Float)?)?;
    let logprob = token_logprobs.iter().map(|&x| f64::from(x)).sum();
    Ok(Score { carried, logprob, tokens: token_logprobs.len(), token_logprobs })
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let lines = objects(&arguments.input)?;
    let (model, tokenizer) = arguments.model.load()?;
    for line in lines {
        let mut line = line?;
        let joined = join(&mut line, &tokenizer)?;
        let score = score(&model, joined).map_err(|error| line.place.error(error))?;
        cli::print_json(&score)?;
    }
    Ok(())
}
