//! The settings of a pretraining run.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use idl::dialogue::BoxError;
use idl::train::TrainConfig;
use idl_pretrain::{CopyCheckConfig, DocumentConfig, SessionCheckConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::Device;

use crate::corpus::{CorpusArgs, CorpusKind};
use crate::lm::{self, Dtype};
use crate::run_config;

/// The `stage` by which these settings are known.
pub(crate) const STAGE: &str = "pretrain";

/// The only stage.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// Documents that are made as training goes.
    Pretrain,
}

/// Where training starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Init {
    /// From the weights of `model`.
    #[default]
    Weights,
    /// From random ones; of `model` only tokenizer and shape are taken.
    Random,
}

/// Sizes that take the place of those in the `config.json` of `model`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Shape {
    /// Components of a hidden state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_size: Option<u64>,
    /// Components inside the feed-forward block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intermediate_size: Option<u64>,
    /// Transformer blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_hidden_layers: Option<u64>,
    /// Query heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_attention_heads: Option<u64>,
    /// Key and value heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_key_value_heads: Option<u64>,
    /// Components of a head; the hidden state shared out among the heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<u64>,
    /// The longest sequence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_position_embeddings: Option<u64>,
}

/// A corpus of real conversations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorpusChoice {
    /// As on the command line of `prepare`: `convai2`, `cornell`, `jsonl`, ..
    pub corpus: String,
    /// Where it is, if not where the programs look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
}

/// What is measured, and on whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Check {
    /// Persons of the first corpus that are held out and measured on (20).
    pub persons: usize,
    /// Another split of the first corpus to measure on, such as `valid`: then
    /// nobody is held out of training.
    pub split: Option<String>,
    /// Windows of plain dialogues (40).
    pub windows: usize,
    /// Of what comes again.
    pub copy: CopyCheckConfig,
    /// Of own and other sessions.
    pub sessions: SessionCheckConfig,
}

impl Default for Check {
    fn default() -> Self {
        Check {
            persons: 20,
            split: None,
            windows: 40,
            copy: CopyCheckConfig::default(),
            sessions: SessionCheckConfig::default(),
        }
    }
}

/// The settings of a pretraining run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PretrainConfig {
    /// `pretrain`.
    pub stage: Stage,
    /// A Hugging Face folder: tokenizer and shape, and the weights to go on
    /// from.
    #[serde(default = "lm::embedded_base")]
    pub model: PathBuf,
    /// `weights` or `random`.
    #[serde(default)]
    pub init: Init,
    /// Another shape than that of `model`, for random weights.
    #[serde(default)]
    pub shape: Shape,
    /// `f32` or `bf16`.
    #[serde(default)]
    pub dtype: Dtype,
    /// `cpu`, `cuda` or `cuda:N`.
    #[serde(default = "cpu")]
    pub device: String,
    /// The real conversations; of corpora with splits the training split.
    #[serde(default = "embedded")]
    pub corpora: Vec<CorpusChoice>,
    /// The window, the mixture, the seed of it all.
    #[serde(default)]
    pub documents: DocumentConfig,
    /// What is measured at every evaluation.
    #[serde(default)]
    pub check: Check,
    /// Steps, rates, checkpoints; `max_steps` says how many documents there
    /// are.
    pub train: TrainConfig,
    /// The output folder.
    pub out: PathBuf,
    /// The time that chat templates are told, in seconds since 1970 (UTC); the
    /// start of the run unless set, also where it goes on later.
    #[serde(default)]
    pub now: Option<u64>,
}

fn cpu() -> String {
    "cpu".to_owned()
}

fn embedded() -> Vec<CorpusChoice> {
    vec![CorpusChoice { corpus: "embedded".to_owned(), data: None }]
}

impl PretrainConfig {
    /// The settings of `json`, which was read from `path`.
    ///
    /// # Errors
    /// Names the file, and the key that is unknown, missing or out of range.
    pub(crate) fn from_json(path: &Path, json: &Value) -> Result<Self, BoxError> {
        let config: PretrainConfig = run_config::typed(path, json)?;
        config.check().map_err(|problem| format!("{}: {problem}", path.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.init == Init::Weights && !self.shape.keys().is_empty() {
            return Err("`shape` goes with `\"init\": \"random\"` only".to_owned());
        }
        if self.train.max_steps.is_none() {
            return Err("train: `max_steps` is not set, and documents never end".to_owned());
        }
        if self.out.as_os_str().is_empty() {
            return Err("`out` is empty: `.` is the folder one is in".to_owned());
        }
        if self.check.windows == 0 {
            return Err("check: `windows` is 0: nothing would be measured".to_owned());
        }
        self.documents.check().map_err(|e| format!("documents: {e}"))?;
        self.train.check().map_err(|e| format!("train: {e}"))
    }

    /// Documents of the whole run: every one is new.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        let steps = usize::try_from(self.train.max_steps.unwrap_or(0)).unwrap_or(usize::MAX);
        steps.saturating_mul(self.train.batch_size)
    }

    /// That the window is no longer than the model's.
    ///
    /// # Errors
    /// It is.
    pub(crate) fn check_positions(&self, positions: usize) -> Result<(), BoxError> {
        let context = self.documents.context;
        if context <= positions {
            return Ok(());
        }
        let problem = "but the model has only so many positions";
        Err(format!("`documents.context` is {context}, {problem}: {positions}").into())
    }

    /// The device.
    ///
    /// # Errors
    /// A name that is none, or a GPU that is not there.
    pub(crate) fn device(&self) -> Result<Device, String> {
        lm::device(&self.device).map_err(|problem| format!("`device`: {problem}"))
    }
}

impl CorpusChoice {
    /// The options by which programs read it; `split` where it is not the
    /// training split.
    ///
    /// # Errors
    /// There is no such corpus.
    pub(crate) fn args(&self, split: Option<String>) -> Result<CorpusArgs, BoxError> {
        let corpus = CorpusKind::from_str(&self.corpus, false)
            .map_err(|_| format!("`corpora`: there is no corpus {:?}", self.corpus))?;
        Ok(CorpusArgs {
            corpus,
            data: self.data.clone(),
            split,
            view: None,
            group: None,
            min_utterances: 2,
            encoding: None,
            lenient: false,
        })
    }
}

impl Shape {
    /// Those that are set, by their names in `config.json`.
    fn keys(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("head_dim", self.head_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// What a model's folder holds beside weights and `config.json`.
const COMPANIONS: [&str; 7] = [
    "added_tokens.json",
    "chat_template.jinja",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
];

/// Writes the shape and the tokenizer that random weights begin with, as the
/// folder `init` of the output folder, from which they go into every
/// checkpoint.
///
/// # Errors
/// What is wrong with the folders.
pub(crate) fn shape_folder(config: &PretrainConfig) -> Result<PathBuf, BoxError> {
    let said = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    let dir = config.out.join("init");
    fs::create_dir_all(&dir).map_err(said(&dir))?;
    let path = config.model.join("config.json");
    let text = fs::read_to_string(&path).map_err(said(&path))?;
    let mut json: Value =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let Value::Object(fields) = &mut json else {
        return Err(format!("{}: expected an object", path.display()).into());
    };
    let keys = config.shape.keys();
    if !keys.is_empty() && config.shape.head_dim.is_none() {
        // The hidden state shared out among the heads.
        fields.remove("head_dim");
    }
    for (name, value) in keys {
        fields.insert(name.to_owned(), value.into());
    }
    for name in COMPANIONS {
        let from = config.model.join(name);
        if from.is_file() {
            fs::copy(&from, dir.join(name)).map_err(said(&from))?;
        }
    }
    let path = dir.join("config.json");
    fs::write(&path, serde_json::to_string_pretty(&json)?).map_err(said(&path))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(change: &[(&str, Value)]) -> Result<PretrainConfig, String> {
        let mut json = json!({"stage": "pretrain", "out": "out", "train": {"max_steps": 3}});
        for (key, value) in change {
            json[*key] = value.clone();
        }
        PretrainConfig::from_json(Path::new("p.json"), &json).map_err(|e| e.to_string())
    }

    #[test]
    fn settings_have_defaults_and_are_checked() {
        let config = read(&[]).unwrap();
        assert_eq!((config.count(), config.init), (12, Init::Weights));
        assert_eq!(config.corpora[0].corpus, "embedded");
        for (key, value, named) in [
            ("shape", json!({"hidden_size": 8}), "`shape`"),
            ("shape", json!({"hiden_size": 8}), "hiden_size"),
            ("train", json!({}), "max_steps"),
            ("train", json!({"max_steps": 1, "batch_size": 0}), "batch_size"),
            ("out", json!(""), "`out`"),
            ("check", json!({"windows": 0}), "windows"),
            ("documents", json!({"context": 3}), "context"),
            ("documents", json!({"mixture": {"plain": -1}}), "plain"),
            ("data", json!("d.jsonl"), "data"),
        ] {
            let error = read(&[(key, value.clone())]).unwrap_err();
            assert!(error.starts_with("p.json: ") && error.contains(named), "{value}: {error}");
        }
        let config = read(&[("corpora", json!([{"corpus": "nonsense"}]))]).unwrap();
        assert!(config.corpora[0].args(None).unwrap_err().to_string().contains("nonsense"));
    }

    #[test]
    fn a_shape_takes_the_place_of_the_models() {
        let out = tempfile::tempdir().unwrap();
        let config = read(&[
            ("out", json!(out.path())),
            ("init", json!("random")),
            ("shape", json!({"hidden_size": 64, "num_attention_heads": 4})),
        ]);
        let dir = shape_folder(&config.unwrap()).unwrap();
        let shape = idl::lm::LlamaConfig::from_dir(&dir).unwrap();
        assert_eq!((shape.hidden_size, shape.head_dim, shape.vocab_size), (64, 16, 8192));
        assert!(lm::tokenizer(&dir).is_ok());
    }
}
