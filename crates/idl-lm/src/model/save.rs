//! A model back to a Hugging Face folder.

use std::fs;
use std::path::Path;

use tch::Kind;

use crate::error::{Error, Result};
use crate::model::CausalLm;
use crate::weights::folder;
use crate::weights::write;

const CONFIG: &str = "config.json";

/// What else a folder holds that goes with the weights.
const COMPANIONS: [&str; 9] = [
    "added_tokens.json",
    "chat_template.jinja",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
];

/// Saving.
impl CausalLm {
    /// Writes the model as a Hugging Face folder: `config.json` with every key
    /// it was read with (only the number type says what is written),
    /// `model.safetensors`, or shards of at most `max_shard_bytes` with their
    /// index, and the tokenizer's files of the folder it was read from.
    ///
    /// The weights are written in the precision they are held in. A merged
    /// adapter is part of them; others are not written, see
    /// [`save_adapter`](Self::save_adapter). The folder is replaced whole:
    /// after a crash there is the old one or the new one. A folder that is
    /// there already and holds no `config.json` is not replaced.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Config`] for a folder of something else.
    pub fn save(&self, dir: &Path, max_shard_bytes: usize) -> Result<()> {
        let mut config = self.config_json.clone();
        let kind = if self.options.kind == Kind::BFloat16 { "bfloat16" } else { "float32" };
        // transformers 5 writes `dtype`, older ones `torch_dtype`.
        let key = if config.get("dtype").is_some() { "dtype" } else { "torch_dtype" };
        config[key] = kind.into();
        folder::replace(dir, CONFIG, |new| {
            write::model(new, self.named_tensors(), max_shard_bytes)?;
            for name in COMPANIONS {
                let from = self.folder.join(name);
                if from.exists() {
                    fs::copy(&from, new.join(name)).map_err(Error::io(&from))?;
                }
            }
            folder::write_json(&new.join(CONFIG), &config)
        })
    }
}
