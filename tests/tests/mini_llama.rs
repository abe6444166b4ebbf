//! The embedded base against transformers: `tests/reference/lm.py` made the
//! vectors, on invented sentences.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

use idl::dialogue::{GenerationParams, Role, TextGenerator, Utterance};
use idl::lm::{CausalLm, ChatTokenizer, Generator, LoadOptions, TokenTree};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("tests/data/mini_llama.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn get<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn template_tokens_and_log_probabilities_are_those_of_transformers() {
    let dir = root().join("examples/assets/mini-llama");
    let tokenizer = ChatTokenizer::from_dir(&dir).unwrap();
    let model = CausalLm::from_dir(&dir, LoadOptions::default()).unwrap();
    assert_eq!(model.parameter_count(), 12_587_904);
    let generator = Generator { model: &model, tokenizer: &tokenizer };
    for case in vectors() {
        let messages: Vec<Utterance> = get(&case["messages"]);
        let text = tokenizer.render(&messages, false).unwrap();
        assert_eq!(text, get::<String>(&case["text"]));
        let ids: Vec<i64> = get(&case["ids"]);
        assert_eq!(tokenizer.encode(&text).unwrap(), ids);

        let mut tree = TokenTree::new(ids.clone());
        tree.add_span(1..ids.len()).unwrap();
        let scored = tch::no_grad(|| tree.logprobs(&model)).unwrap();
        let got: Vec<f32> = Vec::try_from(&scored.spans[0]).unwrap();
        let expected: Vec<f32> = get(&case["logprobs"]);
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-4 * expected.abs().max(1.0), "{got} {expected}");
        }

        let (prompt, last) = messages.split_at(messages.len() - 1);
        assert_eq!(last[0].role, Role::Assistant);
        let prompt = tokenizer.render(prompt, true).unwrap();
        assert_eq!(prompt, get::<String>(&case["prompt"]));
        let params = GenerationParams { max_new_tokens: 24, ..GenerationParams::default() };
        let reply = generator.generate_ids(&tokenizer.encode(&prompt).unwrap(), params).unwrap();
        assert_eq!(reply.token_ids, get::<Vec<i64>>(&case["greedy"]));
        let text = generator.generate(&[&prompt], &params).unwrap();
        assert_eq!(text, [get::<String>(&case["greedy_text"])]);
    }
}
