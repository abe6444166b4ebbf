//! What a sentence-transformers folder says besides the model: its modules,
//! its pooling, how many tokens it reads.
//!
//! Both layouts are read, that of the models on the hub (boolean
//! `pooling_mode_*` keys, `max_seq_length`) and that of sentence-transformers 6
//! (`pooling_mode`, the tokenizer's `model_max_length`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::json::read_json;
use crate::error::{Error, Result};

/// A folder whose modules are a transformer, mean pooling and, perhaps,
/// normalisation.
#[derive(Debug)]
pub(crate) struct Folder {
    /// What the folder is called.
    pub(crate) name: String,
    /// Where the transformer lies: mostly the folder itself.
    pub(crate) transformer: PathBuf,
    /// Components of a vector, where the pooling says so.
    pub(crate) dim: i64,
    /// `1_Pooling/config.json`.
    pub(crate) pooling: PathBuf,
    /// The longest sequence, special tokens included, where the folder says so.
    pub(crate) max_tokens: Option<usize>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Pooling {
    #[serde(alias = "embedding_dimension")]
    word_embedding_dimension: i64,
    #[serde(flatten)]
    modes: BTreeMap<String, Value>,
}

impl Pooling {
    /// The modes that are on, in the names of sentence-transformers 6.
    fn active(&self) -> Vec<&str> {
        match self.modes.get("pooling_mode") {
            Some(Value::String(mode)) => vec![mode],
            Some(Value::Array(modes)) => modes.iter().filter_map(Value::as_str).collect(),
            _ => self
                .modes
                .iter()
                .filter(|(_, on)| **on == Value::Bool(true))
                .filter_map(|(key, _)| key.strip_prefix("pooling_mode_"))
                .map(|mode| if mode == "mean_tokens" { "mean" } else { mode })
                .collect(),
        }
    }
}

#[derive(Default, Deserialize)]
struct SentenceBert {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

#[derive(Default, Deserialize)]
struct TokenizerConfig {
    /// Without a limit transformers writes 10^30, which is no integer here.
    model_max_length: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Prompts {
    default_prompt_name: Option<String>,
}

impl Folder {
    /// Reads the folder's own files; those of the model are left to the model.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join("modules.json");
        let modules: Vec<Module> = read_json(&path)?;
        // Version 6 moved the modules to other packages: only the class counts.
        let kinds: Vec<&str> =
            modules.iter().map(|m| m.kind.rsplit('.').next().unwrap_or_default()).collect();
        let (["Transformer", "Pooling"] | ["Transformer", "Pooling", "Normalize"]) = kinds[..]
        else {
            return Err(Error::Unsupported {
                path,
                field: "the list of modules",
                found: format!("{kinds:?}"),
                supported: "Transformer, Pooling and, last, Normalize",
            });
        };
        let transformer = dir.join(&modules[0].path);

        let pooling = dir.join(&modules[1].path).join("config.json");
        let config: Pooling = read_json(&pooling)?;
        if config.active() != ["mean"] {
            return Err(Error::Unsupported {
                path: pooling,
                field: "pooling_mode",
                found: format!("{:?}", config.active()),
                supported: "mean alone",
            });
        }

        let path = dir.join("config_sentence_transformers.json");
        if let Some(prompt) = read_if_there::<Prompts>(&path)?.default_prompt_name {
            return Err(Error::Unsupported {
                path,
                field: "default_prompt_name",
                found: format!("{prompt:?}"),
                supported: "null",
            });
        }

        let path = transformer.join("sentence_bert_config.json");
        let sentence_bert: SentenceBert = read_if_there(&path)?;
        if sentence_bert.do_lower_case {
            return Err(Error::Unsupported {
                path,
                field: "do_lower_case",
                found: "true".to_owned(),
                supported: "false: the tokenizer says what becomes of case",
            });
        }
        let tokenizer: TokenizerConfig = read_if_there(&transformer.join("tokenizer_config.json"))?;
        // A float too large, or NaN, becomes the nearest integer there is.
        let model_max = tokenizer.model_max_length.map(|length| length as usize);

        Ok(Folder {
            name: name_of(dir),
            transformer,
            dim: config.word_embedding_dimension,
            pooling,
            max_tokens: sentence_bert.max_seq_length.or(model_max),
        })
    }
}

/// The last component of a path, `.` and links resolved.
pub(crate) fn name_of(dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned()
}

/// Reads a JSON file that a folder may lack.
fn read_if_there<T: serde::de::DeserializeOwned + Default>(path: &Path) -> Result<T> {
    if path.exists() { read_json(path) } else { Ok(T::default()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A folder in the hub's layout, with some files replaced or, by null, removed.
    fn open(changes: &[(&str, Value)]) -> Result<Folder> {
        let module = |path: &str, kind: &str| json!({"idx": 0, "name": "0", "path": path, "type": format!("sentence_transformers.models.{kind}")});
        let mut files = BTreeMap::from([
            (
                "modules.json",
                json!([
                    module("", "Transformer"),
                    module("1_Pooling", "Pooling"),
                    module("2_N", "Normalize")
                ]),
            ),
            (
                "1_Pooling/config.json",
                json!({"word_embedding_dimension": 16, "pooling_mode_cls_token": false,
                    "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false}),
            ),
            ("sentence_bert_config.json", json!({"max_seq_length": 12, "do_lower_case": false})),
            ("tokenizer_config.json", json!({"model_max_length": 512})),
        ]);
        files.extend(changes.iter().cloned());
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
        for (name, json) in files.into_iter().filter(|(_, json)| !json.is_null()) {
            std::fs::write(dir.path().join(name), json.to_string()).unwrap();
        }
        Folder::open(dir.path())
    }

    #[test]
    fn the_layout_of_the_hub() {
        let folder = open(&[]).unwrap();
        assert_eq!((folder.dim, folder.max_tokens), (16, Some(12)));
    }

    #[test]
    fn the_layout_of_version_6() {
        let folder = open(&[
            ("1_Pooling/config.json", json!({"embedding_dimension": 16, "pooling_mode": "mean"})),
            ("sentence_bert_config.json", json!({"transformer_task": "feature-extraction"})),
            ("config_sentence_transformers.json", json!({"default_prompt_name": null})),
        ]);
        assert_eq!(folder.unwrap().max_tokens, Some(512));
    }

    #[test]
    fn files_that_are_not_there_set_no_limit() {
        let bare =
            [("sentence_bert_config.json", Value::Null), ("tokenizer_config.json", Value::Null)];
        assert_eq!(open(&bare).unwrap().max_tokens, None);
        let endless = [
            ("sentence_bert_config.json", Value::Null),
            ("tokenizer_config.json", json!({"model_max_length": 1e30})),
        ];
        assert_eq!(open(&endless).unwrap().max_tokens, Some(usize::MAX));
    }

    #[test]
    fn what_is_not_implemented_is_refused_by_name() {
        let module = |kind: &str| json!({"path": "", "type": kind});
        for (file, json, named) in [
            ("modules.json", json!([module("a.Transformer")]), "[\"Transformer\"]"),
            (
                "modules.json",
                json!([module("a.Transformer"), module("a.Pooling"), module("a.Dense")]),
                "Dense",
            ),
            (
                "1_Pooling/config.json",
                json!({"word_embedding_dimension": 16, "pooling_mode_cls_token": true}),
                "cls_token",
            ),
            (
                "1_Pooling/config.json",
                json!({"embedding_dimension": 32, "pooling_mode": ["mean", "max"]}),
                "max",
            ),
            ("1_Pooling/config.json", json!({"word_embedding_dimension": 16}), "[]"),
            ("config_sentence_transformers.json", json!({"default_prompt_name": "query"}), "query"),
            ("sentence_bert_config.json", json!({"do_lower_case": true}), "do_lower_case"),
        ] {
            let error = open(&[(file, json)]).unwrap_err();
            assert!(matches!(error, Error::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains(named), "{error}");
        }
        let error = open(&[("modules.json", Value::Null)]).unwrap_err();
        assert!(error.to_string().contains("modules.json"), "{error}");
    }
}
