//! Whom a system was trained on: what `train` writes into `run.json`, and what
//! `evaluate` makes of it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use idl::dialogue::{BoxError, Person};
use idl::train::rows;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::corpus::{CorpusArgs, CorpusKind, Group};
use crate::lm;

/// The key in `run.json`.
pub const KEY: &str = "trained_on";

/// The stages upon stages that are followed, at most.
const DEPTH: usize = 16;

/// The persons of training rows and their dialogues there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// The ids of the target dialogues, by the person's id.
    pub persons: BTreeMap<String, BTreeSet<String>>,
    /// Dialogues whose rows do not say whose they are.
    pub unnamed: usize,
}

impl TrainedOn {
    /// Whom the rows of a file are of.
    ///
    /// # Errors
    /// As [`rows::open`].
    pub fn of_rows(path: &Path) -> Result<Self, BoxError> {
        let mut found = TrainedOn::default();
        for dialogue in rows::open(path)? {
            match dialogue.person {
                Some(person) => found.add(&person, &dialogue.conversation.id),
                None => found.unnamed += 1,
            }
        }
        Ok(found)
    }

    /// Adds a dialogue of a person, both by id.
    pub fn add(&mut self, person: &str, dialogue: &str) {
        self.persons.entry(person.to_owned()).or_default().insert(dialogue.to_owned());
    }

    /// Puts it into the settings that a run writes.
    ///
    /// # Errors
    /// None but of serialisation.
    pub fn put_into(&self, settings: &impl Serialize) -> Result<String, BoxError> {
        let mut settings = serde_json::to_value(settings)?;
        settings[KEY] = serde_json::to_value(self)?;
        Ok(serde_json::to_string_pretty(&settings)?)
    }

    /// Whom the system in a folder was trained on, by its `run.json` and those
    /// of the adapter and the model on top of which it was trained; `None` where
    /// one of them does not tell. `seen` are the persons that it may concern.
    ///
    /// Paths in a `run.json` are relative to where the run was started: where
    /// they lead nowhere, it is not known.
    #[must_use]
    pub fn of_folder(dir: &Path, seen: &Seen<'_>) -> Option<Self> {
        follow(dir, seen, DEPTH)
    }

    fn merge(&mut self, other: TrainedOn) {
        for (person, dialogues) in other.persons {
            self.persons.entry(person).or_default().extend(dialogues);
        }
        self.unnamed += other.unnamed;
    }
}

/// The persons that are to be scored.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Themselves, with all their dialogues.
    pub persons: &'a [Person],
    /// Whether their ids are names of the corpus's own. Persons that are told
    /// apart by profiles are numbered, and a number is somebody else's in
    /// another split: their dialogues alone can tell.
    pub named: bool,
    /// Whether the embedded base has never seen any of them.
    pub new_to_base: bool,
}

impl<'a> Seen<'a> {
    /// The persons of a corpus.
    #[must_use]
    pub fn new(persons: &'a [Person], corpus: &CorpusArgs, group: Group) -> Self {
        // As the embedded base's README says: ConvAI2's train dialogues, films
        // of Cornell, generated sessions. Of other corpora nothing is known.
        let split = corpus.split.as_deref().unwrap_or("train");
        let new_to_base = match corpus.corpus {
            CorpusKind::Embedded => true,
            CorpusKind::Convai2 => split == "valid",
            CorpusKind::Cornell => split == "test",
            _ => false,
        };
        Seen { persons, named: matches!(group, Group::Id | Group::Character), new_to_base }
    }

    /// How many of them a system was trained on.
    #[must_use]
    pub fn overlap(&self, trained_on: &TrainedOn) -> usize {
        let dialogues: HashSet<&str> =
            trained_on.persons.values().flatten().map(String::as_str).collect();
        let learnt = |person: &&Person| {
            self.named && trained_on.persons.contains_key(&person.id)
                || person.sessions.iter().any(|s| dialogues.contains(s.id.as_str()))
        };
        self.persons.iter().filter(learnt).count()
    }
}

fn follow(dir: &Path, seen: &Seen<'_>, depth: usize) -> Option<TrainedOn> {
    let Ok(text) = fs::read_to_string(dir.join("run.json")) else {
        // No run of ours: a base.
        return (seen.new_to_base && is_embedded_base(dir)).then(TrainedOn::default);
    };
    let mut run: Value = serde_json::from_str(&text).ok()?;
    let mut all: TrainedOn = serde_json::from_value(run.get_mut(KEY)?.take()).ok()?;
    if all.unnamed > 0 || depth == 0 {
        return None;
    }
    // The adapter tells of the model that both stand on, and it need not be
    // the one named here.
    for below in ["adapter", "model"] {
        match run.get(below) {
            None | Some(Value::Null) => {}
            Some(path) => all.merge(follow(Path::new(path.as_str()?), seen, depth - 1)?),
        }
    }
    Some(all)
}

fn is_embedded_base(dir: &Path) -> bool {
    let whole = |dir: &Path| dir.canonicalize().ok();
    whole(dir).is_some_and(|dir| Some(dir) == whole(&lm::embedded_base()))
}

/// What a table may say: of each system by name how many of `persons` it was
/// trained on, as far as that is known.
#[must_use]
pub fn sentence(systems: &[(&str, Option<usize>)], persons: usize) -> String {
    let overlapping: Vec<String> = systems
        .iter()
        .filter_map(|(name, known)| Some((name, known.filter(|&n| n > 0)?)))
        .map(|(name, n)| format!("{name} was trained on {n} of the {persons} persons"))
        .collect();
    if !overlapping.is_empty() {
        return format!("WARNING: {}", overlapping.join(", "));
    }
    let unknown: Vec<&str> =
        systems.iter().filter(|(_, known)| known.is_none()).map(|(name, _)| *name).collect();
    if unknown.is_empty() {
        format!("none of the {persons} persons was trained on")
    } else {
        let unknown = unknown.join(", ");
        format!("not known whether any of the {persons} persons was trained on: {unknown}")
    }
}

#[cfg(test)]
mod tests {
    use idl::dialogue::Session;

    use super::*;

    fn person(id: &str, dialogues: &[&str]) -> Person {
        let session = |id: &&str| Session { id: (*id).to_owned(), ..Session::default() };
        Person { id: id.to_owned(), sessions: dialogues.iter().map(session).collect() }
    }

    fn learnt(persons: &[Person]) -> TrainedOn {
        let mut learnt = TrainedOn::default();
        for person in persons {
            person.sessions.iter().for_each(|s| learnt.add(&person.id, &s.id));
        }
        learnt
    }

    fn run(dir: &Path, persons: &[Person], more: Value) {
        fs::create_dir_all(dir).unwrap();
        let text = learnt(persons).put_into(&more).unwrap();
        fs::write(dir.join("run.json"), text).unwrap();
    }

    #[test]
    fn numbers_are_no_names() {
        let scored = [person("person-1", &["valid-1:a"]), person("person-2", &["valid-2:a"])];
        let seen = |named| Seen { persons: &scored, named, new_to_base: false };
        let elsewhere = learnt(&[person("person-1", &["train-1:a"])]);
        assert_eq!((seen(false).overlap(&elsewhere), seen(true).overlap(&elsewhere)), (0, 1));
        let here = learnt(&[person("person-7", &["valid-2:a"])]);
        assert_eq!((seen(false).overlap(&here), seen(true).overlap(&here)), (1, 1));
    }

    #[test]
    fn what_a_system_was_trained_on_top_of_counts() {
        let dir = tempfile::tempdir().unwrap();
        let [model, adapter, top] = ["model", "msl", "dpa"].map(|name| dir.path().join(name));
        let scored = [person("ada", &["a1"]), person("bo", &["b1"]), person("cy", &["c1"])];
        let seen = Seen { persons: &scored, named: true, new_to_base: true };
        let overlap = |dir: &Path| TrainedOn::of_folder(dir, &seen).map(|t| seen.overlap(&t));

        run(&adapter, &scored[..1], serde_json::json!({"model": model}));
        run(&top, &scored[1..2], serde_json::json!({"model": model, "adapter": adapter}));
        assert_eq!(overlap(&top), None, "nothing is known of the model");
        run(&model, &[], serde_json::json!({"model": lm::embedded_base()}));
        assert_eq!(overlap(&top), Some(2));
        assert_eq!(overlap(&adapter), Some(1));
        assert_eq!(overlap(&model), Some(0));
        assert_eq!(overlap(&lm::embedded_base()), Some(0));
        let elsewhere = Seen { new_to_base: false, ..seen };
        assert_eq!(TrainedOn::of_folder(&top, &elsewhere), None);

        let unnamed = TrainedOn { unnamed: 1, ..TrainedOn::default() };
        let text = unnamed.put_into(&serde_json::json!({"model": model})).unwrap();
        fs::write(model.join("run.json"), text).unwrap();
        assert_eq!(overlap(&top), None, "a row of the model's is of nobody");
        // A folder that stands on itself.
        run(&model, &[], serde_json::json!({"model": model}));
        assert_eq!(overlap(&top), None);
    }

    #[test]
    fn nothing_is_said_that_is_not_known() {
        assert_eq!(
            sentence(&[("base", Some(0)), ("MSL", Some(0))], 8),
            "none of the 8 persons was trained on"
        );
        assert_eq!(
            sentence(&[("base", None), ("MSL", Some(0))], 8),
            "not known whether any of the 8 persons was trained on: base"
        );
        assert_eq!(
            sentence(&[("base", None), ("MSL", Some(3))], 8),
            "WARNING: MSL was trained on 3 of the 8 persons"
        );
    }
}
