//! rust-bert's sentence models behind our trait.

use std::path::{Path, PathBuf};

use idl_dialogue::{BoxError, SentenceEncoder};
use idl_encoder::EncoderOptions;
use ndarray::Array2;
use rust_bert::RustBertError;
use rust_bert::albert::AlbertConfig;
use rust_bert::bert::BertConfig;
use rust_bert::distilbert::DistilBertConfig;
use rust_bert::pipelines::common::ModelType;
use rust_bert::pipelines::sentence_embeddings::layers::{DenseConfig, PoolingConfig};
use rust_bert::pipelines::sentence_embeddings::{
    SentenceEmbeddingsConfig, SentenceEmbeddingsModel, SentenceEmbeddingsModuleConfig,
    SentenceEmbeddingsModulesConfig, SentenceEmbeddingsSentenceBertConfig,
    SentenceEmbeddingsTokenizerConfig,
};
use rust_bert::roberta::RobertaConfig;
use rust_bert::t5::T5Config;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tch::Tensor;
use tempfile::NamedTempFile;

use crate::batch::{by_length, check_size, fill_row};
use crate::checkpoint;
use crate::error::{Error, Result, read_json};
use crate::folder::name_of;
use crate::guard::guarded;

/// rust-bert's `SentenceEmbeddingsModel`: BERT, DistilBERT, RoBERTa, ALBERT and
/// T5, with rust-bert's own tokenizers, pooling and dense layers.
pub struct RustBertEncoder {
    name: String,
    dim: usize,
    model: SentenceEmbeddingsModel,
    batch_size: usize,
}

impl std::fmt::Debug for RustBertEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RustBertEncoder")
            .field("name", &self.name)
            .field("dim", &self.dim)
            .field("batch_size", &self.batch_size)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Architecture {
    model_type: String,
}

impl RustBertEncoder {
    /// Loads a sentence-transformers folder in the hub's layout. The weights
    /// are those of `model.safetensors`, which tch reads under rust-bert as it
    /// stands, or of `rust_model.ot` where there is no other; a dense layer's
    /// must be a `rust_model.ot`.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for a configuration that is missing or
    /// not what rust-bert reads, [`Error::Unsupported`] names another
    /// architecture, [`Error::RustBert`] passes on what rust-bert says, a
    /// missing tensor by name, and [`Error::RustBertPanic`] what it panics with.
    pub fn from_dir(dir: &Path, options: EncoderOptions) -> Result<Self> {
        check_size(options.batch_size)?;
        let mut config = checked_config(dir, &options)?;
        // It is read while the model is made, and gone afterwards.
        let renamed = match config.transformer_type {
            ModelType::DistilBert => with_prefix(&weights(dir), "distilbert.")?,
            _ => None,
        };
        if let Some(file) = &renamed {
            config.transformer_weights_resource = file.path().to_owned().into();
        }
        let (model, dim) = guarded(|| {
            let model = SentenceEmbeddingsModel::new(config)?;
            let dim = model.get_embedding_dim()?;
            Ok::<_, RustBertError>((model, dim))
        })?;
        Ok(RustBertEncoder {
            name: name_of(dir),
            dim: dim as usize,
            model,
            batch_size: options.batch_size,
        })
    }

    /// As [`SentenceTransformer::embed`](idl_encoder::SentenceTransformer::embed).
    ///
    /// # Errors
    /// [`Error::RustBert`] and [`Error::RustBertPanic`] with their reasons,
    /// [`Error::NoDirection`] for weights that are not finite.
    pub fn embed(
        &self,
        texts: &[&str],
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Array2<f32>> {
        // It tokenises inside: bytes stand in for tokens.
        let lengths: Vec<usize> = texts.iter().map(|text| text.len()).collect();
        let mut rows = Array2::zeros((texts.len(), self.dim));
        let mut done = 0;
        for batch in by_length(&lengths, self.batch_size) {
            let inputs: Vec<&str> = batch.iter().map(|&i| texts[i]).collect();
            let vectors = guarded(|| self.model.encode(&inputs))?;
            for (&index, vector) in batch.iter().zip(&vectors) {
                fill_row(rows.row_mut(index), vector, index)?;
            }
            done += batch.len();
            on_progress(done, texts.len());
        }
        Ok(rows)
    }
}

impl SentenceEncoder for RustBertEncoder {
    fn dim(&self) -> usize {
        self.dim
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        Ok(self.embed(texts, |_, _| ())?)
    }
}

/// The files of a folder for rust-bert, which panics where one of its JSON
/// files is not what it expects: so each is read here first.
fn checked_config(dir: &Path, options: &EncoderOptions) -> Result<SentenceEmbeddingsConfig> {
    let path = dir.join("config.json");
    let (transformer_type, transformer, vocab, merges) =
        match read_json::<Architecture>(&path)?.model_type.as_str() {
            "bert" => (ModelType::Bert, checked::<BertConfig>(path)?, "vocab.txt", None),
            "distilbert" => {
                (ModelType::DistilBert, checked::<DistilBertConfig>(path)?, "vocab.txt", None)
            }
            "roberta" => {
                let merges = Some(dir.join("merges.txt"));
                (ModelType::Roberta, checked::<RobertaConfig>(path)?, "vocab.json", merges)
            }
            "albert" => (ModelType::Albert, checked::<AlbertConfig>(path)?, "spiece.model", None),
            "t5" => (ModelType::T5, checked::<T5Config>(path)?, "spiece.model", None),
            other => {
                return Err(Error::Unsupported {
                    path,
                    field: "model_type",
                    found: format!("{other:?}"),
                    supported: "\"bert\", \"distilbert\", \"roberta\", \"albert\" and \"t5\"",
                });
            }
        };
    let modules_path = dir.join("modules.json");
    let modules = read_json::<SentenceEmbeddingsModulesConfig>(&modules_path)?.validate()?;
    let in_module = |module: &SentenceEmbeddingsModuleConfig| dir.join(&module.path);
    let dense = match modules.dense_module().map(in_module) {
        None => None,
        Some(dense) => {
            Some((checked::<DenseConfig>(dense.join("config.json"))?, dense.join("rust_model.ot")))
        }
    };
    let (dense_config, dense_weights) = dense.unzip();
    let weights = weights(dir);
    std::fs::metadata(&weights).map_err(Error::io(&weights))?;
    Ok(SentenceEmbeddingsConfig {
        modules_config_resource: modules_path.into(),
        transformer_type,
        transformer_config_resource: transformer.into(),
        transformer_weights_resource: weights.into(),
        pooling_config_resource: checked::<PoolingConfig>(
            in_module(modules.pooling_module()).join("config.json"),
        )?
        .into(),
        dense_config_resource: dense_config.map(Into::into),
        dense_weights_resource: dense_weights.map(Into::into),
        sentence_bert_config_resource: checked::<SentenceEmbeddingsSentenceBertConfig>(
            dir.join("sentence_bert_config.json"),
        )?
        .into(),
        tokenizer_config_resource: checked::<SentenceEmbeddingsTokenizerConfig>(
            dir.join("tokenizer_config.json"),
        )?
        .into(),
        tokenizer_vocab_resource: dir.join(vocab).into(),
        tokenizer_merges_resource: merges.map(Into::into),
        device: options.device,
        kind: Some(options.kind),
    })
}

/// The file with a folder's weights.
fn weights(dir: &Path) -> PathBuf {
    let converted = dir.join("rust_model.ot");
    let original = dir.join("model.safetensors");
    if !original.exists() && converted.exists() { converted } else { original }
}

/// The tensors of a safetensors file under names that begin with `prefix`, which
/// rust-bert asks of DistilBERT and sentence-transformers does not write; `None`
/// where they have it.
fn with_prefix(path: &Path, prefix: &str) -> Result<Option<NamedTempFile>> {
    if path.extension().is_none_or(|e| e != "safetensors") {
        return Ok(None);
    }
    let tensors = checkpoint::read(path)?;
    if tensors.keys().any(|name| name.starts_with(prefix)) {
        return Ok(None);
    }
    let renamed: Vec<_> =
        tensors.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
    let file = tempfile::Builder::new().suffix(".safetensors").tempfile();
    let file = file.map_err(Error::io(std::env::temp_dir()))?;
    Tensor::write_safetensors(&renamed, file.path())?;
    Ok(Some(file))
}

/// `path`, if the file there is a `T`.
fn checked<T: DeserializeOwned>(path: PathBuf) -> Result<PathBuf> {
    read_json::<T>(&path)?;
    Ok(path)
}
