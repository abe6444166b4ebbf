//! What the programs that talk to a language model share: which model, and
//! what a line asks of it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions, Rendering};
use idl_dialogue::{BoxError, Role, Utterance};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::{Cuda, Device, Kind};

use crate::lines::{Object, Place};

/// The options that choose a model.
#[derive(Clone, Debug, Args)]
pub(crate) struct ModelArgs {
    /// A Hugging Face folder of the LLaMA family [default: the embedded base]
    #[arg(long, value_name = "DIR")]
    pub model: Option<PathBuf>,

    /// A PEFT folder with a LoRA adapter for it
    #[arg(long, value_name = "DIR")]
    pub adapter: Option<PathBuf>,

    /// The precision of the weights
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: Dtype,

    /// cpu, cuda, or cuda:N
    #[arg(long, default_value = "cpu", value_parser = device)]
    pub device: Device,
}

/// The precisions of weights, on the command line and in settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dtype {
    /// 32 bits
    #[default]
    F32,
    /// bfloat16
    Bf16,
}

impl Dtype {
    /// As tensors have it.
    #[must_use]
    pub(crate) fn kind(self) -> Kind {
        match self {
            Dtype::F32 => Kind::Float,
            Dtype::Bf16 => Kind::BFloat16,
        }
    }
}

/// The device of a name: `cpu`, `cuda` or `cuda:N`.
///
/// # Errors
/// Another name, or a GPU that libtorch does not see.
pub(crate) fn device(text: &str) -> Result<Device, String> {
    let index = match text {
        "cpu" => return Ok(Device::Cpu),
        "cuda" => 0,
        _ => text
            .strip_prefix("cuda:")
            .and_then(|n| n.parse().ok())
            .ok_or("expected `cpu`, `cuda` or `cuda:N`")?,
    };
    let there = if Cuda::is_available() { Cuda::device_count() } else { 0 };
    if (index as i64) < there {
        Ok(Device::Cuda(index))
    } else {
        Err(format!("libtorch sees {there} GPUs here (`cargo xtask doctor` tells more)"))
    }
}

/// The weights that come with the repository.
#[must_use]
pub(crate) fn embedded_base() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.ancestors().nth(2).unwrap_or(package);
    workspace.join("examples/assets/mini-llama")
}

/// The tokenizer of a model's folder, by its chat template where that takes
/// sessions in a row, else plainly, which is said once on stderr.
///
/// # Errors
/// What is wrong with the folder.
pub(crate) fn tokenizer(dir: &Path) -> Result<ChatTokenizer, BoxError> {
    let mut tokenizer = ChatTokenizer::from_dir_plain(dir)?;
    if tokenizer.template_names().next().is_some() {
        tokenizer.set_rendering(Rendering::Template)?;
    }
    let tokenizer = tokenizer.for_sessions(false);
    if tokenizer.rendering() == Rendering::Plain {
        eprintln!("no chat template here takes sessions in a row: they are rendered plainly");
    }
    Ok(tokenizer)
}

impl ModelArgs {
    /// Loads model, adapter and tokenizer; says so on stderr.
    ///
    /// # Errors
    /// What is wrong with the folders.
    pub(crate) fn load(&self) -> Result<(CausalLm, ChatTokenizer), BoxError> {
        let dir = self.model.clone().unwrap_or_else(embedded_base);
        let kind = self.dtype.kind();
        let mut model = CausalLm::from_dir(&dir, LoadOptions { device: self.device, kind })?;
        let tokenizer = tokenizer(&dir)?;
        model.check_tokenizer(&tokenizer)?;
        if let Some(adapter) = &self.adapter {
            model.load_adapter("adapter", adapter)?;
            model.set_active(Some("adapter"))?;
        }
        let millions = model.parameter_count() as f64 / 1e6;
        eprintln!("{}: {millions:.1} million parameters", dir.display());
        Ok((model, tokenizer))
    }
}

/// What a line asks to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A text as it stands.
    Text(String),
    /// Sessions and messages, for the chat template.
    Chat {
        /// Whole sessions of the person.
        sessions: Vec<Vec<Utterance>>,
        /// The conversation at hand.
        messages: Vec<Utterance>,
    },
}

impl Prompt {
    /// Takes out of a line what there is to continue: a text `prompt`; or
    /// `messages`, which may also be called `prompt` (as in preference data),
    /// and perhaps `sessions`.
    ///
    /// # Errors
    /// Fields that are missing, that do not go together, or of another type.
    pub(crate) fn take(line: &mut Object) -> Result<Self, BoxError> {
        let Object { place, fields } = line;
        let is_text = fields.get("prompt").is_some_and(|prompt| !prompt.is_array());
        let beside: &[&str] = if is_text {
            &["sessions", "messages"]
        } else if fields.contains_key("prompt") {
            &["messages"]
        } else {
            &[]
        };
        if let Some(field) = beside.iter().find(|&&field| fields.contains_key(field)) {
            return Err(place.field(field, "nothing beside `prompt`", "it"));
        }
        if is_text {
            return Ok(Prompt::Text(place.string("prompt", fields.remove("prompt"))?));
        }
        let sessions = match fields.remove("sessions") {
            None => Vec::new(),
            given => sessions(place, "sessions", given)?,
        };
        let messages_field = if fields.contains_key("prompt") { "prompt" } else { "messages" };
        let Some(given) = fields.remove(messages_field) else {
            return Err(place.field("messages", "an array, or `prompt`", "nothing"));
        };
        let messages = messages(place, messages_field, Some(given))?;
        if messages.is_empty() {
            return Err(place.field(messages_field, "at least one message", "none"));
        }
        Ok(Prompt::Chat { sessions, messages })
    }

    /// The tokens behind which the reply comes next.
    ///
    /// # Errors
    /// The template's and the tokenizer's.
    pub(crate) fn encode(&self, tokenizer: &ChatTokenizer) -> Result<Vec<i64>, BoxError> {
        Ok(match self {
            Prompt::Text(text) => tokenizer.encode(text)?,
            Prompt::Chat { sessions, messages } => {
                let all = sessions.iter().flatten().chain(messages);
                tokenizer.encode_chat(&all.cloned().collect::<Vec<_>>(), true)?
            }
        })
    }
}

/// What is left of a line when all that a program knows is taken: it goes to
/// the output as it is.
///
/// # Errors
/// A field of a name that the program writes itself.
pub(crate) fn carried(line: &mut Object, written: &[&str]) -> Result<Map<String, Value>, BoxError> {
    match written.iter().find(|&&field| line.fields.contains_key(field)) {
        Some(field) => Err(line.place.field(field, "no field that the output has", "it")),
        None => Ok(std::mem::take(&mut line.fields)),
    }
}

/// Arrays of messages.
///
/// # Errors
/// Anything else; the path of the field is named.
pub(crate) fn sessions(
    place: &Place,
    field: &str,
    value: Option<Value>,
) -> Result<Vec<Vec<Utterance>>, BoxError> {
    let arrays = place.array(field, value)?.into_iter().enumerate();
    arrays.map(|(i, array)| messages(place, &format!("{field}[{i}]"), Some(array))).collect()
}

/// An array of `{"role", "content"}`.
///
/// # Errors
/// Anything else; the path of the field is named.
pub(crate) fn messages(
    place: &Place,
    field: &str,
    value: Option<Value>,
) -> Result<Vec<Utterance>, BoxError> {
    let message = |(i, value): (usize, Value)| {
        let path = format!("{field}[{i}]");
        let mut fields = place.object(&path, value)?;
        let name = place.string(&format!("{path}.role"), fields.remove("role"))?;
        let content = place.string(&format!("{path}.content"), fields.remove("content"))?;
        place.nothing_left(&format!("{path}."), &fields)?;
        let roles = [Role::System, Role::User, Role::Assistant];
        match roles.into_iter().find(|role| role.as_str() == name) {
            Some(role) => Ok(Utterance { role, content }),
            None => {
                let expected = "`system`, `user` or `assistant`";
                Err(place.field(&format!("{path}.role"), expected, format!("`{name}`")))
            }
        }
    };
    place.array(field, value)?.into_iter().enumerate().map(message).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(fields: Value) -> Object {
        let path = std::env::temp_dir().join(format!("idl-lm-{}.jsonl", std::process::id()));
        std::fs::write(&path, fields.to_string()).unwrap();
        let object = crate::lines::objects(&path).unwrap().next().unwrap().unwrap();
        std::fs::remove_file(&path).unwrap();
        object
    }

    #[test]
    fn a_prompt_is_a_text_or_messages() {
        let said = json!([{"role": "user", "content": "hi"}]);
        let chat = Prompt::Chat { sessions: vec![], messages: vec![Utterance::user("hi")] };
        let mut line = object(json!({"prompt": "hi", "id": 7}));
        assert_eq!(Prompt::take(&mut line).unwrap(), Prompt::Text("hi".to_owned()));
        assert_eq!(carried(&mut line, &["text"]).unwrap()["id"], 7);
        for field in ["prompt", "messages"] {
            let mut line = object(json!({field: said}));
            assert_eq!(Prompt::take(&mut line).unwrap(), chat);
        }
        for (line, field) in [
            (json!({"prompt": said, "messages": said}), "messages"),
            (json!({"prompt": "hi", "messages": said}), "messages"),
            (json!({"prompt": "hi", "sessions": []}), "sessions"),
            (json!({"prompt": []}), "prompt"),
            (json!({"prompt": 3}), "prompt"),
            (json!({"sessions": []}), "messages"),
        ] {
            let error = Prompt::take(&mut object(line)).unwrap_err().to_string();
            assert!(error.contains(&format!("field `{field}`")), "{error}");
        }
        let error = carried(&mut object(json!({"text": "x"})), &["text"]).unwrap_err();
        assert!(error.to_string().contains("field `text`"), "{error}");
    }
}
