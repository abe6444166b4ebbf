//! Chat templates, rendered as `transformers` renders them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use idl_dialogue::{Role, Utterance};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value};
use serde::Deserialize;

use super::{functions, json};
use crate::error::{Error, Result};

const DEFAULT: &str = "default";

/// `chat_template` is a string, or a list of named ones.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a chat template or a list of named Templates")]
pub(super) enum Source {
    One(String),
    Named(Vec<Named>),
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
    template: String,
}

/// The templates of a folder, of which one is chosen.
#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
    names: Vec<String>,
    chosen: String,
    /// `bos_token` and the like.
    tokens: BTreeMap<String, String>,
}

impl Templates {
    /// Files of the folder take precedence over what its configuration holds.
    pub(super) fn load(
        dir: &Path,
        source: Option<Source>,
        tokens: BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut sources = BTreeMap::new();
        match source {
            Some(Source::One(template)) => {
                sources.insert(DEFAULT.to_owned(), template);
            }
            Some(Source::Named(named)) => {
                sources.extend(named.into_iter().map(|t| (t.name, t.template)));
            }
            None => {}
        }
        let read = |path: &Path| std::fs::read_to_string(path).map_err(Error::io(path));
        let file = dir.join("chat_template.jinja");
        if file.exists() {
            sources.insert(DEFAULT.to_owned(), read(&file)?);
        }
        let more = dir.join("additional_chat_templates");
        if more.is_dir() {
            for entry in std::fs::read_dir(&more).map_err(Error::io(&more))? {
                let path = entry.map_err(Error::io(&more))?.path();
                if path.extension().is_some_and(|e| e == "jinja")
                    && let Some(name) = path.file_stem().and_then(|s| s.to_str())
                {
                    sources.insert(name.to_owned(), read(&path)?);
                }
            }
        }
        Self::new(sources, tokens)
    }

    fn new(sources: BTreeMap<String, String>, tokens: BTreeMap<String, String>) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        environment.set_syntax(syntax);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", functions::raise_exception);
        environment.add_function("strftime_now", functions::strftime(None));
        environment.add_filter("tojson", json::tojson);
        // What a template writes is text, not a page.
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let names: Vec<String> = sources.keys().cloned().collect();
        for (name, template) in sources {
            environment.add_template_owned(name, functions::without_generation_tags(&template))?;
        }
        // One that is alone needs no name.
        let chosen = match &names[..] {
            [only] => only.clone(),
            _ => DEFAULT.to_owned(),
        };
        Ok(Templates { environment, names, chosen, tokens })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn choose(&mut self, name: &str) -> Result<()> {
        if !self.names.iter().any(|n| n == name) {
            return Err(self.unknown(name));
        }
        self.chosen = name.to_owned();
        Ok(())
    }

    fn unknown(&self, name: &str) -> Error {
        let names = self.names.join(", ");
        Error::Tokenizer(format!("no chat template is named {name:?}; choose one of: {names}"))
    }

    pub(super) fn set_now(&mut self, now: SystemTime) {
        self.environment.add_function("strftime_now", functions::strftime(Some(now)));
    }

    pub(super) fn render(&self, messages: &[(&str, &str)], prompt: bool) -> Result<String> {
        if !self.names.contains(&self.chosen) {
            return Err(self.unknown(&self.chosen));
        }
        let messages: Vec<Value> = messages
            .iter()
            .map(|(role, content)| Value::from_pairs([("role", *role), ("content", *content)]))
            .collect();
        let mut context: BTreeMap<&str, Value> =
            self.tokens.iter().map(|(k, v)| (k.as_str(), Value::from(v.as_str()))).collect();
        context.insert("messages", Value::from(messages));
        context.insert("add_generation_prompt", Value::from(prompt));
        // transformers hands these over as None where there are none.
        context.insert("tools", Value::from(()));
        context.insert("documents", Value::from(()));
        Ok(self.environment.get_template(&self.chosen)?.render(context)?)
    }

    /// Whether the template takes what sessions in a row may hold, and leaves
    /// none of it out.
    pub(super) fn takes_sessions(&self, system: bool) -> bool {
        let words = ["apple", "bread", "candle", "daisy", "engine"];
        let user = |i: usize| Utterance::user(words[i]);
        let reply = |i: usize| Utterance::assistant(words[i]);
        let conversations = [
            vec![user(0), reply(1), user(2), reply(3)],
            vec![user(0), reply(1), reply(2), user(3), user(4)],
            vec![reply(0), user(1), reply(2), reply(3), user(4)],
        ];
        conversations.into_iter().all(|mut messages| {
            if system {
                messages.insert(0, Utterance::new(Role::System, "foxglove"));
            }
            let text = self.render(
                &messages.iter().map(|m| (m.role.as_str(), m.content.as_str())).collect::<Vec<_>>(),
                true,
            );
            text.is_ok_and(|text| messages.iter().all(|m| text.contains(&m.content)))
        })
    }
}
