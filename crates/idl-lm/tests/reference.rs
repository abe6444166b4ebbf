//! Against transformers and PEFT: `tests/reference/lm.py` made the vectors.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

use idl_lm::{CausalLm, Error, KvCache, LoadOptions, LoraConfig, TokenTree};
use serde_json::Value;
use tch::{Kind, Tensor};

const MODELS: [&str; 2] = ["grouped_tied", "full_untied"];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn load(name: &str) -> (CausalLm, Value) {
    let model = CausalLm::from_dir(&data().join(name), LoadOptions::default()).unwrap();
    let text = std::fs::read_to_string(data().join("lm.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    (model, vectors[name].clone())
}

fn ids(vectors: &Value) -> Vec<i64> {
    serde_json::from_value(vectors["ids"].clone()).unwrap()
}

fn rows(value: &Value) -> Tensor {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    let columns = rows[0].len() as i64;
    Tensor::from_slice(&rows.concat()).view([-1, columns])
}

fn logits(model: &CausalLm, ids: &[i64], cache: Option<&mut KvCache>) -> Tensor {
    let hidden = model.forward(&Tensor::from_slice(ids).unsqueeze(0), None, cache).unwrap();
    model.logits(&hidden).unwrap().squeeze_dim(0)
}

#[track_caller]
fn assert_close(a: &Tensor, b: &Tensor, tolerance: f64) {
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "differ by {error}");
}

#[test]
fn logits_equal_those_of_transformers() {
    for name in MODELS {
        let (model, vectors) = load(name);
        assert_close(&logits(&model, &ids(&vectors), None), &rows(&vectors["logits"]), 1e-4);
    }
}

#[test]
fn a_peft_adapter_computes_what_peft_computes() {
    for name in MODELS {
        let (mut model, vectors) = load(name);
        let ids = ids(&vectors);
        model.load_adapter("peft", &data().join(name).join("adapter")).unwrap();
        assert_close(&logits(&model, &ids, None), &rows(&vectors["logits"]), 1e-4);
        model.set_active(Some("peft")).unwrap();
        assert_close(&logits(&model, &ids, None), &rows(&vectors["adapted"]), 1e-4);
        // The adapter matters, or the line above would prove nothing.
        let moved = (rows(&vectors["adapted"]) - rows(&vectors["logits"])).abs().max();
        assert!(moved.double_value(&[]) > 0.05);

        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("again");
        model.save_adapter("peft", &folder, name).unwrap();
        model.load_adapter("again", &folder).unwrap();
        model.set_active(Some("again")).unwrap();
        assert_close(&logits(&model, &ids, None), &rows(&vectors["adapted"]), 1e-4);
    }
}

/// `tests/reference/lm_bf16.py`: PEFT keeps the factors of a bf16 base in 32
/// bits, multiplies there, and rounds the sum.
#[test]
fn a_peft_adapter_on_bf16_weights_computes_in_32_bits() {
    let text = std::fs::read_to_string(data().join("lm_bf16.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    for name in MODELS {
        let options = LoadOptions { kind: Kind::BFloat16, ..LoadOptions::default() };
        let mut model = CausalLm::from_dir(&data().join(name), options).unwrap();
        model.load_adapter("peft", &data().join(name).join("adapter")).unwrap();
        model.set_active(Some("peft")).unwrap();
        let (_, f32_vectors) = load(name);
        let expected = rows(&vectors[name]["logits"]);
        let got = logits(&model, &ids(&f32_vectors), None).to_kind(Kind::Float);
        // A bit of bf16 is 2^-8 of a number; the kernels may round apart.
        assert_close(&got, &expected, 0.015 * expected.abs().max().double_value(&[]));
    }
}

#[test]
fn the_cache_changes_nothing() {
    for name in MODELS {
        let (model, vectors) = load(name);
        let ids = ids(&vectors);
        let whole = logits(&model, &ids, None);
        // Cut into several tokens at once, and single ones.
        let mut cache = model.new_cache(1, ids.len()).unwrap();
        let mut parts = Vec::new();
        for (start, end) in [(0, 3), (3, 7), (7, 8), (8, 9), (9, 10)] {
            parts.push(logits(&model, &ids[start..end], Some(&mut cache)));
        }
        assert_close(&Tensor::cat(&parts, 0), &whole, 1e-5);
        // And taken back: the third token again.
        cache.truncate(2);
        let again = logits(&model, &ids[2..3], Some(&mut cache));
        assert_close(&again, &whole.narrow(0, 2, 1), 1e-5);
    }
}

#[test]
fn a_tree_equals_its_branches_one_by_one() {
    for name in MODELS {
        let (model, vectors) = load(name);
        let trunk = ids(&vectors);
        let branches = [(4, vec![7, 8, 2]), (10, vec![3]), (4, vec![11]), (1, vec![6, 6])];
        let mut tree = TokenTree::new(trunk.clone());
        tree.add_span(2..5).unwrap();
        tree.add_span(7..8).unwrap();
        for (at, ids) in &branches {
            tree.add_branch(*at, ids.clone()).unwrap();
        }
        let scored = tree.logprobs(&model).unwrap();

        let alone = logits(&model, &trunk, None).log_softmax(-1, Kind::Float);
        for (span, got) in [2..5, 7..8].into_iter().zip(&scored.spans) {
            let expected: Vec<f32> =
                span.map(|i| alone.double_value(&[i as i64 - 1, trunk[i]]) as f32).collect();
            assert_close(got, &Tensor::from_slice(&expected), 1e-5);
        }
        for ((at, ids), got) in branches.iter().zip(&scored.branches) {
            let path: Vec<i64> = trunk[..*at].iter().chain(ids).copied().collect();
            let logp = logits(&model, &path, None).log_softmax(-1, Kind::Float);
            let expected: Vec<f32> = (0..ids.len())
                .map(|i| logp.double_value(&[(at + i) as i64 - 1, ids[i]]) as f32)
                .collect();
            assert_close(got, &Tensor::from_slice(&expected), 1e-5);
        }
    }
}

#[test]
fn gradients_reach_every_factor_and_nothing_else() {
    let (mut model, vectors) = load("grouped_tied");
    model.add_adapter("new", &LoraConfig::all_linear(2, 4.0), 3).unwrap();
    model.set_active(Some("new")).unwrap();
    let parameters = model.adapter_parameters("new").unwrap();
    for (_, p) in &parameters {
        let _ = p.set_requires_grad(true);
    }
    let mut tree = TokenTree::new(ids(&vectors));
    tree.add_span(1..6).unwrap();
    tree.add_branch(3, vec![4, 5]).unwrap();
    let scored = tree.logprobs(&model).unwrap();
    (scored.spans[0].sum(Kind::Float) + scored.branches[0].sum(Kind::Float)).backward();
    for (name, p) in &parameters {
        assert!(p.grad().defined(), "{name}");
        // B starts at zero, so A's gradient is zero and B's is not.
        let moved = p.grad().abs().max().double_value(&[]) > 0.0;
        assert_eq!(moved, name.contains("lora_B"), "{name}");
    }
}

#[test]
fn a_fresh_adapter_changes_nothing_and_copies_are_independent() {
    let (mut model, vectors) = load("full_untied");
    let ids = ids(&vectors);
    let base = logits(&model, &ids, None);
    model.add_adapter("a", &LoraConfig::default(), 1).unwrap();
    model.set_active(Some("a")).unwrap();
    assert_close(&logits(&model, &ids, None), &base, 0.0);
    model.copy_adapter("a", "b").unwrap();
    for (name, mut p) in model.adapter_parameters("b").unwrap() {
        if name.contains("lora_B") {
            let _ = p.fill_(0.3);
        }
    }
    assert_close(&logits(&model, &ids, None), &base, 0.0);
    model.set_active(Some("b")).unwrap();
    let moved = (logits(&model, &ids, None) - &base).abs().max().double_value(&[]);
    assert!(moved > 1e-3);
}

#[test]
fn bad_input_is_a_typed_error() {
    let (mut model, vectors) = load("full_untied");
    let trunk = ids(&vectors);
    let mut tree = TokenTree::new(trunk.clone());
    assert!(matches!(tree.logprobs(&model), Err(Error::Input(_))));
    assert!(matches!(tree.add_span(0..2), Err(Error::Input(_))));
    assert!(matches!(tree.add_span(3..11), Err(Error::Input(_))));
    assert!(matches!(tree.add_branch(0, vec![1]), Err(Error::Input(_))));
    assert!(matches!(tree.add_branch(11, vec![1]), Err(Error::Input(_))));
    tree.add_branch(3, vec![32]).unwrap();
    assert!(tree.logprobs(&model).unwrap_err().to_string().contains("32"));
    let mut long = TokenTree::new(trunk);
    long.add_branch(10, vec![1; 23]).unwrap();
    assert!(matches!(long.logprobs(&model), Err(Error::TooLong { tokens: 33, positions: 32 })));
    assert!(matches!(model.set_active(Some("none")), Err(Error::NoAdapter { .. })));
    let wrong = data().join("grouped_tied/adapter");
    let text = model.load_adapter("x", &wrong).unwrap_err();
    assert!(matches!(text, Error::Tensors { .. }), "{text}");
    let absent = CausalLm::from_dir(Path::new("no/such/folder"), LoadOptions::default());
    assert!(absent.unwrap_err().to_string().contains("config.json"));
}
