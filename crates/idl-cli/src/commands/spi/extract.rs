//! The triples of everything that the persons say, asked for once.

use std::collections::HashMap;

use crate::extractor::Ready;
use crate::progress;
use idl_dialogue::{BoxError, Person, PersonaExtractor, Role, Triple};

/// Utterances that are given to the extractor at once.
const TOGETHER: usize = 512;

/// An extractor that has been asked already.
pub(crate) struct Known(HashMap<String, Vec<Triple>>);

/// Extracts all utterances of the persons, each text once.
pub(crate) fn known(extractor: &Ready<'_>, persons: &[Person]) -> Result<Known, BoxError> {
    let sessions = persons.iter().flat_map(|person| &person.sessions);
    let mut said: Vec<&str> = sessions.flat_map(|s| s.said_by(Role::Assistant)).collect();
    said.sort_unstable();
    said.dedup();
    let bar = progress::bar("extracting", said.len() as u64);
    let mut known = HashMap::with_capacity(said.len());
    for some in said.chunks(TOGETHER) {
        let found = extractor.extract(some)?;
        known.extend(some.iter().map(|&text| text.to_owned()).zip(found));
        bar.set_position(known.len() as u64);
    }
    bar.finish_and_clear();
    if let Some(tally) = extractor.tally() {
        eprintln!("{tally}");
    }
    Ok(Known(known))
}

impl Known {
    /// How many different utterances there are.
    pub(crate) fn utterances(&self) -> usize {
        self.0.len()
    }

    /// How many triples they hold.
    pub(crate) fn triples(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

impl PersonaExtractor for Known {
    fn extract(&self, utterances: &[&str]) -> Result<Vec<Vec<Triple>>, BoxError> {
        let found = |text: &&str| self.0.get(*text).cloned().unwrap_or_default();
        Ok(utterances.iter().map(found).collect())
    }
}
