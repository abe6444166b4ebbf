//! all-MiniLM-L6-v2 with its real weights: ours and rust-bert's against
//! sentence-transformers, and against each other. `tests/reference/encoder.py`
//! made the vectors, on invented sentences; the model is found through
//! `IDL_ENCODER`, which `cargo xtask setup` sets. And all that is done through
//! rust-bert against transformers, on tiny random models that
//! `tests/reference/rust_bert.py` made.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_dialogue::{GenerationParams, NliLabel, NliModel, SentenceEncoder, TextGenerator};
use idl_encoder::{EncoderOptions, SentenceTransformer};
use idl_rust_bert::{Error, Gpt2Generator, NliClassifier, RustBertEncoder};
use ndarray::{Array2, ArrayView1};
use serde::Deserialize;
use tch::Kind;

#[derive(Deserialize)]
struct Vectors {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
}

impl Vectors {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/minilm.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    /// The cosine of the text whose vector is farthest from the reference.
    fn worst_cosine(&self, got: &Array2<f32>) -> f64 {
        assert_eq!(got.nrows(), self.vectors.len());
        let pairs = got.rows().into_iter().zip(&self.vectors);
        pairs.map(|(a, b)| cosine(a, ArrayView1::from(b))).fold(1.0, f64::min)
    }
}

fn cosine(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    let (a, b) = (a.mapv(f64::from), b.mapv(f64::from));
    a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt()
}

/// The folder of all-MiniLM-L6-v2; where it is named it must be right.
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("IDL_ENCODER").filter(|v| !v.is_empty()).map(PathBuf::from);
    if folder.is_none() {
        // Not `eprintln!`, which the test runner keeps to itself if all is well.
        let said = b"SKIPPED: IDL_ENCODER is not set; cargo xtask setup sets it\n";
        io::stderr().write_all(said).unwrap();
    }
    folder
}

#[test]
fn ours_is_sentence_transformers() {
    let Some(dir) = folder() else { return };
    let encoder = SentenceTransformer::from_dir(&dir, EncoderOptions::default()).unwrap();
    // Not the 128 of its tokenizer.json.
    assert_eq!((encoder.dim(), encoder.max_tokens()), (384, 256));
    let expected = Vectors::read();
    let worst = expected.worst_cosine(&encoder.encode(&expected.texts()).unwrap());
    assert!(worst > 0.999_99, "cosine {worst}");
}

#[test]
fn ours_in_bfloat16_is_near() {
    let Some(dir) = folder() else { return };
    let options = EncoderOptions { kind: Kind::BFloat16, ..EncoderOptions::default() };
    let encoder = SentenceTransformer::from_dir(&dir, options).unwrap();
    let expected = Vectors::read();
    let worst = expected.worst_cosine(&encoder.encode(&expected.texts()).unwrap());
    assert!(worst > 0.999, "cosine {worst}");
}

#[test]
fn ours_and_rust_bert_agree() {
    let Some(dir) = folder() else { return };
    let expected = Vectors::read();
    let options = EncoderOptions { batch_size: 4, ..EncoderOptions::default() };
    let ours = SentenceTransformer::from_dir(&dir, options).unwrap();
    let theirs = RustBertEncoder::from_dir(&dir, options).unwrap();
    assert_eq!((ours.name(), ours.dim()), (theirs.name(), theirs.dim()));
    let ours = ours.encode(&expected.texts()).unwrap();
    let theirs = theirs.encode(&expected.texts()).unwrap();
    for ((text, a), b) in expected.texts.iter().zip(ours.rows()).zip(theirs.rows()) {
        let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-5, "{apart} on {text:?}");
    }
    let worst = expected.worst_cosine(&theirs);
    assert!(worst > 0.999_99, "cosine {worst}");
}

#[test]
fn rust_bert_refuses_with_an_error() {
    let load = |dir: &Path| RustBertEncoder::from_dir(dir, EncoderOptions::default()).unwrap_err();
    let dir = tempfile::tempdir().unwrap();
    let error = load(dir.path());
    assert!(matches!(error, Error::Io { .. }), "{error}");
    std::fs::write(dir.path().join("config.json"), r#"{"model_type": "mpnet"}"#).unwrap();
    let error = load(dir.path());
    assert!(error.to_string().contains("mpnet"), "{error}");
    std::fs::write(dir.path().join("config.json"), r#"{"model_type": "bert"}"#).unwrap();
    let error = load(dir.path());
    assert!(matches!(error, Error::Json { .. }), "{error}");
    // The layout of sentence-transformers 6 is not rust-bert's.
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/idl-encoder/tests/data/tiny");
    let error = load(&tiny);
    assert!(error.to_string().contains("config.json"), "{error}");
}

/// What transformers makes of the tiny models.
#[derive(Deserialize)]
struct Tiny {
    texts: Vec<String>,
    encoders: BTreeMap<String, Vec<Vec<f32>>>,
    pairs: Vec<(String, String)>,
    nli: BTreeMap<String, Nli>,
    gpt2: Gpt2,
}

#[derive(Deserialize)]
struct Nli {
    labels: [String; 3],
    probabilities: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Gpt2 {
    prompts: Vec<String>,
    greedy: Vec<String>,
    /// The first token of each.
    first: Vec<u32>,
}

fn tiny(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/rust-bert").join(model)
}

fn transformers() -> Tiny {
    serde_json::from_slice(&std::fs::read(tiny("vectors.json")).unwrap()).unwrap()
}

fn options(batch_size: usize) -> EncoderOptions {
    EncoderOptions { batch_size, ..EncoderOptions::default() }
}

/// A copy of a tiny model's folder with a text in one of its files replaced.
fn edited(model: &str, file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(tiny(model)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let path = dir.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
    dir
}

#[test]
fn rust_berts_other_encoders_are_transformers() {
    let expected = transformers();
    let texts: Vec<&str> = expected.texts.iter().map(String::as_str).collect();
    for (name, vectors) in &expected.encoders {
        for batch_size in [1, 4] {
            let encoder = RustBertEncoder::from_dir(&tiny(name), options(batch_size)).unwrap();
            let got = encoder.encode(&texts).unwrap();
            for ((text, a), b) in texts.iter().zip(got.rows()).zip(vectors) {
                let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                // rust-bert's LayerNorms have 1e-12 where RoBERTa's has 1e-5.
                assert!(apart < 1e-4, "{name}, {text:?}: {apart}");
            }
        }
    }
}

#[test]
fn classifiers_are_transformers_whatever_the_order_of_their_labels() {
    let expected = transformers();
    let pairs: Vec<(&str, &str)> =
        expected.pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    for (name, nli) in &expected.nli {
        for batch_size in [1, 4] {
            let model = NliClassifier::from_dir(&tiny(name), options(batch_size)).unwrap();
            assert_eq!(model.name(), name);
            let mut heard = Vec::new();
            let got = model.predict(&pairs, |done, of| heard.push((done, of))).unwrap();
            assert_eq!(heard.len(), pairs.len().div_ceil(batch_size));
            assert_eq!(heard.last(), Some(&(pairs.len(), pairs.len())));
            let labels = model.classify(&pairs).unwrap();
            for (i, row) in nli.probabilities.iter().enumerate() {
                let mut best = (0.0, NliLabel::Neutral);
                for (label, &p) in nli.labels.iter().zip(row) {
                    let (ours, label) = match label.to_lowercase().as_str() {
                        "entailment" => (got[i].entailment, NliLabel::Entailment),
                        "neutral" => (got[i].neutral, NliLabel::Neutral),
                        _ => (got[i].contradiction, NliLabel::Contradiction),
                    };
                    assert!((ours - p).abs() < 2e-4, "{name}, {:?}: {ours}, not {p}", pairs[i]);
                    if p > best.0 {
                        best = (p, label);
                    }
                }
                assert_eq!(labels[i], best.1, "{name}, {:?}", pairs[i]);
            }
        }
    }
    let model = NliClassifier::from_dir(&tiny("nli-roberta"), options(4)).unwrap();
    assert!(model.classify(&[]).unwrap().is_empty());
}

#[test]
fn classifiers_that_cannot_be_trusted_are_refused_by_name() {
    for (file, from, to, named) in [
        ("config.json", "\"NEUTRAL\"", "\"LABEL_2\"", "LABEL_2"),
        ("config.json", "\"roberta\"", "\"deberta-v2\"", "deberta-v2"),
        ("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "layer.2"),
    ] {
        let dir = edited("nli-roberta", file, from, to);
        let error = NliClassifier::from_dir(dir.path(), options(1)).unwrap_err();
        assert!(error.to_string().contains(named), "{to}: {error}");
    }
    let error = NliClassifier::from_dir(&tiny("nli-roberta"), options(0)).unwrap_err();
    assert!(matches!(error, Error::Option { .. }), "{error}");
    let half = EncoderOptions { kind: Kind::BFloat16, ..options(1) };
    let error = NliClassifier::from_dir(&tiny("nli-roberta"), half).unwrap_err();
    assert!(matches!(error, Error::Option { .. }), "{error}");
}

#[test]
fn gpt2_says_what_transformers_says() {
    let expected = transformers().gpt2;
    let prompts: Vec<&str> = expected.prompts.iter().map(String::as_str).collect();
    let model = Gpt2Generator::from_dir(&tiny("gpt2"), options(1)).unwrap();
    let params = GenerationParams { max_new_tokens: 12, ..GenerationParams::default() };
    assert_eq!(model.generate(&prompts, &params).unwrap(), expected.greedy);
    // Little enough of the probability is greedy decoding.
    let narrow = GenerationParams { temperature: 1.0, top_p: 1e-6, ..params };
    assert_eq!(model.generate(&prompts, &narrow).unwrap(), expected.greedy);

    let sampled = |seed, prompts: &[&str]| {
        let params = GenerationParams { temperature: 1.5, seed, ..params };
        model.generate(prompts, &params).unwrap()
    };
    assert_eq!(sampled(1, &prompts), sampled(1, &prompts));
    assert_ne!(sampled(1, &prompts), sampled(2, &prompts));
    let twice = sampled(1, &[prompts[0], prompts[0]]);
    assert_ne!(twice[0], twice[1]);
    // What one prompt gets does not depend on the others' replies.
    assert_eq!(sampled(1, &[prompts[2], prompts[0]])[1], twice[1]);
}

#[test]
fn gpt2_ends_where_it_must_and_refuses_what_has_no_room() {
    let long = GenerationParams { max_new_tokens: 1000, ..GenerationParams::default() };
    let model = Gpt2Generator::from_dir(&tiny("gpt2"), options(1)).unwrap();
    // The 48 positions end it, and nothing begins with the end of text.
    assert!(!model.generate(&["i love my", ""], &long).unwrap()[1].is_empty());
    let error = model.generate(&[&"i love my cat . ".repeat(40)], &long).unwrap_err();
    assert!(
        matches!(error.downcast_ref(), Some(Error::Prompt { index: 0, most: 47, .. })),
        "{error}"
    );
    for params in [
        GenerationParams { temperature: -1.0, ..long },
        GenerationParams { temperature: 1.0, top_p: 0.0, ..long },
    ] {
        assert!(model.generate(&["i"], &params).is_err());
    }
    // Its first token as the end of text ends it at once.
    let Gpt2 { prompts, first, .. } = transformers().gpt2;
    let end = format!("\"eos_token_id\": {}", first[0]);
    let dir = edited("gpt2", "config.json", "\"eos_token_id\": 0", &end);
    let ended = Gpt2Generator::from_dir(dir.path(), options(1)).unwrap();
    assert_eq!(ended.generate(&[&prompts[0]], &long).unwrap(), [""]);
    for (from, to, named) in [
        ("\"gelu_new\"", "\"relu\"", "relu"),
        ("\"gpt2\"", "\"gptj\"", "gptj"),
        ("\"n_layer\": 2", "\"n_layer\": 1", "h.1"),
    ] {
        let dir = edited("gpt2", "config.json", from, to);
        let error = Gpt2Generator::from_dir(dir.path(), options(1)).unwrap_err();
        assert!(error.to_string().contains(named), "{to}: {error}");
    }
}
