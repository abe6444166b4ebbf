//! Sentences to vectors by a transformer of our own.

use std::path::Path;

use idl_dialogue::{BoxError, SentenceEncoder};
use ndarray::Array2;
use tch::{Device, Kind, Tensor};
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::batch::{by_length, fill_row, longest, mask, padded};
use super::config::TransformerConfig;
use super::folder::Folder;
use super::model::Transformer;
use super::options::EncoderOptions;
use super::weights::Weights;
use crate::error::{Error, Result};

/// A sentence-transformers model that is a BERT (all-MiniLM-L6-v2 is one) or an
/// MPNet (all-mpnet-base-v2): mean pooling, unit length.
///
/// It is used through [`SentenceEncoder`], or through [`embed`](Self::embed)
/// for this crate's errors and the progress.
#[derive(Debug)]
pub struct SentenceTransformer {
    name: String,
    tokenizer: Tokenizer,
    max_tokens: usize,
    model: Transformer,
    options: EncoderOptions,
}

impl SentenceTransformer {
    /// Loads a sentence-transformers folder: `modules.json`, the config of the
    /// pooling, `config.json`, `model.safetensors`, `tokenizer.json` and, where
    /// they are there, `sentence_bert_config.json` and `tokenizer_config.json`
    /// for the number of tokens. The folder's name becomes the encoder's.
    ///
    /// Texts are cut after as many tokens as the folder says, whatever cut or
    /// padding `tokenizer.json` was saved with: so does sentence-transformers.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`], [`Error::Safetensors`] and
    /// [`Error::TokenizerFile`] for a file that is missing or damaged;
    /// [`Error::Unsupported`] names another architecture, pooling or module;
    /// [`Error::Tensors`] names every tensor that is missing, extra or of
    /// another shape; [`Error::Config`] where the files contradict each other;
    /// [`Error::Option`] for options that make no sense.
    pub fn from_dir(dir: &Path, options: EncoderOptions) -> Result<Self> {
        if options.batch_size == 0 {
            let (field, expected) = ("batch_size", "at least 1");
            return Err(Error::Option { field, found: "0".to_owned(), expected });
        }
        if !matches!(options.kind, Kind::Float | Kind::BFloat16) {
            return Err(Error::Option {
                field: "kind",
                found: format!("{:?}", options.kind),
                expected: "Float or BFloat16",
            });
        }
        let folder = Folder::open(dir)?;
        let config = TransformerConfig::from_dir(&folder.transformer)?;
        if folder.dim != config.hidden_size {
            return Err(Error::Config {
                path: folder.pooling,
                message: format!(
                    "vectors of {} components, but the model has {}",
                    folder.dim, config.hidden_size
                ),
            });
        }
        let max_tokens = folder.max_tokens.unwrap_or(usize::MAX).min(config.max_tokens());
        let path = folder.transformer.join("tokenizer.json");
        let tokenizer = load_tokenizer(&path, &config, max_tokens)?;
        let weights = Weights::open(&folder.transformer.join("model.safetensors"))?;
        let model = Transformer::new(config, weights, &options)?;
        Ok(SentenceTransformer { name: folder.name, tokenizer, max_tokens, model, options })
    }

    /// The shape of the model.
    #[must_use]
    pub fn config(&self) -> &TransformerConfig {
        self.model.config()
    }

    /// The longest sequence, special tokens included; what is beyond is cut.
    #[must_use]
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// One row of unit length for each text, `[texts, dim]`, in their order.
    ///
    /// `on_progress` hears after each batch how many texts are done, and of how
    /// many. Batches hold texts of like length, the longest first, so the later
    /// ones are faster.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] and [`Error::Torch`] with their reasons,
    /// [`Error::NoDirection`] for weights that are not finite.
    pub fn embed(
        &self,
        texts: &[&str],
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Array2<f32>> {
        let encodings =
            self.tokenizer.encode_batch_fast(texts.to_vec(), true).map_err(Error::Tokenizer)?;
        let lengths: Vec<usize> = encodings.iter().map(Encoding::len).collect();
        let dim = self.dim();
        let mut rows = Array2::zeros((texts.len(), dim));
        let mut done = 0;
        for batch in by_length(&lengths, self.options.batch_size) {
            let ids: Vec<&[u32]> = batch.iter().map(|&i| encodings[i].get_ids()).collect();
            let vectors = self.forward(&ids)?;
            for (&index, vector) in batch.iter().zip(vectors.chunks_exact(dim)) {
                fill_row(rows.row_mut(index), vector)
                    .map_err(|length| Error::NoDirection { index, length })?;
            }
            done += batch.len();
            on_progress(done, texts.len());
        }
        Ok(rows)
    }

    /// The pooled states of a batch, one after the other.
    fn forward(&self, batch: &[&[u32]]) -> Result<Vec<f32>> {
        let longest = longest(batch);
        let shape = [batch.len() as i64, longest as i64];
        let device = self.options.device;
        // Which token pads is of no account: the mask hides it.
        let ids = Tensor::f_from_slice(&padded(batch, longest, 0))?.f_view(shape)?;
        let mask = if batch.iter().all(|ids| ids.len() == longest) {
            None
        } else {
            let mask = Tensor::f_from_slice(&mask(batch, longest))?.f_view(shape)?;
            Some(mask.f_to_device(device)?)
        };
        let pooled = self.model.mean_pooled(&ids.f_to_device(device)?, mask.as_ref())?;
        let mut flat = vec![0f32; pooled.numel()];
        let numel = flat.len();
        pooled.f_to_device(Device::Cpu)?.f_contiguous()?.f_copy_data(&mut flat, numel)?;
        Ok(flat)
    }
}

impl SentenceEncoder for SentenceTransformer {
    fn dim(&self) -> usize {
        self.config().hidden_size as usize
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, texts: &[&str]) -> Result<Array2<f32>, BoxError> {
        Ok(self.embed(texts, |_, _| ())?)
    }
}

/// Reads `tokenizer.json`, to cut at `max_tokens` and not to pad.
fn load_tokenizer(path: &Path, config: &TransformerConfig, max_tokens: usize) -> Result<Tokenizer> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let refused = |source| Error::TokenizerFile { path: path.to_owned(), source };
    let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(refused)?;
    let misfit = |message: String| Err(Error::Config { path: path.to_owned(), message });
    let special = tokenizer
        .get_post_processor()
        .map_or(0, |p| tokenizers::PostProcessor::added_tokens(p, false));
    if special == 0 {
        return misfit("adds no special tokens: an empty text would have no vector".to_owned());
    }
    if max_tokens <= special {
        return misfit(format!("{max_tokens} tokens leave no room beside {special} special ones"));
    }
    if let Some((token, id)) = tokenizer.get_vocab(true).into_iter().max_by_key(|&(_, id)| id)
        && i64::from(id) >= config.vocab_size
    {
        return misfit(format!(
            "{token:?} is token {id}, but the model knows {}",
            config.vocab_size
        ));
    }
    let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(truncation)).map_err(refused)?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}
