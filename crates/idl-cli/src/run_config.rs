//! `run.json`: the settings of a training run.

use std::path::{Path, PathBuf};

use crate::lm::{self, Dtype};
use idl::dialogue::BoxError;
use idl::dpoc_loss::LossConfig;
use idl::lm::LoraConfig;
use idl::train::TrainConfig;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::Device;

/// What is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// Mutual supervised learning: the likelihood of the true replies.
    Msl,
    /// Deep personalised alignment: a preference loss over true, criterion and
    /// rejected replies.
    Dpoc,
}

/// The settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunConfig {
    /// The base model, a Hugging Face folder.
    #[serde(default = "lm::embedded_base")]
    pub model: PathBuf,
    /// A PEFT adapter to start from. In preference learning it is the frozen
    /// reference, too; without one that is the base.
    #[serde(default)]
    pub adapter: Option<PathBuf>,
    /// The shape of a fresh adapter; not together with `adapter`, which has
    /// its own.
    #[serde(default)]
    pub lora: Option<LoraConfig>,
    /// Train every parameter of the base, no adapter; stage `msl` only.
    #[serde(default)]
    pub full: bool,
    /// `f32` or `bf16`.
    #[serde(default)]
    pub dtype: Dtype,
    /// `cpu`, `cuda` or `cuda:N`.
    #[serde(default = "cpu")]
    pub device: String,
    /// `msl` or `dpoc`.
    pub stage: Stage,
    /// What is learnt: JSONL, one reply a line.
    pub data: PathBuf,
    /// What is held out, in the same form.
    #[serde(default)]
    pub eval_data: Option<PathBuf>,
    /// The most tokens of sessions and dialogue together.
    #[serde(default = "max_tokens")]
    pub max_tokens: usize,
    /// Those of them kept free for what follows the opening of the dialogue.
    #[serde(default = "reserve")]
    pub reserve: usize,
    /// The preference loss; DPOC of the paper unless set.
    #[serde(default)]
    pub loss: Option<LossConfig>,
    /// Steps, rates, checkpoints.
    #[serde(default)]
    pub train: TrainConfig,
    /// The output folder.
    pub out: PathBuf,
    /// The time that chat templates are told, in seconds since 1970 (UTC); the
    /// start of the run unless set, also where it goes on later.
    #[serde(default)]
    pub now: Option<u64>,
    /// Where `train.precompute_reference` keeps the reference's
    /// log-probabilities; runs may share it. The folder `references` in `out`
    /// unless set.
    #[serde(default)]
    pub reference_cache: Option<PathBuf>,
    /// What an earlier run wrote beside its settings
    /// ([`trained_on`](crate::trained_on)): whoever starts from its `run.json`
    /// trains on other rows.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "known, so that it is no unknown key")]
    pub trained_on: Option<IgnoredAny>,
}

fn cpu() -> String {
    "cpu".to_owned()
}

fn max_tokens() -> usize {
    1792
}

fn reserve() -> usize {
    320
}

impl RunConfig {
    /// The settings of `json`, which was read from `path`.
    ///
    /// # Errors
    /// Names the file, and the key that is unknown, missing or out of range.
    pub(crate) fn from_json(path: &Path, json: &Value) -> Result<Self, BoxError> {
        let config: RunConfig = typed(path, json)?;
        config.check().map_err(|problem| format!("{}: {problem}", path.display()))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.adapter.is_some() && self.lora.is_some() {
            return Err("`lora` does not go with `adapter`, which has its own shape".to_owned());
        }
        if self.full && (self.adapter.is_some() || self.lora.is_some()) {
            return Err("`full` trains the base: `adapter` and `lora` do not go with it".to_owned());
        }
        if self.full && self.stage == Stage::Dpoc {
            return Err("`full` does not go with `\"stage\": \"dpoc\"`, which compares with a \
                        frozen base: train an adapter"
                .to_owned());
        }
        if self.stage == Stage::Msl && self.loss.is_some() {
            return Err("`loss` goes with `\"stage\": \"dpoc\"` only".to_owned());
        }
        if self.reference_cache.is_some() && !self.train.precompute_reference {
            return Err("`reference_cache` goes with `train.precompute_reference`".to_owned());
        }
        if self.train.precompute_reference {
            let loss = self.loss.unwrap_or_default().check().map_err(|e| format!("loss: {e}"))?;
            if self.stage != Stage::Dpoc || !loss.needs_reference() {
                return Err("`train.precompute_reference` goes with `\"stage\": \"dpoc\"` and a \
                            loss that compares with a reference"
                    .to_owned());
            }
        }
        if self.reserve >= self.max_tokens {
            return Err(format!(
                "`reserve` is {}, but must be below `max_tokens`, {}",
                self.reserve, self.max_tokens
            ));
        }
        if self.out.as_os_str().is_empty() {
            return Err("`out` is empty: `.` is the folder one is in".to_owned());
        }
        if self.adapter.as_ref() == Some(&self.out) {
            return Err("`out` is the folder of `adapter`, which would be overwritten".to_owned());
        }
        let train = &self.train;
        let watched = train.eval_steps.is_some()
            || train.early_stopping_patience.is_some()
            || train.load_best_model_at_end;
        if watched && self.eval_data.is_none() {
            return Err("train: `eval_steps`, `early_stopping_patience` and \
                        `load_best_model_at_end` need `eval_data`"
                .to_owned());
        }
        if let Some(loss) = &self.loss {
            loss.check().map_err(|e| format!("loss: {e}"))?;
        }
        train.check().map_err(|e| format!("train: {e}"))
    }

    /// The folder of the reference's log-probabilities.
    #[must_use]
    pub(crate) fn reference_cache(&self) -> PathBuf {
        self.reference_cache.clone().unwrap_or_else(|| self.out.join("references"))
    }

    /// The device.
    ///
    /// # Errors
    /// A name that is none, or a GPU that is not there.
    pub(crate) fn device(&self) -> Result<Device, String> {
        lm::device(&self.device).map_err(|problem| format!("`device`: {problem}"))
    }
}

/// Reads the JSON of `path` and puts the overrides, `a.b=value`, on top.
///
/// # Errors
/// Names the file, or the override that is none.
pub(crate) fn settings(path: &Path, overrides: &[String]) -> Result<Value, BoxError> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{file}: {e}"))?;
    let mut json: Value = serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?;
    for setting in overrides {
        set(&mut json, setting)?;
    }
    Ok(json)
}

/// Settings of some form, from the JSON of `path`.
///
/// # Errors
/// Names the file and the key.
pub(crate) fn typed<T: DeserializeOwned>(path: &Path, json: &Value) -> Result<T, BoxError> {
    serde_path_to_error::deserialize(json)
        .map_err(|e| format!("{}: {}: {}", path.display(), e.path(), e.inner()).into())
}

/// Puts `a.b=value` into the settings.
fn set(json: &mut Value, setting: &str) -> Result<(), BoxError> {
    let Some((path, text)) = setting.split_once('=') else {
        return Err(format!("--set {setting}: expected KEY=VALUE").into());
    };
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let mut place = json;
    for key in path.split('.') {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(object) = place else {
            return Err(format!("--set {setting}: there is nothing to set inside {place}").into());
        };
        place = object.entry(key).or_insert(Value::Null);
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, overrides: &[&str]) -> Result<RunConfig, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        std::fs::write(&path, json).unwrap();
        let overrides: Vec<String> = overrides.iter().map(|&s| s.to_owned()).collect();
        settings(&path, &overrides)
            .and_then(|json| RunConfig::from_json(&path, &json))
            .map_err(|e| e.to_string().replace(&format!("{}: ", path.display()), ""))
    }

    const MINIMAL: &str = r#"{"stage": "msl", "data": "d.jsonl", "out": "out"}"#;

    /// Every file of `examples/configs/` says what its keys may say, with the loss or the
    /// parameters that its name promises.
    #[test]
    fn the_settings_of_the_examples_are_settings() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/configs");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let json = settings(&path, &[]).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if json["stage"] == crate::pretrain::STAGE {
                crate::pretrain::PretrainConfig::from_json(&path, &json).unwrap();
            } else {
                let config = RunConfig::from_json(&path, &json).unwrap();
                let preference = ["dpoc", "dpo"].iter().any(|loss| name.contains(loss));
                assert_eq!(config.stage == Stage::Dpoc, preference, "{name}");
                let full = ["msl-full", "extractor"].contains(&name.as_str());
                assert_eq!(config.full, full, "{name}");
            }
            names.push(name);
        }
        assert!(names.len() >= 9, "{names:?}");
    }

    #[test]
    fn overrides_reach_into_settings_that_are_not_written() {
        let config = read(
            MINIMAL,
            &["train.schedule.learning_rate=1e-3", "lora.r=4", "out=elsewhere", "dtype=bf16"],
        )
        .unwrap();
        assert_eq!(config.train.schedule.learning_rate, 1e-3);
        assert_eq!(config.lora.unwrap().r, 4);
        assert_eq!(config.out, Path::new("elsewhere"));
        assert_eq!(config.dtype, Dtype::Bf16);
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_named() {
        for (overrides, named) in [
            (&["train.batchsize=2"][..], "batchsize"),
            (&["train.batch_size=x"], "train.batch_size"),
            (&["stage=dpo"], "dpo"),
            (&["data"], "expected KEY=VALUE"),
            (&["out.x=1"], "nothing to set"),
            (&["reserve=9999"], "max_tokens"),
            (&["loss.loss.beta=1"], "loss"),
            (&["train.batch_size=0"], "batch_size"),
            (&["train.batch_size=-1"], "train.batch_size"),
            (&["train.max_steps=0"], "max_steps"),
            (&["train.epochs=0"], "epochs"),
            (&["train.schedule.learning_rate=-1e-3"], "learning_rate"),
            (&["train.precompute_reference=true"], "`train.precompute_reference`"),
            (&["stage=dpoc", "reference_cache=r"], "`reference_cache`"),
            (
                &["stage=dpoc", "train.precompute_reference=true", "loss.loss.type=simpo"],
                "`train.precompute_reference`",
            ),
            (&["adapter=a", "lora.r=2"], "`lora`"),
            (&["full=true", "lora.r=2"], "`full`"),
            (&["full=true", "stage=dpoc"], "`full`"),
            (&["out="], "`out`"),
            (&["adapter=out"], "`adapter`"),
            (&["train.eval_steps=5"], "`eval_data`"),
            (&["stage=dpoc", r#"loss={"loss": {"type": "dpo", "beta": -1}}"#], "beta"),
        ] {
            let error = read(MINIMAL, overrides).unwrap_err();
            assert!(error.contains(named), "{overrides:?}: {error}");
        }
        for device in ["tpu", "cuda:99"] {
            let config = read(MINIMAL, &[&format!("device={device}")]).unwrap();
            assert!(config.device().unwrap_err().contains("`device`"));
        }
        assert!(read("{", &[]).is_err());
        assert!(read("{}", &[]).unwrap_err().contains("stage"));
    }
}
