//! Our side of `compare/generate.py`: times decoding, prefill and the turns of
//! a conversation, and prints what it took, one JSON object.
//!
//! ```text
//! generate-peer MODEL f32|bf16 REQUEST
//! ```
//! `REQUEST` is a JSON file: `{"prompts": [[id, ..], ..], "new_tokens": n,
//! "batch": [[id, ..], ..], "turns": [[id, ..], ..], "repeats": n}`; the turns
//! are prompts each of which begins with the one before it.

use std::error::Error;
use std::path::Path;

use idl_benches::least_seconds;
use idl_lm::{
    CausalLm, ChatTokenizer, DecodingParams, Generator, LoadOptions, PromptCache, Request,
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn ids(value: &Value) -> Result<Vec<Vec<i64>>> {
    Ok(serde_json::from_value(value.clone())?)
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, kind, request] = args.as_slice() else {
        return Err("usage: generate-peer MODEL f32|bf16 REQUEST".into());
    };
    let kind = match kind.as_str() {
        "bf16" => tch::Kind::BFloat16,
        _ => tch::Kind::Float,
    };
    let request: Value = serde_json::from_str(&std::fs::read_to_string(request)?)?;
    let repeats = request["repeats"].as_u64().unwrap_or(3) as usize;
    let new_tokens = request["new_tokens"].as_u64().unwrap_or(64) as usize;

    let dir = Path::new(dir);
    let model = CausalLm::from_dir(dir, LoadOptions { kind, ..LoadOptions::default() })?;
    let tokenizer = ChatTokenizer::from_dir(dir)?;
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let params = |n| DecodingParams { max_new_tokens: n, ..DecodingParams::default() };

    let prompts = ids(&request["prompts"])?;
    let (mut single, mut replies) = (Vec::new(), Vec::new());
    for prompt in &prompts {
        let first = least_seconds(repeats, || generator.generate_ids(prompt, params(1)));
        let all = least_seconds(repeats, || generator.generate_ids(prompt, params(new_tokens)));
        single.push(json!({"tokens": prompt.len(), "first": first, "all": all}));
        replies.push(generator.generate_ids(prompt, params(new_tokens))?.token_ids);
    }
    let requests: Vec<Request> = ids(&request["batch"])?
        .into_iter()
        .map(|prompt| Request { prompt, params: params(new_tokens) })
        .collect();
    let silent = &mut |_: idl_lm::Piece<'_>| std::ops::ControlFlow::Continue(());
    let batch = least_seconds(repeats, || generator.generate_batch(&requests, silent));
    let alone = least_seconds(repeats, || -> Result<()> {
        for request in &requests {
            generator.generate_ids(&request.prompt, &request.params)?;
        }
        Ok(())
    });

    let turns = ids(&request["turns"])?;
    let fill_all = |cache: &mut PromptCache| -> Result<()> {
        for turn in &turns {
            cache.fill(&model, turn)?;
        }
        Ok(())
    };
    let cached =
        least_seconds(repeats, || -> Result<()> { fill_all(&mut PromptCache::new(&model)?) });
    let recomputed = least_seconds(repeats, || -> Result<()> {
        for turn in &turns {
            PromptCache::new(&model)?.fill(&model, turn)?;
        }
        Ok(())
    });
    println!(
        "{}",
        json!({
            "threads": tch::get_num_threads(),
            "single": single,
            "replies": replies,
            "batch": batch,
            "alone": alone,
            "turns_cached": cached,
            "turns_recomputed": recomputed,
        })
    );
    Ok(())
}
