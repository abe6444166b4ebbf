//! Consistency with a persona by an NLI model: pairs in batches, each pair once.

use std::collections::{HashMap, HashSet};

use idl::metrics::nli::Verdict;
use idl_dialogue::{BoxError, NliModel};

/// A persona sentence and a reply.
type Pair = (String, String);

/// A model that remembers.
pub(crate) struct Judge {
    model: Box<dyn NliModel>,
    known: HashMap<Pair, Verdict>,
}

impl Judge {
    pub(crate) fn new(model: Box<dyn NliModel>) -> Self {
        Judge { model, known: HashMap::new() }
    }

    pub(crate) fn name(&self) -> &str {
        self.model.name()
    }

    /// For each reply and persona what each of the persona's sentences, as the
    /// premise, says to the reply.
    pub(crate) fn verdicts<'a>(
        &mut self,
        replies: impl Iterator<Item = (&'a str, &'a [String])>,
    ) -> Result<Vec<Vec<Verdict>>, BoxError> {
        let pairs_of = |(reply, persona): (&str, &'a [String])| -> Vec<Pair> {
            persona.iter().map(|sentence| (sentence.clone(), reply.to_owned())).collect()
        };
        let pairs: Vec<Vec<Pair>> = replies.map(pairs_of).collect();
        self.learn(pairs.iter().flatten())?;
        let verdict = |pair: &Pair| self.known.get(pair).copied();
        let verdicts = pairs.iter().map(|pairs| pairs.iter().filter_map(verdict).collect());
        Ok(verdicts.collect())
    }

    fn learn<'a>(&mut self, pairs: impl Iterator<Item = &'a Pair>) -> Result<(), BoxError> {
        let mut seen = HashSet::new();
        let new: Vec<&Pair> =
            pairs.filter(|&pair| !self.known.contains_key(pair) && seen.insert(pair)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let texts: Vec<(&str, &str)> = new.iter().map(|(p, r)| (p.as_str(), r.as_str())).collect();
        let labels = self.model.classify(&texts)?;
        if labels.len() != new.len() {
            let (name, pairs) = (self.model.name(), new.len());
            return Err(format!("{name}: {} answers to {pairs} pairs", labels.len()).into());
        }
        self.known.extend(new.into_iter().cloned().zip(labels.into_iter().map(Verdict::from)));
        Ok(())
    }

    /// Forgets all pairs.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}
