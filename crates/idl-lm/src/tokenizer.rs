//! The tokenizer and chat template of a checkpoint folder.

use std::path::Path;

use idl_dialogue::Utterance;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value, context};
use serde::Deserialize;
use tokenizers::Tokenizer;

use crate::error::{Error, Result};

const TEMPLATE: &str = "chat";

/// Text to tokens, and messages to text, as a checkpoint wants them.
#[derive(Debug)]
pub struct ChatTokenizer {
    tokenizer: Tokenizer,
    templates: Environment<'static>,
    bos: String,
    eos: String,
    eos_id: i64,
}

/// A special token is a string, or an object that holds it.
#[derive(Deserialize)]
#[serde(untagged)]
enum SpecialToken {
    Text(String),
    Added { content: String },
}

impl SpecialToken {
    fn into_text(self) -> String {
        match self {
            SpecialToken::Text(text) | SpecialToken::Added { content: text } => text,
        }
    }
}

/// `chat_template` is a string, or a list of named ones.
#[derive(Deserialize)]
#[serde(untagged)]
enum Templates {
    One(String),
    Named(Vec<NamedTemplate>),
}

#[derive(Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

#[derive(Deserialize)]
struct TokenizerConfig {
    bos_token: Option<SpecialToken>,
    eos_token: Option<SpecialToken>,
    chat_template: Option<Templates>,
}

impl ChatTokenizer {
    /// Reads `tokenizer.json` and `tokenizer_config.json` (and
    /// `chat_template.jinja`, which takes precedence, where it is there).
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for the files, [`Error::Tokenizer`]
    /// where there is no EOS token (nothing would end a reply), no chat
    /// template, or one that does not compile ([`Error::Template`]).
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let path = dir.join("tokenizer.json");
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let tokenizer = Tokenizer::from_bytes(bytes)
            .map_err(|e| Error::Tokenizer(format!("{}: {e}", path.display())))?;
        let path = dir.join("tokenizer_config.json");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        let config: TokenizerConfig = serde_json::from_str(&text)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        let jinja = dir.join("chat_template.jinja");
        let template = if jinja.exists() {
            std::fs::read_to_string(&jinja).map_err(Error::io(&jinja))?
        } else {
            match config.chat_template {
                Some(Templates::One(template)) => template,
                Some(Templates::Named(named)) => named
                    .into_iter()
                    .find(|t| t.name == "default")
                    .map(|t| t.template)
                    .ok_or_else(|| absent(&path, "a chat template named \"default\""))?,
                None => return Err(absent(&path, "chat_template")),
            }
        };
        let eos = config.eos_token.ok_or_else(|| absent(&path, "eos_token"))?.into_text();
        let bos = config.bos_token.map(SpecialToken::into_text).unwrap_or_default();
        Self::new(tokenizer, template, bos, eos)
    }

    fn new(tokenizer: Tokenizer, template: String, bos: String, eos: String) -> Result<Self> {
        let eos_id = tokenizer.token_to_id(&eos).ok_or_else(|| {
            Error::Tokenizer(format!("eos_token {eos:?} is not in the vocabulary"))
        })?;
        let mut templates = Environment::new();
        // As transformers renders its templates.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        templates.set_syntax(syntax);
        templates.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        templates.add_function(
            "raise_exception",
            |message: String| -> Result<Value, minijinja::Error> {
                Err(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, message))
            },
        );
        templates.add_template_owned(TEMPLATE, template)?;
        Ok(ChatTokenizer { tokenizer, templates, bos, eos, eos_id: i64::from(eos_id) })
    }

    /// The token that ends a reply.
    #[must_use]
    pub fn eos_id(&self) -> i64 {
        self.eos_id
    }

    /// Tokens the tokenizer knows, added ones included.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// The text that the checkpoint's template makes of `messages`; with
    /// `add_generation_prompt` it ends where the person's reply begins. The
    /// template writes BOS and EOS itself.
    ///
    /// # Errors
    /// [`Error::Input`] without messages, [`Error::Template`] where the
    /// template refuses them.
    pub fn render(&self, messages: &[Utterance], add_generation_prompt: bool) -> Result<String> {
        if messages.is_empty() {
            return Err(Error::Input("a chat template needs at least one message".to_owned()));
        }
        let messages: Vec<Value> = messages
            .iter()
            .map(|m| {
                Value::from_pairs([("role", m.role.as_str()), ("content", m.content.as_str())])
            })
            .collect();
        let text = self.templates.get_template(TEMPLATE)?.render(context! {
            messages => Value::from(messages),
            add_generation_prompt,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_str(),
        })?;
        Ok(text)
    }

    /// The tokens of `text` as it stands: special tokens written in it are
    /// recognised, none is added.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] with the tokenizer's reason.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        let encoding =
            self.tokenizer.encode(text, false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }

    /// [`render`](Self::render) and [`encode`](Self::encode).
    ///
    /// # Errors
    /// As theirs.
    pub fn encode_chat(
        &self,
        messages: &[Utterance],
        add_generation_prompt: bool,
    ) -> Result<Vec<i64>> {
        self.encode(&self.render(messages, add_generation_prompt)?)
    }

    /// The text of `ids` without special tokens.
    ///
    /// # Errors
    /// [`Error::Input`] for an id that cannot be one, [`Error::Tokenizer`]
    /// with the tokenizer's reason.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        let ids: Vec<u32> = ids
            .iter()
            .map(|&id| u32::try_from(id).map_err(|_| Error::Input(format!("{id} is no token id"))))
            .collect::<Result<_>>()?;
        self.tokenizer.decode(&ids, true).map_err(|e| Error::Tokenizer(e.to_string()))
    }
}

fn absent(path: &Path, what: &str) -> Error {
    Error::Tokenizer(format!("{}: {what} is absent", path.display()))
}
