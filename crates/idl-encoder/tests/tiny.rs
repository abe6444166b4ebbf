//! A tiny random BERT and a tiny random MPNet against sentence-transformers, and
//! folders that are wrong in one thing: `tests/reference/encoder.py` made the
//! folders and the vectors.

#![cfg(feature = "tch")]
#![allow(clippy::panic, clippy::unwrap_used)] // helpers of tests fail as tests do

use std::path::{Path, PathBuf};

use idl_dialogue::SentenceEncoder;
use idl_encoder::{EncoderOptions, Error, SentenceTransformer};
use ndarray::Array2;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Vectors {
    texts: Vec<String>,
    vectors: Vec<Vec<f32>>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The two folders, with the number of tokens that each reads.
const MODELS: [(&str, usize); 2] = [("tiny", 12), ("tiny-mpnet", 150)];

fn vectors_of(model: &str) -> Vectors {
    let path = data().join(format!("{model}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn vectors() -> Vectors {
    vectors_of("tiny")
}

fn model(name: &str, options: EncoderOptions) -> SentenceTransformer {
    SentenceTransformer::from_dir(&data().join(name), options).unwrap()
}

fn tiny(options: EncoderOptions) -> SentenceTransformer {
    model("tiny", options)
}

fn texts(vectors: &Vectors) -> Vec<&str> {
    vectors.texts.iter().map(String::as_str).collect()
}

fn largest_difference(a: &Array2<f32>, b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.nrows(), b.len());
    let pairs = a.rows().into_iter().zip(b);
    pairs.flat_map(|(a, b)| a.into_iter().zip(b).map(|(a, b)| (a - b).abs())).fold(0.0, f32::max)
}

#[test]
fn vectors_are_those_of_sentence_transformers_in_batches_of_any_size() {
    for (name, tokens) in MODELS {
        let expected = vectors_of(name);
        for batch_size in [1, 2, 3, 100] {
            let encoder = model(name, EncoderOptions { batch_size, ..EncoderOptions::default() });
            assert_eq!((encoder.name(), encoder.dim(), encoder.max_tokens()), (name, 16, tokens));
            let got = encoder.encode(&texts(&expected)).unwrap();
            let difference = largest_difference(&got, &expected.vectors);
            assert!(difference < 2e-6, "{name}: {difference} in batches of {batch_size}");
        }
    }
}

#[test]
fn bfloat16_is_near() {
    for (name, _) in MODELS {
        let expected = vectors_of(name);
        let options = EncoderOptions { kind: Kind::BFloat16, ..EncoderOptions::default() };
        let got = model(name, options).encode(&texts(&expected)).unwrap();
        for (row, expected) in got.rows().into_iter().zip(&expected.vectors) {
            let cosine: f32 = row.iter().zip(expected).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.999, "{name}: {cosine}");
        }
    }
}

#[test]
fn a_checkpoint_with_a_head_is_read_without_it() {
    for (name, prefix) in [("tiny", "bert."), ("tiny-mpnet", "mpnet.")] {
        let dir = copy_of(name);
        let path = dir.path().join("model.safetensors");
        let mut tensors = Tensor::read_safetensors(&path).unwrap();
        tensors.iter_mut().for_each(|(tensor, _)| tensor.insert_str(0, prefix));
        tensors.push(("lm_head.bias".to_owned(), Tensor::zeros([38], (Kind::Float, Device::Cpu))));
        Tensor::write_safetensors(&tensors, &path).unwrap();
        let expected = vectors_of(name);
        let got = load(&dir).unwrap().encode(&texts(&expected)).unwrap();
        assert!(largest_difference(&got, &expected.vectors) < 2e-6, "{name}");
    }
}

#[test]
fn no_texts_give_no_rows_and_progress_reaches_the_end() {
    let encoder = tiny(EncoderOptions { batch_size: 3, ..EncoderOptions::default() });
    assert_eq!(encoder.encode(&[]).unwrap().dim(), (0, 16));
    let mut heard = vec![];
    encoder.embed(&["a"; 7], |done, of| heard.push((done, of))).unwrap();
    assert_eq!(heard, [(3, 7), (6, 7), (7, 7)]);
}

#[test]
fn the_same_call_gives_the_same_bits() {
    let (encoder, expected) = (tiny(EncoderOptions::default()), vectors());
    let texts = texts(&expected);
    assert_eq!(encoder.encode(&texts).unwrap(), encoder.encode(&texts).unwrap());
}

/// A copy of the tiny BERT's folder, to be damaged.
fn copy() -> tempfile::TempDir {
    copy_of("tiny")
}

fn copy_of(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("1_Pooling")).unwrap();
    for file in [
        "1_Pooling/config.json",
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ] {
        std::fs::copy(data().join(name).join(file), copy.path().join(file)).unwrap();
    }
    copy
}

fn load(dir: &tempfile::TempDir) -> Result<SentenceTransformer, Error> {
    SentenceTransformer::from_dir(dir.path(), EncoderOptions::default())
}

fn edit(dir: &tempfile::TempDir, file: &str, from: &str, to: &str) {
    let path = dir.path().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn an_untouched_copy_loads() {
    load(&copy()).unwrap();
}

#[test]
fn tensors_that_do_not_fit_are_all_named() {
    let dir = copy();
    let path = dir.path().join("model.safetensors");
    let mut tensors = Tensor::read_safetensors(&path).unwrap();
    tensors.retain(|(name, _)| name != "encoder.layer.1.output.dense.bias");
    for (name, tensor) in &mut tensors {
        match name.as_str() {
            "embeddings.LayerNorm.weight" => *name = "embeddings.LayerNorm.gamma".to_owned(),
            "encoder.layer.0.intermediate.dense.weight" => {
                *tensor = tensor.transpose(0, 1).contiguous();
            }
            _ => {}
        }
    }
    Tensor::write_safetensors(&tensors, &path).unwrap();
    let error = load(&dir).unwrap_err();
    let Error::Tensors { missing, extra, misshapen, .. } = &error else { panic!("{error}") };
    assert_eq!(missing, &["embeddings.LayerNorm.weight", "encoder.layer.1.output.dense.bias"]);
    assert_eq!(extra, &["embeddings.LayerNorm.gamma"]);
    let shapes = (vec![16, 24], vec![24, 16]);
    let name = "encoder.layer.0.intermediate.dense.weight".to_owned();
    assert_eq!(misshapen, &[(name, shapes.0, shapes.1)]);
}

#[test]
fn a_truncated_checkpoint_is_an_error_wherever_it_ends() {
    let dir = copy();
    let path = dir.path().join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    for cut in [0, 4, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let error = load(&dir).unwrap_err();
        assert!(matches!(error, Error::Safetensors { .. }), "cut at {cut}: {error}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(load(&dir).unwrap_err(), Error::Io { .. }));
}

#[test]
fn weights_that_are_not_finite_are_found() {
    let dir = copy();
    let path = dir.path().join("model.safetensors");
    let mut tensors = Tensor::read_safetensors(&path).unwrap();
    for (name, tensor) in &mut tensors {
        if name == "embeddings.LayerNorm.bias" {
            *tensor = tensor.full_like(f64::NAN);
        }
    }
    Tensor::write_safetensors(&tensors, &path).unwrap();
    let error = load(&dir).unwrap().embed(&["a", "b"], |_, _| ()).unwrap_err();
    assert!(matches!(error, Error::NoDirection { index: 0, .. }), "{error}");
}

#[test]
fn folders_that_contradict_themselves_are_refused() {
    for (file, from, to, named) in [
        ("config.json", "\"bert\"", "\"electra\"", "electra"),
        ("config.json", "\"vocab_size\": 38", "\"vocab_size\": 37", "knows 37"),
        ("1_Pooling/config.json", "16", "32", "32 components"),
        ("tokenizer_config.json", "\"model_max_length\": 12", "\"model_max_length\": 2", "no room"),
        ("tokenizer.json", "\"model\"", "\"no model\"", "tokenizer.json"),
    ] {
        let dir = copy();
        edit(&dir, file, from, to);
        let error = load(&dir).unwrap_err().to_string();
        assert!(error.contains(named), "{file} {to}: {error}");
    }
}

#[test]
fn a_tokenizer_without_special_tokens_is_refused() {
    let dir = copy();
    let path = dir.path().join("tokenizer.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    json["post_processor"] = serde_json::Value::Null;
    std::fs::write(&path, json.to_string()).unwrap();
    let error = load(&dir).unwrap_err().to_string();
    assert!(error.contains("no special tokens"), "{error}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let default = EncoderOptions::default();
    for options in
        [EncoderOptions { batch_size: 0, ..default }, EncoderOptions { kind: Kind::Int, ..default }]
    {
        let error = SentenceTransformer::from_dir(&data().join("tiny"), options).unwrap_err();
        assert!(matches!(error, Error::Option { .. }), "{error}");
    }
}
