//! The endless row of documents.

use std::fmt::Write;

use idl_dialogue::Person;
use idl_lm::ChatTokenizer;
use idl_train::{Example, ExampleStream};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::document::{Document, Window};
use crate::draw::generator;
use crate::error::{Error, Result, require};
use crate::kinds;
use crate::material::Material;
use crate::mixture::{DocumentKind, Mixture};

/// The shortest window in which something can come again.
const SHORTEST: usize = 64;

/// What documents are like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentConfig {
    /// Tokens of a window, at least 64 (1024).
    pub context: usize,
    /// How often each kind comes.
    pub mixture: Mixture,
    /// What all documents follow from (0).
    pub seed: u64,
}

impl Default for DocumentConfig {
    fn default() -> Self {
        DocumentConfig { context: 1024, mixture: Mixture::default(), seed: 0 }
    }
}

impl DocumentConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for the first that is out of range; those of
    /// [`Mixture::check`].
    pub fn check(&self) -> Result<()> {
        let long = self.context >= SHORTEST;
        require(long, "context", self.context as f64, "at least 64 tokens")?;
        self.mixture.check()
    }
}

/// A row of documents, each made when it is asked for.
///
/// Number `i` follows from the seed and `i` alone (and from tokenizer, persons
/// and settings): the same on every machine, in any order. Memory: the persons
/// and one number a session; time, O(tokens of a window).
#[derive(Debug)]
pub struct Documents<'a> {
    material: Material<'a>,
    config: DocumentConfig,
    length: usize,
}

impl<'a> Documents<'a> {
    /// The first `length` documents of a row; `persons` are the real
    /// conversations they are made of.
    ///
    /// # Errors
    /// Settings out of range; [`Error::Data`] where the mixture asks for real
    /// conversations and there are none; as [`Renderer::new`](crate::Renderer::new).
    pub fn new(
        tokenizer: &'a ChatTokenizer,
        persons: &'a [Person],
        config: DocumentConfig,
        length: usize,
    ) -> Result<Self> {
        config.check()?;
        let material = Material::new(tokenizer, persons)?;
        if material.sessions.is_empty() && config.mixture.plain + config.mixture.returning > 0.0 {
            return Err(Error::Data(
                "plain and returning documents are made of real conversations, and there are none"
                    .to_owned(),
            ));
        }
        Ok(Documents { material, config, length })
    }

    /// Document number `index`, whatever the row's length.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn document(&self, index: usize) -> Result<Document> {
        let mut rng = generator(self.config.seed, index as u64);
        let kind = self.config.mixture.draw(&mut rng);
        let material = &self.material;
        let mut window = Window::new(material.renderer.opening(), self.config.context);
        match kind {
            DocumentKind::Plain => kinds::plain(material, &mut window, &mut rng)?,
            DocumentKind::Persona => kinds::persona(material, &mut window, &mut rng)?,
            DocumentKind::Returning => kinds::returning(material, &mut window, &mut rng)?,
            DocumentKind::Random => kinds::random(material, &mut window, &mut rng),
        }
        Ok(window.document(kind))
    }
}

impl ExampleStream for Documents<'_> {
    fn len(&self) -> usize {
        self.length
    }

    fn example(&self, index: usize) -> idl_train::Result<Example> {
        let document = self.document(index)?;
        let id = format!("{}-{index}", document.kind.as_str());
        Ok(document.example(id)?)
    }

    fn is_shuffled(&self) -> bool {
        true
    }

    fn description(&self) -> String {
        let mut hash = Sha256::new();
        for person in self.material.persons {
            for session in &person.sessions {
                for message in &session.messages {
                    hash.update(message.role.as_str());
                    hash.update((message.content.len() as u64).to_le_bytes());
                    hash.update(&message.content);
                }
                hash.update([0]);
            }
            hash.update([1]);
        }
        // The tokenizer and what this version makes of it all.
        for index in 0..4 {
            let ids = self.document(index).map(|d| d.ids).unwrap_or_default();
            hash.update((ids.len() as u64).to_le_bytes());
            for id in ids {
                hash.update(id.to_le_bytes());
            }
        }
        // Settings of numbers can be written.
        let settings = serde_json::to_string(&self.config).unwrap_or_default();
        let mut text = format!("documents {settings} ");
        for byte in hash.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
