//! all-MiniLM-L6-v2 with its real weights: ours and rust-bert's against
//! sentence-transformers, and against each other. `tests/reference/encoder.py`
//! made the vectors, on invented sentences; the model is found through
//! `IDL_ENCODER`, which `cargo xtask setup` sets.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_dialogue::SentenceEncoder;
use idl_encoder::{BertEncoder, EncoderOptions, Error, RustBertEncoder};
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
    let encoder = BertEncoder::from_dir(&dir, EncoderOptions::default()).unwrap();
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
    let encoder = BertEncoder::from_dir(&dir, options).unwrap();
    let expected = Vectors::read();
    let worst = expected.worst_cosine(&encoder.encode(&expected.texts()).unwrap());
    assert!(worst > 0.999, "cosine {worst}");
}

#[test]
fn ours_and_rust_bert_agree() {
    let Some(dir) = folder() else { return };
    let expected = Vectors::read();
    let options = EncoderOptions { batch_size: 4, ..EncoderOptions::default() };
    let ours = BertEncoder::from_dir(&dir, options).unwrap();
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
