//! P-Co by a sentence encoder: texts in batches, each text once.

use std::collections::HashMap;

use idl::metrics::persona::cosine;
use idl_dialogue::{BoxError, SentenceEncoder};

/// An encoder that remembers.
pub(crate) struct Encoder {
    model: Box<dyn SentenceEncoder>,
    known: HashMap<String, Vec<f32>>,
}

impl Encoder {
    pub(crate) fn new(model: Box<dyn SentenceEncoder>) -> Self {
        Encoder { model, known: HashMap::new() }
    }

    pub(crate) fn name(&self) -> &str {
        self.model.name()
    }

    /// For each reply and history the cosine of their embeddings, the history's
    /// replies joined by spaces; `None` without a history.
    pub(crate) fn p_co<'a>(
        &mut self,
        replies: impl Iterator<Item = (&'a str, &'a [String])>,
    ) -> Result<Vec<Option<f64>>, BoxError> {
        let pairs: Vec<Option<(String, String)>> = replies
            .map(|(reply, history)| {
                (!history.is_empty()).then(|| (reply.to_owned(), history.join(" ")))
            })
            .collect();
        self.learn(pairs.iter().flatten().flat_map(|(reply, history)| [reply, history]))?;
        let known = |text: &String| self.known.get(text).map_or(&[][..], Vec::as_slice);
        let of_pair = |(reply, history): &(String, String)| cosine(known(reply), known(history));
        pairs.iter().map(|pair| Ok(pair.as_ref().map(of_pair).transpose()?)).collect()
    }

    fn learn<'a>(&mut self, texts: impl Iterator<Item = &'a String>) -> Result<(), BoxError> {
        let mut new: Vec<&str> =
            texts.map(String::as_str).filter(|text| !self.known.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return Ok(());
        }
        let rows = self.model.encode(&new)?;
        let new: Vec<String> = new.into_iter().map(str::to_owned).collect();
        self.known.extend(new.into_iter().zip(rows.rows().into_iter().map(|row| row.to_vec())));
        Ok(())
    }

    /// Forgets all texts.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}
