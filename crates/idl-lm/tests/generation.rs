//! Generation on tiny random models and on the embedded base: batches, caches,
//! streams, stops and errors. `tests/reference/generate.py` made the vectors.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use idl_dialogue::{Role, Utterance};
use idl_lm::{
    CausalLm, ChatTokenizer, Conversation, DecodingParams, Error, FinishReason, Generation,
    Generator, LoadOptions, LoraConfig, Piece, PromptCache, Request, RsaParams,
};
use serde_json::Value;

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/assets/mini-llama")
}

fn load() -> (CausalLm, ChatTokenizer) {
    let model = CausalLm::from_dir(&base(), LoadOptions::default()).unwrap();
    (model, ChatTokenizer::from_dir(&base()).unwrap())
}

fn vectors() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/generate.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn get<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn greedy(max_new_tokens: usize) -> DecodingParams {
    DecodingParams { max_new_tokens, ..DecodingParams::default() }
}

fn sampling(max_new_tokens: usize, seed: u64) -> DecodingParams {
    DecodingParams { temperature: 0.9, top_p: 0.95, seed, ..greedy(max_new_tokens) }
}

fn go_on(_: Piece<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The prompts of the vectors: invented, of unequal length.
fn prompts(tokenizer: &ChatTokenizer) -> Vec<Vec<i64>> {
    let cases: Vec<Value> = get(&vectors()["greedy"]);
    cases.iter().map(|case| tokenizer.encode(&get::<String>(&case["prompt"])).unwrap()).collect()
}

#[test]
fn greedy_replies_are_those_of_transformers() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let cases: Vec<Value> = get(&vectors()["greedy"]);
    for (case, prompt) in cases.iter().zip(prompts(&tokenizer)) {
        let penalty: f64 = get(&case["repetition_penalty"]);
        let params = DecodingParams { repetition_penalty: penalty, ..greedy(64) };
        let reply = generator.generate_ids(&prompt, params).unwrap();
        assert_eq!(reply.token_ids, get::<Vec<i64>>(&case["token_ids"]));
        assert_eq!(reply.text, get::<String>(&case["text"]));
        assert_eq!(reply.text, tokenizer.decode(&reply.token_ids).unwrap());
    }
}

#[test]
fn a_batch_equals_its_prompts_one_by_one() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let mut requests = Vec::new();
    for (i, prompt) in prompts(&tokenizer).into_iter().enumerate() {
        // Some end early and leave, one may say nothing at all.
        requests.push(Request { prompt: prompt.clone(), params: greedy(4 + 9 * i) });
        requests.push(Request { prompt, params: sampling(20, i as u64) });
    }
    requests[2].params.max_new_tokens = 0;
    let mut streamed = vec![String::new(); requests.len()];
    let replies = generator
        .generate_batch(&requests, &mut |piece| {
            streamed[piece.request].push_str(piece.text);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(replies.len(), requests.len());
    assert!(replies[2].text.is_empty() && replies[2].finish_reason == FinishReason::Length);
    for ((request, reply), streamed) in requests.iter().zip(replies).zip(streamed) {
        assert_eq!(reply, generator.generate_ids(&request.prompt, &request.params).unwrap());
        assert_eq!(streamed, reply.text);
    }
}

#[test]
fn what_is_sampled_depends_on_the_seed_alone() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompt = &prompts(&tokenizer)[0];
    let reply = |seed| generator.generate_ids(prompt, sampling(12, seed)).unwrap();
    assert_eq!(reply(1), reply(1));
    let different: std::collections::HashSet<Vec<i64>> =
        (0..6).map(|seed| reply(seed).token_ids).collect();
    assert!(different.len() > 3);
}

fn stream(
    generator: &Generator<'_>,
    prompt: &[i64],
    params: &DecodingParams,
) -> (Generation, Vec<String>) {
    let mut pieces = Vec::new();
    let request = Request { prompt: prompt.to_vec(), params: params.clone() };
    let mut replies = generator
        .generate_batch(&[request], &mut |piece| {
            pieces.push(piece.text.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
    (replies.remove(0), pieces)
}

#[test]
fn a_stop_string_across_tokens_cuts_the_text() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompt = &prompts(&tokenizer)[0];
    let (whole, _) = stream(&generator, prompt, &greedy(16));
    // From amid the second word to amid the third.
    let words: Vec<(usize, &str)> = whole.text.match_indices(' ').collect();
    let (from, to) = (words[1].0 - 1, words[1].0 + 2);
    let stop = whole.text[from..to].to_owned();
    let params = DecodingParams { stop_strings: vec![stop.clone()], ..greedy(16) };
    let (cut, pieces) = stream(&generator, prompt, &params);
    assert_eq!(cut.finish_reason, FinishReason::Stop);
    assert_eq!(cut.text, whole.text[..whole.text.find(&stop).unwrap()]);
    assert_eq!(pieces.concat(), cut.text);
    assert!(whole.token_ids.starts_with(&cut.token_ids));

    let third = whole.token_ids[2];
    let params = DecodingParams { stop_tokens: vec![third], ..greedy(16) };
    let (cut, _) = stream(&generator, prompt, &params);
    assert_eq!(cut.finish_reason, FinishReason::Stop);
    let first = whole.token_ids.iter().position(|&id| id == third).unwrap();
    assert_eq!(cut.token_ids, whole.token_ids[..first]);
}

#[test]
fn the_callback_may_end_one_reply() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompts = prompts(&tokenizer);
    let requests: Vec<Request> = prompts[..2]
        .iter()
        .map(|prompt| Request { prompt: prompt.clone(), params: greedy(6) })
        .collect();
    let mut count = 0;
    let replies = generator
        .generate_batch(&requests, &mut |piece| {
            count += usize::from(piece.request == 0);
            if count == 3 && piece.request == 0 { ControlFlow::Break(()) } else { go_on(piece) }
        })
        .unwrap();
    assert_eq!(replies[0].finish_reason, FinishReason::Cancelled);
    assert_eq!(replies[0].token_ids.len(), 3);
    assert_eq!(replies[1], generator.generate_ids(&prompts[1], greedy(6)).unwrap());
}

/// Whole characters only, whatever tokens come: each byte its own token.
#[test]
fn pieces_are_whole_characters() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompt = tokenizer.encode("<s><|user|>日本語 🦉<|assistant|>").unwrap();
    // Hot enough for bytes of every kind.
    for seed in 0..4 {
        let params = DecodingParams { temperature: 50.0, seed, ..greedy(40) };
        let (reply, pieces) = stream(&generator, &prompt, &params);
        assert_eq!(pieces.concat(), reply.text);
        assert_eq!(reply.text, tokenizer.decode(&reply.token_ids).unwrap());
        // A replacement character never ends a piece but the last.
        let all_but_last = &pieces[..pieces.len() - 1];
        assert!(all_but_last.iter().all(|piece| !piece.ends_with('\u{fffd}')));
    }
}

#[test]
fn a_cached_beginning_changes_nothing() {
    let (mut model, tokenizer) = load();
    let prompts = prompts(&tokenizer);
    let mut cache = PromptCache::new(&model).unwrap();
    let mut prompt = Vec::new();
    for part in prompts.iter().take(3) {
        prompt.extend(part);
        let generator = Generator { model: &model, tokenizer: &tokenizer };
        let fresh = generator.generate_ids(&prompt, greedy(12)).unwrap();
        let mut shared = cache.fork().unwrap();
        let cached =
            generator.generate_cached(&mut shared, &prompt, &greedy(12), &mut go_on).unwrap();
        assert_eq!(cached, fresh);
        // Another reply to the same prompt, from what is there: one token is computed.
        let again = generator.generate_cached(&mut shared, &prompt, &greedy(12), &mut go_on);
        assert_eq!(again.unwrap(), fresh);
        let known = cache.ids().len();
        assert_eq!(cache.fill(&model, &prompt).unwrap(), prompt.len() - known);
        assert_eq!(cache.fill(&model, &prompt).unwrap(), 0);
        // Half of it: nothing to compute, the rest is forgotten.
        assert_eq!(cache.fill(&model, &prompt[..known + 1]).unwrap(), 0);
        cache.fill(&model, &prompt).unwrap();
    }
    // With another adapter nothing of it holds.
    model.add_adapter("new", &LoraConfig::default(), 1).unwrap();
    model.set_active(Some("new")).unwrap();
    assert_eq!(cache.fill(&model, &prompt).unwrap(), prompt.len());
}

#[test]
fn a_cache_holds_what_a_pass_computes() {
    let (model, tokenizer) = load();
    let prompt = prompts(&tokenizer).concat();
    let tensor = |ids: &[i64]| tch::Tensor::from_slice(ids).unsqueeze(0);
    let whole = tch::no_grad(|| model.forward(&tensor(&prompt), None, None)).unwrap();
    let mut cache = model.new_cache(1, prompt.len()).unwrap();
    let mut parts = Vec::new();
    for part in prompt.chunks(13) {
        parts.push(tch::no_grad(|| model.forward(&tensor(part), None, Some(&mut cache))).unwrap());
    }
    let logits = |hidden: &tch::Tensor| model.logits(hidden).unwrap();
    let error = (logits(&tch::Tensor::cat(&parts, 1)) - logits(&whole)).abs().max();
    let size = logits(&whole).abs().max().double_value(&[]);
    assert!(error.double_value(&[]) < 1e-5 * size, "{error} {size}");
    let mut fork = cache.fork(2, 0).unwrap();
    assert_eq!((fork.len(), fork.capacity()), (prompt.len(), prompt.len()));
    fork.truncate(5);
    assert_eq!((fork.len(), cache.len()), (5, prompt.len()));
}

fn session(said: &[&str]) -> Vec<Utterance> {
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    said.iter().zip(roles).map(|(text, role)| Utterance::new(role, *text)).collect()
}

#[test]
fn a_conversation_replies_as_if_computed_anew() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let sessions = vec![
        session(&["what do you do ?", "i repair violins in a small workshop ."]),
        session(&["any pets ?", "two owls live in my attic .", "wow !"]),
    ];
    let mut person = Conversation::new(generator, sessions.clone()).unwrap();
    let prepared = person.prepare().unwrap();
    assert!(prepared > 20 && person.cached_tokens() == prepared);
    let mut other = person.fork().unwrap();
    let mut said: Vec<Utterance> = sessions.concat();
    for text in ["hi , how are you ?", "where do you live ?", "thanks !"] {
        let reply = person.say(text, &greedy(16), &mut go_on).unwrap();
        said.push(Utterance::user(text));
        let prompt = tokenizer.encode_chat(&said, true).unwrap();
        assert_eq!(reply, generator.generate_ids(&prompt, greedy(16)).unwrap());
        said.push(Utterance::assistant(reply.text));
    }
    assert_eq!(person.messages(), &said[said.len() - 6..]);
    assert!(other.messages().is_empty());
    other.say("and you ?", &greedy(4), &mut go_on).unwrap();

    // What is wrong is not said.
    let wrong = DecodingParams { top_p: 2.0, ..greedy(4) };
    person.say("one", &wrong, &mut go_on).unwrap_err();
    assert_eq!(person.messages().len(), 6);
    let endless = "word ".repeat(3000);
    let error = person.say(&endless, &greedy(4), &mut go_on).unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error}");
}

#[test]
fn a_long_conversation_leaves_the_oldest_out() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let long = "a b c d e f g h i j ".repeat(45);
    let sessions = (0..5).map(|_| session(&["tell me !", long.trim()])).collect();
    let mut person = Conversation::new(generator, sessions).unwrap();
    person.prepare().unwrap();
    assert!((1..5).contains(&person.sessions().len()));
    let length = person.cached_tokens();
    assert!(length <= 2048 * 3 / 4);
    for _ in 0..2 {
        person.say(long.trim(), &greedy(2), &mut go_on).unwrap();
    }
    assert!(person.cached_tokens() <= 2048);
    assert_eq!(person.messages().len(), 4);
}

#[test]
fn rsa_without_a_listener_is_plain_decoding() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompts = prompts(&tokenizer);
    let (target, distractors) = (&prompts[0], [&*prompts[1], &*prompts[2]]);
    let rsa = |params| {
        generator.generate_rsa(target, &distractors, params, &greedy(20), &mut go_on).unwrap()
    };
    let plain = generator.generate_ids(target, greedy(20)).unwrap();
    assert_eq!(rsa(RsaParams { rationality: 0.0, listener: 0.5 }), plain);
    // Distractors that are the target tell nothing.
    let same = generator
        .generate_rsa(target, &[target], RsaParams::default(), &greedy(20), &mut go_on)
        .unwrap();
    assert_eq!(same, plain);
    assert_ne!(rsa(RsaParams { rationality: 20.0, listener: 1.0 }).token_ids, plain.token_ids);
    let none = generator.generate_rsa(target, &[], RsaParams::default(), &greedy(2), &mut go_on);
    assert!(matches!(none, Err(Error::Input(_))));
}

#[test]
fn bad_prompts_are_typed_errors() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let error = |prompt: &[i64]| generator.generate_ids(prompt, greedy(2)).unwrap_err();
    assert!(matches!(error(&[]), Error::Input(_)));
    assert!(matches!(error(&[1, 8192]), Error::Input(_)));
    assert!(matches!(error(&[1; 2048]), Error::TooLong { tokens: 2049, positions: 2048 }));
    let full = generator.generate_ids(&[5; 2047], greedy(9)).unwrap();
    assert!(full.token_ids.len() <= 1);
    assert!(generator.generate_batch(&[], &mut go_on).unwrap().is_empty());
    let mut cache = PromptCache::new(&model).unwrap();
    assert!(matches!(cache.fill(&model, &[9000]), Err(Error::Input(_))));
    assert!(matches!(cache.fill(&model, &[5; 2049]), Err(Error::TooLong { .. })));
    assert_eq!(cache.fill(&model, &[]).unwrap(), 0);
}

#[test]
fn a_damaged_adapter_is_noticed() {
    let (mut model, tokenizer) = load();
    model.add_adapter("new", &LoraConfig::default(), 1).unwrap();
    for (_, mut p) in model.adapter_parameters("new").unwrap() {
        let _ = tch::no_grad(|| p.fill_(f64::NAN));
    }
    model.set_active(Some("new")).unwrap();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    for params in [greedy(4), sampling(4, 1)] {
        let error = generator.generate_ids(&[1, 5, 7], &params).unwrap_err();
        assert!(matches!(error, Error::Generation { .. }), "{error}");
    }
}

#[test]
fn what_prompts_have_in_common_is_computed_once() {
    let (model, tokenizer) = load();
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    let prompts = prompts(&tokenizer);
    // A person's sessions, then what several partners say; one of them nothing.
    let sessions: Vec<i64> = prompts.iter().take(3).flatten().copied().collect();
    let behind = |tail: &[i64]| sessions.iter().chain(tail).copied().collect::<Vec<i64>>();
    let mut requests: Vec<Request> = prompts
        .iter()
        .enumerate()
        .map(|(i, tail)| Request { prompt: behind(tail), params: sampling(10, i as u64) })
        .collect();
    requests.push(Request { prompt: behind(&prompts[0][..1]), params: greedy(6) });
    let alone: Vec<Generation> = requests
        .iter()
        .map(|request| generator.generate_ids(&request.prompt, &request.params).unwrap())
        .collect();
    assert_eq!(generator.generate_batch(&requests, &mut go_on).unwrap(), alone);

    let mut cache = PromptCache::new(&model).unwrap();
    cache.fill(&model, &prompts[0]).unwrap();
    let replies = generator.generate_batch_cached(&mut cache, &requests, &mut go_on).unwrap();
    assert_eq!(replies, alone);
    assert_eq!(cache.ids(), sessions, "and the first token of every tail is its own");
    let some = &requests[1..3];
    let replies = generator.generate_batch_cached(&mut cache, some, &mut go_on).unwrap();
    assert_eq!(replies, alone[1..3]);

    // Prompts that have nothing in common empty it; one alone leaves itself.
    let others = [5i64, 6].map(|id| Request { prompt: vec![id; 4], params: greedy(3) });
    let replies = generator.generate_batch_cached(&mut cache, &others, &mut go_on).unwrap();
    assert!(cache.ids().is_empty());
    for (request, reply) in others.iter().zip(replies) {
        assert_eq!(reply, generator.generate_ids(&request.prompt, &request.params).unwrap());
    }
    generator.generate_batch_cached(&mut cache, &others[..1], &mut go_on).unwrap();
    assert_eq!(cache.ids(), [5, 5, 5]);
    assert!(generator.generate_batch_cached(&mut cache, &[], &mut go_on).unwrap().is_empty());
    let empty = [Request { prompt: vec![], params: greedy(3) }];
    let error = generator.generate_batch_cached(&mut cache, &empty, &mut go_on).unwrap_err();
    assert!(matches!(error, Error::Input(_)), "{error}");
}
