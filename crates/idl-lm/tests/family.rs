//! Every option of the family against transformers and PEFT:
//! `tests/reference/lm_family.py` made the folders and vectors.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

use idl_lm::{Architecture, CausalLm, KvCache, LoadOptions, LoraConfig, RopeScaling, TokenTree};
use serde_json::Value;
use tch::{Kind, Tensor};

const MODELS: [&str; 5] =
    ["llama3_shards", "llama_linear_biases", "mistral_window", "qwen2_window", "qwen2"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/family").join(name)
}

fn vectors() -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder("family.json")).unwrap()).unwrap()
}

fn ids() -> Vec<i64> {
    serde_json::from_value(vectors()["ids"].clone()).unwrap()
}

fn load(name: &str) -> CausalLm {
    CausalLm::from_dir(&folder(name), LoadOptions::default()).unwrap()
}

fn expected(name: &str, key: &str) -> Tensor {
    let rows: Vec<Vec<f32>> =
        serde_json::from_value(vectors()["models"][name][key].clone()).unwrap();
    Tensor::from_slice(&rows.concat()).view([rows.len() as i64, -1])
}

fn logits(model: &CausalLm, ids: &[i64], cache: Option<&mut KvCache>) -> Tensor {
    let hidden = model.forward(&Tensor::from_slice(ids).unsqueeze(0), None, cache).unwrap();
    model.logits(&hidden).unwrap().squeeze_dim(0)
}

/// The largest difference, as a share of the largest number.
fn relative(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[]) / b.abs().max().double_value(&[])
}

#[track_caller]
fn assert_close(a: &Tensor, b: &Tensor, tolerance: f64) {
    let error = relative(a, b);
    assert!(error <= tolerance, "differ by {error}");
}

#[test]
fn the_folders_cover_what_they_are_for() {
    let [llama3, linear, mistral, window, qwen] = MODELS.map(load);
    assert!(matches!(llama3.config().rope_scaling, RopeScaling::Llama3 { .. }));
    assert_eq!(llama3.config().head_dim * 4, 2 * llama3.config().hidden_size);
    assert_eq!(llama3.config().eos_token_ids, [2, 7]);
    assert_eq!(linear.config().rope_scaling, RopeScaling::Linear { factor: 2.5 });
    assert!(linear.config().biases.mlp && linear.config().biases.output);
    assert_eq!(linear.config().rope_theta, 500.0);
    assert_eq!(mistral.config().architecture, Architecture::Mistral);
    assert_eq!(mistral.config().windows, [Some(5), Some(5)]);
    assert_eq!(window.config().windows, [None, Some(4)]);
    assert!(window.config().biases.qkv && !window.config().biases.output);
    assert_eq!(qwen.config().windows, [None, None]);
}

#[test]
fn logits_equal_those_of_transformers() {
    for name in MODELS {
        assert_close(&logits(&load(name), &ids(), None), &expected(name, "logits"), 1e-5);
    }
}

#[test]
fn half_precision_is_near() {
    let options = LoadOptions { kind: Kind::BFloat16, ..LoadOptions::default() };
    for name in MODELS {
        let model = CausalLm::from_dir(&folder(name), options).unwrap();
        let half = logits(&model, &ids(), None);
        assert_eq!(half.kind(), Kind::BFloat16);
        assert_close(&half.to_kind(Kind::Float), &expected(name, "logits"), 0.1);
    }
}

#[test]
fn a_peft_adapter_with_rslora_computes_what_peft_computes() {
    let mut model = load("mistral_window");
    model.load_adapter("peft", &folder("mistral_window/adapter")).unwrap();
    assert!(model.adapter_config("peft").unwrap().use_rslora);
    model.set_active(Some("peft")).unwrap();
    let adapted = expected("mistral_window", "adapted");
    assert_close(&logits(&model, &ids(), None), &adapted, 1e-5);
    model.set_active(None).unwrap();
    assert!(relative(&logits(&model, &ids(), None), &adapted) > 0.01);
}

#[test]
fn the_cache_changes_nothing() {
    for name in MODELS {
        let (model, ids) = (load(name), ids());
        let whole = logits(&model, &ids, None);
        let mut cache = model.new_cache(1, ids.len()).unwrap();
        let mut parts = Vec::new();
        for (start, end) in [(0, 3), (3, 8), (8, 9), (9, 10), (10, 13), (13, 14)] {
            parts.push(logits(&model, &ids[start..end], Some(&mut cache)));
        }
        assert_close(&Tensor::cat(&parts, 0), &whole, 1e-5);
    }
}

#[test]
fn a_tree_equals_its_branches_one_by_one() {
    for name in MODELS {
        let (model, trunk) = (load(name), ids());
        let branches = [(9, vec![7, 8, 2]), (14, vec![3, 4]), (9, vec![11]), (2, vec![6; 9])];
        let mut tree = TokenTree::new(trunk.clone());
        tree.add_span(2..14).unwrap();
        for (at, ids) in &branches {
            tree.add_branch(*at, ids.clone()).unwrap();
        }
        let scored = tree.logprobs(&model).unwrap();
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
fn merging_computes_what_the_adapter_does_and_unmerging_restores_every_bit() {
    for kind in [Kind::Float, Kind::BFloat16] {
        let options = LoadOptions { kind, ..LoadOptions::default() };
        let mut model = CausalLm::from_dir(&folder("mistral_window"), options).unwrap();
        let base = logits(&model, &ids(), None);
        model.load_adapter("peft", &folder("mistral_window/adapter")).unwrap();
        model.set_active(Some("peft")).unwrap();
        let adapted = logits(&model, &ids(), None);

        model.merge_adapter("peft").unwrap();
        assert_eq!((model.merged(), model.active()), (Some("peft"), None));
        let tolerance = if kind == Kind::Float { 1e-5 } else { 0.1 };
        assert_close(&logits(&model, &ids(), None), &adapted, tolerance);
        // It would count twice.
        for refused in [
            model.set_active(Some("peft")),
            model.merge_adapter("peft"),
            model.merge_and_unload("peft"),
            model.remove_adapter("peft"),
        ] {
            assert!(refused.unwrap_err().to_string().contains("unmerge"));
        }

        model.unmerge_adapter().unwrap();
        assert_eq!(logits(&model, &ids(), None), base);
        assert!(model.unmerge_adapter().is_err());

        model.merge_and_unload("peft").unwrap();
        assert_eq!(model.adapter_names().count(), 0);
        assert_close(&logits(&model, &ids(), None), &adapted, tolerance);
    }
}

#[test]
fn dropout_is_seeded_and_acts_only_where_a_gradient_is_recorded() {
    let mut model = load("qwen2");
    let config = LoraConfig { dropout: 0.5, ..LoraConfig::all_linear(2, 2.0) };
    model.add_adapter("a", &config, 1).unwrap();
    model.set_active(Some("a")).unwrap();
    for (name, mut p) in model.adapter_parameters("a").unwrap() {
        if name.contains("lora_B") {
            let _ = p.fill_(0.03);
        }
        let _ = p.set_requires_grad(true);
    }
    let pass = |model: &CausalLm| logits(model, &ids(), None).detach();
    let plain = pass(&model);
    model.train(7);
    let first = pass(&model);
    let second = pass(&model);
    assert_ne!(first, plain);
    assert_ne!(first, second);
    assert_eq!(tch::no_grad(|| pass(&model)), plain, "no gradient, no dropout");
    model.train(7);
    assert_eq!((pass(&model), pass(&model)), (first, second.shallow_clone()));
    // On the average nothing changes: what is kept is scaled up.
    let mean = (0..400).map(|_| pass(&model)).fold(plain.zeros_like(), |sum, x| sum + x) / 400.0;
    let (on_average, once) = (relative(&mean, &plain), relative(&second, &plain));
    assert!(on_average < 0.3 * once, "{on_average} {once}");
    model.eval();
    assert_eq!(pass(&model), plain);
}

#[test]
fn a_saved_model_is_the_model() {
    let parent = tempfile::tempdir().unwrap();
    for name in MODELS {
        for (kind, shard) in [(Kind::Float, usize::MAX), (Kind::BFloat16, 3000)] {
            let options = LoadOptions { kind, ..LoadOptions::default() };
            let model = CausalLm::from_dir(&folder(name), options).unwrap();
            let dir = parent.path().join(name);
            model.save(&dir, shard).unwrap();
            assert_eq!(dir.join("model.safetensors.index.json").exists(), shard == 3000);
            let again = CausalLm::from_dir(&dir, options).unwrap();
            assert_eq!(logits(&again, &ids(), None), logits(&model, &ids(), None));
            assert_eq!(again.config(), model.config());
            // Every key of config.json is kept.
            let read = |dir: &Path| -> serde_json::Map<String, Value> {
                let text = std::fs::read_to_string(dir.join("config.json")).unwrap();
                serde_json::from_str(&text).unwrap()
            };
            let (before, after) = (read(&folder(name)), read(&dir));
            for (key, value) in &before {
                assert!(key.ends_with("dtype") || after[key] == *value, "{key}");
            }
        }
    }
}

#[test]
fn an_absent_device_is_a_typed_error() {
    let device = tch::Device::Cuda(4095);
    let options = LoadOptions { device, ..LoadOptions::default() };
    let error = CausalLm::from_dir(&folder("qwen2"), options).unwrap_err();
    assert!(matches!(error, idl_lm::Error::Device { .. }), "{error}");
    let options = LoadOptions { kind: Kind::Int64, ..LoadOptions::default() };
    let error = CausalLm::from_dir(&folder("qwen2"), options).unwrap_err();
    assert!(matches!(error, idl_lm::Error::Precision { .. }), "{error}");
}

#[test]
fn pairs_in_batches_score_as_they_do_alone() {
    for name in MODELS {
        let (model, ids) = (load(name), ids());
        let pairs: Vec<(&[i64], &[i64])> = vec![
            (&ids[..3], &ids[3..14]),
            (&ids[..1], &ids[1..2]),
            (&ids[..8], &ids[8..10]),
            (&ids[4..9], &ids[9..14]),
        ];
        for max_tokens in [0, 25, 1000] {
            let scores = model.completion_logprobs(&pairs, max_tokens).unwrap();
            for ((prompt, completion), score) in pairs.iter().zip(&scores) {
                let mut tree = TokenTree::new([*prompt, *completion].concat());
                tree.add_span(prompt.len()..prompt.len() + completion.len()).unwrap();
                let alone = tree.logprobs(&model).unwrap();
                assert_close(&Tensor::from_slice(score), &alone.spans[0], 1e-5);
            }
        }
    }
    let model = load("qwen2");
    let none: [(Vec<i64>, Vec<i64>); 0] = [];
    assert!(model.completion_logprobs(&none, 10).unwrap().is_empty());
    for (prompt, completion, why) in [
        (vec![], vec![1], "prompt of pair 0"),
        (vec![1], vec![], "completion of pair 0"),
        (vec![1], vec![32], "32"),
        (vec![1; 20], vec![1; 20], "40 tokens"),
    ] {
        let error = model.completion_logprobs(&[(prompt, completion)], 10).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}
