//! The tokenizer and chat template of a checkpoint folder.

mod content;
mod functions;
mod json;
mod plain;
mod template;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use idl_dialogue::Utterance;
use serde::Deserialize;
use tokenizers::Tokenizer;

use crate::error::{Error, Result};
use template::Templates;

/// How messages become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendering {
    /// By the checkpoint's chat template.
    Template,
    /// Plainly: BOS, then `role: text` and a line break for each message, with
    /// EOS behind the text of each reply; a reply to come begins behind
    /// `assistant:`. It takes any messages in any order.
    Plain,
}

/// What becomes of the text of a special token, such as `</s>`, that stands in
/// a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialTokens {
    /// It stays text: nobody ends a turn by writing so.
    Text,
    /// It becomes that token, as in `transformers`.
    Parse,
}

/// Text to tokens, and messages to text, as a checkpoint wants them.
#[derive(Debug)]
pub struct ChatTokenizer {
    tokenizer: Tokenizer,
    templates: Templates,
    rendering: Rendering,
    in_content: SpecialTokens,
    /// The texts of the special tokens.
    special: Vec<String>,
    bos: String,
    eos: String,
    eos_id: i64,
    largest_id: i64,
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

/// What is read of `tokenizer_config.json`.
#[derive(Deserialize)]
struct TokenizerConfig {
    bos_token: Option<SpecialToken>,
    eos_token: Option<SpecialToken>,
    unk_token: Option<SpecialToken>,
    pad_token: Option<SpecialToken>,
    chat_template: Option<template::Source>,
}

impl ChatTokenizer {
    /// Reads `tokenizer.json`, `tokenizer_config.json`, and the chat templates:
    /// `chat_template.jinja` and `additional_chat_templates/`, which take
    /// precedence, or those of `tokenizer_config.json`.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Json`] for the files, [`Error::Tokenizer`]
    /// where there is no EOS token (nothing would end a reply) or no chat
    /// template (see [`from_dir_plain`](Self::from_dir_plain)),
    /// [`Error::Template`] for one that does not compile.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        let tokenizer = Self::from_dir_plain(dir)?;
        if tokenizer.templates.is_empty() {
            return Err(absent(&dir.join("tokenizer_config.json"), "chat_template"));
        }
        Ok(ChatTokenizer { rendering: Rendering::Template, ..tokenizer })
    }

    /// The same for a folder that need not have a chat template, as those of
    /// base models: it renders [plainly](Rendering::Plain).
    ///
    /// # Errors
    /// As [`from_dir`](Self::from_dir) for all but the absence of a template.
    pub fn from_dir_plain(dir: &Path) -> Result<Self> {
        let path = dir.join("tokenizer.json");
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let refused = |e: tokenizers::Error| Error::Tokenizer(format!("{}: {e}", path.display()));
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(refused)?;
        // Settings of the run that saved the file; they would cut texts off.
        tokenizer.with_truncation(None).map_err(refused)?;
        tokenizer.with_padding(None);
        let path = dir.join("tokenizer_config.json");
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        let config: TokenizerConfig = serde_json::from_str(&text)
            .map_err(|source| Error::Json { path: path.clone(), source })?;

        let eos = config.eos_token.ok_or_else(|| absent(&path, "eos_token"))?.into_text();
        let eos_id = tokenizer.token_to_id(&eos).ok_or_else(|| {
            Error::Tokenizer(format!("eos_token {eos:?} is not in the vocabulary"))
        })?;
        let bos = config.bos_token.map(SpecialToken::into_text).unwrap_or_default();
        let mut named = BTreeMap::from([
            ("bos_token".to_owned(), bos.clone()),
            ("eos_token".to_owned(), eos.clone()),
        ]);
        for (name, token) in [("unk_token", config.unk_token), ("pad_token", config.pad_token)] {
            if let Some(token) = token {
                named.insert(name.to_owned(), token.into_text());
            }
        }
        let templates = Templates::load(dir, config.chat_template, named)?;

        let added = tokenizer.get_added_tokens_decoder();
        let special =
            added.into_values().filter(|t| t.special && !t.content.is_empty()).map(|t| t.content);
        let special = special.collect();
        let ids = tokenizer.get_vocab(true).into_values();
        Ok(ChatTokenizer {
            largest_id: ids.map(i64::from).max().unwrap_or(-1),
            tokenizer,
            templates,
            rendering: Rendering::Plain,
            in_content: SpecialTokens::Text,
            special,
            bos,
            eos,
            eos_id: i64::from(eos_id),
        })
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

    /// The largest id that [`encode`](Self::encode) can give; -1 for an empty
    /// vocabulary. Ids may have gaps: it can be more than
    /// [`vocab_size`](Self::vocab_size) says.
    #[must_use]
    pub fn largest_id(&self) -> i64 {
        self.largest_id
    }

    /// How messages become text.
    #[must_use]
    pub fn rendering(&self) -> Rendering {
        self.rendering
    }

    /// Chooses how messages become text.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where a template is asked for and there is none.
    pub fn set_rendering(&mut self, rendering: Rendering) -> Result<()> {
        if rendering == Rendering::Template && self.templates.is_empty() {
            return Err(Error::Tokenizer("there is no chat template".to_owned()));
        }
        self.rendering = rendering;
        Ok(())
    }

    /// Chooses the rendering for a person's sessions in a row: the template
    /// where it takes them, else the plain one.
    ///
    /// At the borders of sessions, messages of one role may be neighbours, and
    /// a session may begin with a reply; `system` says whether there is a
    /// system message in front. Templates such as LLaMA-2's and Mistral's
    /// refuse some of that, and others leave messages out in silence. The
    /// choice is made here, once, from short conversations of all these kinds,
    /// so that training, scoring and generation render alike; tell the user
    /// where it is [`Rendering::Plain`].
    #[must_use]
    pub fn for_sessions(mut self, system: bool) -> Self {
        let takes = self.rendering == Rendering::Template && self.templates.takes_sessions(system);
        self.rendering = if takes { Rendering::Template } else { Rendering::Plain };
        self
    }

    /// The chat templates of the folder, in the order of their names; the usual
    /// one is `default`.
    pub fn template_names(&self) -> impl Iterator<Item = &str> {
        self.templates.names()
    }

    /// Chooses the template `name`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] lists those there are.
    pub fn set_template(&mut self, name: &str) -> Result<()> {
        self.templates.choose(name)?;
        self.rendering = Rendering::Template;
        Ok(())
    }

    /// The time that templates are told where they ask for it; the system's
    /// unless it is set here. Such prompts change from day to day: set it for
    /// what must be repeatable. Templates see UTC.
    pub fn set_now(&mut self, now: SystemTime) {
        self.templates.set_now(now);
    }

    /// Chooses what [`encode_chat`](Self::encode_chat) makes of the text of a
    /// special token in a message; without, it stays text.
    pub fn set_special_tokens(&mut self, in_content: SpecialTokens) {
        self.in_content = in_content;
    }

    /// The text that the checkpoint's template (or the [plain
    /// rendering](Rendering::Plain)) makes of `messages`; with
    /// `add_generation_prompt` it ends where the person's reply begins. The
    /// template writes BOS and EOS itself.
    ///
    /// # Errors
    /// [`Error::Input`] without messages, [`Error::Template`] where the
    /// template refuses them.
    pub fn render(&self, messages: &[Utterance], add_generation_prompt: bool) -> Result<String> {
        let messages: Vec<_> =
            messages.iter().map(|m| (m.role.as_str(), m.content.as_str())).collect();
        self.render_pairs(&messages, add_generation_prompt)
    }

    fn render_pairs(
        &self,
        messages: &[(&str, &str)],
        add_generation_prompt: bool,
    ) -> Result<String> {
        if messages.is_empty() {
            return Err(Error::Input("a chat template needs at least one message".to_owned()));
        }
        match self.rendering {
            Rendering::Template => self.templates.render(messages, add_generation_prompt),
            Rendering::Plain => {
                Ok(plain::render(messages, add_generation_prompt, &self.bos, &self.eos))
            }
        }
    }

    /// The tokens of `text` as it stands: special tokens written in it are
    /// recognised, none is added, and so BOS is never doubled.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] with the tokenizer's reason.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        let encoding =
            self.tokenizer.encode(text, false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }

    /// The tokens of `messages`: those of what [`render`](Self::render) makes
    /// of them, as `transformers` has them, but for one thing. The text of a
    /// special token within a message stays text
    /// ([`set_special_tokens`](Self::set_special_tokens)).
    ///
    /// # Errors
    /// As those of [`render`](Self::render) and [`encode`](Self::encode).
    pub fn encode_chat(
        &self,
        messages: &[Utterance],
        add_generation_prompt: bool,
    ) -> Result<Vec<i64>> {
        let holds = |m: &Utterance| self.special.iter().any(|s| m.content.contains(s.as_str()));
        if self.in_content == SpecialTokens::Parse || !messages.iter().any(holds) {
            return self.encode(&self.render(messages, add_generation_prompt)?);
        }
        self.encode_as_text(messages, add_generation_prompt)
    }

    /// The text of `ids` without special tokens.
    ///
    /// # Errors
    /// [`Error::Input`] for an id that cannot be one, [`Error::Tokenizer`]
    /// with the tokenizer's reason.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        self.text(ids, true)
    }

    /// The text of `ids` with special tokens: what the model sees.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with_special(&self, ids: &[i64]) -> Result<String> {
        self.text(ids, false)
    }

    fn text(&self, ids: &[i64], skip_special: bool) -> Result<String> {
        let ids: Vec<u32> = ids
            .iter()
            .map(|&id| u32::try_from(id).map_err(|_| Error::Input(format!("{id} is no token id"))))
            .collect::<Result<_>>()?;
        self.tokenizer.decode(&ids, skip_special).map_err(|e| Error::Tokenizer(e.to_string()))
    }
}

fn absent(path: &Path, what: &str) -> Error {
    Error::Tokenizer(format!("{}: {what} is absent", path.display()))
}
