//! Continues prompts and conversations.

use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::cli;
use crate::lines::{Object, Place, objects};
use crate::lm::{ModelArgs, Prompt, carried, sessions};
use clap::Args;
use idl::lm::{
    ChatTokenizer, DecodingParams, FinishReason, Generation, Generator, Piece, Request, RsaParams,
};
use idl_dialogue::{BoxError, Utterance};
use serde::Serialize;
use serde_json::{Map, Value};

/// Generates replies.
///
/// Each input line is `{"prompt"}`, a text as it stands, special tokens in it
/// parsed; or `{"sessions", "messages"}`, of which `sessions` may be absent: the
/// chat template writes both, one after the other, and the person's reply comes
/// next. A message is `{"role", "content"}`; `messages` may also be called
/// `prompt`. Each output line is `{"text", "token_ids", "finish_reason"}`. What
/// else a line holds, such as an `id`, stands before them unchanged.
///
/// A line of the second kind may have `distractors`, a list of other persons'
/// sessions: then the reply is made such that a listener can tell the person
/// from them (RSA decoding).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  echo '{\"messages\": [{\"role\": \"user\", \"content\": \"any pets ?\"}]}' | idl generate
  idl generate --input prompts.jsonl --adapter out/demo/dpa --temperature 0.7 --top-p 0.9 --seed 1
  echo '{\"prompt\": \"<s><|user|>hi !<|assistant|>\"}' | idl generate --max-new-tokens 16 --stop .

Without --temperature decoding is greedy. Lines are read and answered 8 at a time:
what they begin with alike, such as the same sessions, is then computed once. With
--batch-size 1 each is answered as it comes.")]
pub(crate) struct Arguments {
    /// JSONL, or - for stdin
    #[arg(long, default_value = "-", value_name = "FILE")]
    input: PathBuf,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    decoding: DecodingArgs,

    /// So many lines are read before they are answered together
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), allow_negative_numbers = true)]
    batch_size: u16,

    /// RSA: how much the speaker minds the listener
    #[arg(long, default_value_t = 2.0, value_name = "A", allow_negative_numbers = true)]
    rationality: f64,
}

/// How to decode.
#[derive(Debug, Args)]
struct DecodingArgs {
    /// A reply has at most so many tokens
    #[arg(long, default_value_t = 64, value_name = "N", allow_negative_numbers = true)]
    max_new_tokens: usize,

    /// Take the likeliest token each time
    #[arg(long, conflicts_with = "temperature")]
    greedy: bool,

    /// Sample, with logits divided by this
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f64>,

    /// Sample among the so many likeliest tokens
    #[arg(long, value_name = "K", requires = "temperature", allow_negative_numbers = true)]
    top_k: Option<usize>,

    /// Sample among the likeliest tokens with so much probability
    #[arg(long, value_name = "P", requires = "temperature", allow_negative_numbers = true)]
    top_p: Option<f64>,

    /// Sample among tokens at least so likely, relative to the likeliest
    #[arg(long, value_name = "P", requires = "temperature", allow_negative_numbers = true)]
    min_p: Option<f64>,

    /// Make tokens less likely that were there before
    #[arg(long, default_value_t = 1.0, value_name = "X", allow_negative_numbers = true)]
    repetition_penalty: f64,

    /// End before this text; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,

    /// The seed of the sampling; line n is sampled with seed + n - 1
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
}

impl DecodingArgs {
    fn params(&self) -> DecodingParams {
        DecodingParams {
            max_new_tokens: self.max_new_tokens,
            temperature: self.temperature.unwrap_or(0.0),
            top_k: self.top_k,
            top_p: self.top_p.unwrap_or(1.0),
            min_p: self.min_p.unwrap_or(0.0),
            repetition_penalty: self.repetition_penalty,
            stop_strings: self.stop.clone(),
            stop_tokens: Vec::new(),
            seed: self.seed,
        }
    }
}

/// An output line.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    carried: &'a Map<String, Value>,
    text: String,
    token_ids: Vec<i64>,
    finish_reason: &'static str,
}

/// The fields of [`Line`] that are its own.
const WRITTEN: [&str; 3] = ["text", "token_ids", "finish_reason"];

/// What a line asks for.
struct Asked {
    place: Place,
    request: Request,
    carried: Map<String, Value>,
    /// The conversation behind other persons' sessions.
    distractors: Vec<Vec<i64>>,
}

impl Asked {
    fn read(
        mut line: Object,
        tokenizer: &ChatTokenizer,
        params: DecodingParams,
    ) -> Result<Self, BoxError> {
        let prompt = Prompt::take(&mut line)?;
        let others = line.fields.remove("distractors");
        let carried = carried(&mut line, &WRITTEN)?;
        let place = line.place;
        let encode = |prompt: &Prompt| prompt.encode(tokenizer).map_err(|error| place.error(error));
        let distractors = match (others, &prompt) {
            (None, _) => Vec::new(),
            (Some(_), Prompt::Text(_)) => {
                return Err(place.field("distractors", "nothing beside `prompt`", "it"));
            }
            (others, Prompt::Chat { messages, .. }) => {
                let persons = place.array("distractors", others)?.into_iter().enumerate();
                let encode = |(i, person)| {
                    let sessions: Vec<Vec<Utterance>> =
                        sessions(&place, &format!("distractors[{i}]"), Some(person))?;
                    encode(&Prompt::Chat { sessions, messages: messages.clone() })
                };
                persons.map(encode).collect::<Result<_, BoxError>>()?
            }
        };
        let request = Request { prompt: encode(&prompt)?, params };
        if request.prompt.is_empty() {
            return Err(place.field("prompt", "at least one token", "none"));
        }
        Ok(Asked { place, request, carried, distractors })
    }

    /// The output line.
    fn print(&self, reply: Generation) -> Result<(), BoxError> {
        cli::print_json(&Line {
            carried: &self.carried,
            text: reply.text,
            token_ids: reply.token_ids,
            finish_reason: FinishReason::as_str(reply.finish_reason),
        })
    }

    /// An error of the library, with the line.
    fn explain(&self, error: idl::lm::Error) -> BoxError {
        self.place.error(error)
    }
}

fn silent(_: Piece<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The reply to one line.
fn alone(
    generator: Generator<'_>,
    rsa: RsaParams,
    asked: &Asked,
) -> Result<Generation, idl::lm::Error> {
    let Request { prompt, params } = &asked.request;
    if asked.distractors.is_empty() {
        return generator.generate_ids(prompt, params);
    }
    let others: Vec<&[i64]> = asked.distractors.iter().map(Vec::as_slice).collect();
    generator.generate_rsa(prompt, &others, rsa, params, &mut silent)
}

/// Prints the replies to some lines, in their order; those before one that is
/// wrong, too.
fn reply(generator: Generator<'_>, rsa: RsaParams, asked: &[Asked]) -> Result<(), BoxError> {
    let plain = asked.iter().filter(|a| a.distractors.is_empty());
    let requests: Vec<Request> = plain.map(|a| a.request.clone()).collect();
    // Whose fault an error of a batch was, each line alone tells.
    let together = generator.generate_batch(&requests, &mut silent).ok();
    let mut together = together.unwrap_or_default().into_iter();
    for asked in asked {
        let known = if asked.distractors.is_empty() { together.next() } else { None };
        let reply = match known {
            Some(reply) => reply,
            None => alone(generator, rsa, asked).map_err(|error| asked.explain(error))?,
        };
        asked.print(reply)?;
    }
    Ok(())
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let params = arguments.decoding.params();
    params.check()?;
    let rsa = RsaParams { rationality: arguments.rationality, ..RsaParams::default() };
    let lines = objects(&arguments.input)?;
    let (model, tokenizer) = arguments.model.load()?;
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let mut waiting = Vec::new();
    for (index, line) in lines.enumerate() {
        let seed = params.seed.wrapping_add(index as u64);
        let asked = line.and_then(|line| {
            Asked::read(line, &tokenizer, DecodingParams { seed, ..params.clone() })
        });
        match asked {
            Ok(asked) => waiting.push(asked),
            // The lines before are answered first.
            Err(error) => return reply(generator, rsa, &waiting).and(Err(error)),
        }
        if waiting.len() == usize::from(arguments.batch_size) {
            reply(generator, rsa, &waiting)?;
            waiting.clear();
        }
    }
    reply(generator, rsa, &waiting)
}
