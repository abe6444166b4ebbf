//! Natural language inference by rust-bert's sequence classifiers.

use std::path::Path;

use idl_dialogue::{BoxError, NliLabel, NliModel};
use idl_encoder::EncoderOptions;
use rust_bert::bert::{BertConfig, BertForSequenceClassification};
use rust_bert::roberta::RobertaForSequenceClassification;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};
use tokenizers::{Encoding, Tokenizer};

use crate::batch::{by_length, check_size, padded};
use crate::checkpoint::fill;
use crate::error::{Error, Result, read_json};
use crate::folder::{check_kind, load_tokenizer, name_of};
use crate::guard::guarded;
use crate::labels::labels;

/// A sequence classifier of a Hugging Face folder, BERT or RoBERTa, that tells
/// entailment, neutral and contradiction apart.
///
/// DeBERTa is refused: rust-bert 0.23 computes other probabilities than
/// transformers (its v2 divides the relative scores by `d` instead of `sqrt(d)`).
///
/// ```no_run
/// use idl_dialogue::{NliLabel, NliModel};
/// use idl_rust_bert::{EncoderOptions, NliClassifier};
///
/// let model = NliClassifier::from_dir("nli-roberta-base".as_ref(), EncoderOptions::default())?;
/// let pairs = [("i have two dogs .", "i own a pet .")];
/// assert_eq!(model.classify(&pairs)?, [NliLabel::Entailment]);
/// println!("{:.3}", model.predict(&pairs, |_, _| ())?[0].entailment);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct NliClassifier {
    name: String,
    tokenizer: Tokenizer,
    model: Model,
    labels: [NliLabel; 3],
    padding: u32,
    options: EncoderOptions,
    // The model's variables are its.
    _store: VarStore,
}

impl std::fmt::Debug for NliClassifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NliClassifier")
            .field("name", &self.name)
            .field("labels", &self.labels)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// How probable each answer is; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NliProbabilities {
    /// The premise implies the hypothesis.
    pub entailment: f64,
    /// Neither.
    pub neutral: f64,
    /// They cannot both be true.
    pub contradiction: f64,
}

impl NliProbabilities {
    /// The most probable answer; of equals the more cautious: neutral before
    /// contradiction before entailment.
    #[must_use]
    pub fn label(&self) -> NliLabel {
        if self.neutral >= self.contradiction && self.neutral >= self.entailment {
            NliLabel::Neutral
        } else if self.contradiction >= self.entailment {
            NliLabel::Contradiction
        } else {
            NliLabel::Entailment
        }
    }
}

enum Model {
    Bert(BertForSequenceClassification),
    Roberta(RobertaForSequenceClassification),
}

/// What is needed of any of the configurations.
#[derive(Deserialize)]
struct Shape {
    model_type: String,
    /// Another architecture may call it otherwise: that is to be named first.
    max_position_embeddings: Option<usize>,
    pad_token_id: Option<u32>,
}

#[derive(Default, Deserialize)]
struct TokenizerConfig {
    model_max_length: Option<f64>,
}

impl NliClassifier {
    /// Loads a folder of transformers: `config.json`, `model.safetensors`,
    /// `tokenizer.json` and, where it is there, `tokenizer_config.json` for the
    /// number of tokens. The folder's name becomes the model's.
    ///
    /// The options' precision must be 32 bits.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Json`], [`Error::Safetensors`] and
    /// [`Error::TokenizerFile`] for a file that is missing or damaged;
    /// [`Error::Unsupported`] names another architecture, or labels (in
    /// `id2label`) that are not entailment, neutral and contradiction;
    /// [`Error::Tensors`] names every tensor that does not fit;
    /// [`Error::RustBert`] and [`Error::RustBertPanic`] pass on what rust-bert
    /// says; [`Error::Option`] for options that make no sense.
    pub fn from_dir(dir: &Path, options: EncoderOptions) -> Result<Self> {
        check_size(options.batch_size)?;
        check_kind(&options)?;
        let path = dir.join("config.json");
        let shape: Shape = read_json(&path)?;
        let mut store = VarStore::new(options.device);
        let (model, padding) = Model::build(&shape, &path, &store)?;
        let labels = labels(&path)?;
        fill(
            &mut store,
            &dir.join("model.safetensors"),
            "",
            |_| false,
            |name| unused(&shape.model_type, name),
        )?;
        // rust-bert has asked for it, too.
        let positions = shape.max_position_embeddings.unwrap_or(0);
        let of_model = match model {
            // RoBERTa's positions begin behind that of its padding.
            Model::Roberta(_) => positions.saturating_sub(2),
            _ => positions,
        };
        let path = dir.join("tokenizer_config.json");
        let config = if path.exists() { read_json(&path)? } else { TokenizerConfig::default() };
        let max_tokens = config.model_max_length.map_or(of_model, |n| of_model.min(n as usize));
        let tokenizer = load_tokenizer(&dir.join("tokenizer.json"), Some(max_tokens))?;
        let name = name_of(dir);
        Ok(NliClassifier { name, tokenizer, model, labels, padding, options, _store: store })
    }

    /// How probable each answer is for each `(premise, hypothesis)`, in their
    /// order.
    ///
    /// Pairs run in batches of like length, the longest first; `on_progress`
    /// hears after each how many pairs are done, and of how many. A pair that is
    /// too long is cut, the longer of its texts first, as transformers does.
    ///
    /// # Errors
    /// [`Error::Tokenizer`], [`Error::Torch`], [`Error::RustBert`] and
    /// [`Error::RustBertPanic`] with their reasons.
    pub fn predict(
        &self,
        pairs: &[(&str, &str)],
        mut on_progress: impl FnMut(usize, usize),
    ) -> Result<Vec<NliProbabilities>> {
        let encodings =
            self.tokenizer.encode_batch_fast(pairs.to_vec(), true).map_err(Error::Tokenizer)?;
        let lengths: Vec<usize> = encodings.iter().map(Encoding::len).collect();
        let nothing = NliProbabilities { entailment: 0.0, neutral: 0.0, contradiction: 0.0 };
        let mut found = vec![nothing; pairs.len()];
        let mut done = 0;
        for batch in by_length(&lengths, self.options.batch_size) {
            let inputs: Vec<&Encoding> = batch.iter().map(|&i| &encodings[i]).collect();
            let flat = self.forward(&inputs)?;
            for (&index, row) in batch.iter().zip(flat.chunks_exact(self.labels.len())) {
                for (label, &probability) in self.labels.iter().zip(row) {
                    match label {
                        NliLabel::Entailment => found[index].entailment = probability,
                        NliLabel::Neutral => found[index].neutral = probability,
                        NliLabel::Contradiction => found[index].contradiction = probability,
                    }
                }
            }
            done += batch.len();
            on_progress(done, pairs.len());
        }
        Ok(found)
    }

    /// The probabilities of a batch, row by row, in the classifier's order.
    fn forward(&self, batch: &[&Encoding]) -> Result<Vec<f64>> {
        let ids: Vec<&[u32]> = batch.iter().map(|e| e.get_ids()).collect();
        let segments: Vec<&[u32]> = batch.iter().map(|e| e.get_type_ids()).collect();
        let real: Vec<&[u32]> = batch.iter().map(|e| e.get_attention_mask()).collect();
        let longest = ids.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let shape = [batch.len() as i64, longest as i64];
        let tensor = |values: &[i64]| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(values)?.f_view(shape)?.f_to_device(self.options.device)?)
        };
        let ids = tensor(&padded(&ids, longest, self.padding))?;
        let segments = tensor(&padded(&segments, longest, 0))?;
        let mask = tensor(&padded(&real, longest, 0))?;
        let logits =
            guarded(|| no_grad(|| self.model.logits(Some(&ids), Some(&mask), Some(&segments))))?;
        let probabilities = logits.f_to_kind(Kind::Double)?.f_softmax(-1, Kind::Double)?;
        let probabilities = probabilities.f_to_device(Device::Cpu)?.f_contiguous()?;
        let mut flat = vec![0.0; probabilities.numel()];
        let numel = flat.len();
        probabilities.f_copy_data(&mut flat, numel)?;
        Ok(flat)
    }
}

impl Model {
    /// The architecture of a configuration with variables to be filled, and its
    /// padding token.
    fn build(shape: &Shape, path: &Path, store: &VarStore) -> Result<(Self, u32)> {
        let root = store.root();
        let model = match shape.model_type.as_str() {
            "bert" => {
                let config: BertConfig = config(path)?;
                Model::Bert(guarded(|| BertForSequenceClassification::new(&root, &config))?)
            }
            "roberta" => {
                let config: BertConfig = config(path)?;
                let model = guarded(|| RobertaForSequenceClassification::new(&root, &config))?;
                // Not what the configuration says: rust-bert counts positions
                // of all tokens but 1.
                return Ok((Model::Roberta(model), 1));
            }
            other => {
                return Err(Error::Unsupported {
                    path: path.to_owned(),
                    field: "model_type",
                    found: format!("{other:?}"),
                    supported: "\"bert\" and \"roberta\"",
                });
            }
        };
        Ok((model, shape.pad_token_id.unwrap_or(0)))
    }

    fn logits(
        &self,
        ids: Option<&Tensor>,
        mask: Option<&Tensor>,
        segments: Option<&Tensor>,
    ) -> Result<Tensor> {
        Ok(match self {
            Model::Bert(model) => model.forward_t(ids, mask, segments, None, None, false).logits,
            // It has one segment, whatever its tokenizer says.
            Model::Roberta(model) => model.forward_t(ids, mask, None, None, None, false).logits,
        })
    }
}

impl NliModel for NliClassifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn classify(&self, pairs: &[(&str, &str)]) -> Result<Vec<NliLabel>, BoxError> {
        let found = self.predict(pairs, |_, _| ())?;
        Ok(found.iter().map(NliProbabilities::label).collect())
    }
}

/// rust-bert's reading of a configuration, which may panic.
fn config<T: DeserializeOwned>(path: &Path) -> Result<T> {
    guarded(|| read_json(path))
}

/// Tensors that checkpoints of classifiers carry along: numbers of positions,
/// RoBERTa's pooler, heads of the pretraining.
fn unused(model_type: &str, name: &str) -> bool {
    name.ends_with(".position_ids")
        || (model_type == "roberta" && name.starts_with("roberta.pooler."))
        || ["lm_head.", "cls."].iter().any(|head| name.starts_with(head))
}
