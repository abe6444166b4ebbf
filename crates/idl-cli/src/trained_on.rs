//! Whom a system was trained on: what `train` writes into `run.json`, and what
//! `evaluate` makes of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use idl::dialogue::{BoxError, Person, Role};
use idl::draw::key;
use idl::train::rows::{self, Dialogue};
use idl::train::{Alternatives, Conversation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::corpus::{CorpusArgs, CorpusKind, Group};
use crate::lm;

/// The key in `run.json`.
pub(crate) const KEY: &str = "trained_on";

/// The stages upon stages that are followed, at most.
const DEPTH: usize = 16;

/// Letters and digits that make a line nobody else's: of ConvAI2's 7,014 valid
/// lines with so many none stands in its train part; of those with 20, 133 do.
const DISTINCTIVE: usize = 40;

/// Whose replies are learnt, by name and by what is said. Ids alone cannot tell:
/// one dialogue has another in a copy of its file, and in its other view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrainedOn {
    /// The ids of the persons, as far as rows name them.
    pub persons: BTreeSet<String>,
    /// Hashes of the long lines of the learnt dialogues and of what might have been
    /// said instead.
    #[serde(with = "hashes")]
    lines: BTreeSet<u64>,
}

impl TrainedOn {
    /// What the rows of a file are of.
    ///
    /// # Errors
    /// As [`rows::open`].
    pub(crate) fn of_rows(path: &Path) -> Result<Self, BoxError> {
        let mut found = TrainedOn::default();
        for Dialogue { person, conversation, alternatives } in rows::open(path)? {
            found.persons.extend(person);
            found.add(&conversation, &alternatives);
        }
        Ok(found)
    }

    /// Adds what is said in a dialogue and instead of its replies.
    pub(crate) fn add(&mut self, conversation: &Conversation, alternatives: &[Alternatives]) {
        let said = conversation.target.iter().map(|m| m.content.as_str());
        let instead = alternatives.iter().flat_map(Alternatives::texts);
        self.lines.extend(said.chain(instead).filter_map(line));
    }

    /// Puts it into the settings that a run writes.
    ///
    /// # Errors
    /// None but of serialisation.
    pub(crate) fn put_into(&self, settings: &impl Serialize) -> Result<String, BoxError> {
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
    pub(crate) fn of_folder(dir: &Path, seen: &Seen<'_>) -> Option<Self> {
        follow(dir, seen, DEPTH)
    }

    /// Adds what another was trained on.
    pub(crate) fn merge(&mut self, other: TrainedOn) {
        self.persons.extend(other.persons);
        self.lines.extend(other.lines);
    }
}

/// The hash of a line that is long enough to be one person's.
fn line(text: &str) -> Option<u64> {
    let compared: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    (compared.chars().count() >= DISTINCTIVE).then(|| key(0, "line", &[&compared]))
}

/// Hashes in one string: a list would make `run.json` thousands of lines long.
mod hashes {
    use std::collections::BTreeSet;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(all: &BTreeSet<u64>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&all.iter().map(|hash| format!("{hash:016x}")).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeSet<u64>, D::Error> {
        let text = String::deserialize(d)?;
        let digits = |d: &[u8]| std::str::from_utf8(d).ok().map(str::to_owned);
        let hash = |d: &[u8]| {
            digits(d).filter(|t| t.len() == 16).and_then(|t| u64::from_str_radix(&t, 16).ok())
        };
        let all: Option<BTreeSet<u64>> = text.as_bytes().chunks(16).map(hash).collect();
        all.ok_or_else(|| Error::custom("expected hashes of 16 hexadecimal digits each"))
    }
}

/// The persons that are to be scored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// Themselves, with all their dialogues.
    pub persons: &'a [Person],
    /// Whether their ids are names of the corpus's own. Persons that are told
    /// apart by profiles are numbered, and a number is somebody else's in
    /// another split: what they say alone can tell.
    pub named: bool,
    /// Whether the embedded base has never seen any of them.
    pub new_to_base: bool,
}

impl<'a> Seen<'a> {
    /// The persons of a corpus.
    #[must_use]
    pub(crate) fn new(persons: &'a [Person], corpus: &CorpusArgs, group: Group) -> Self {
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

    /// How many of them a system was trained on; `None` where one of them says
    /// nothing long enough to tell.
    #[must_use]
    pub(crate) fn overlap(&self, trained_on: &TrainedOn) -> Option<usize> {
        let (mut learnt, mut untold) = (0, 0);
        for person in self.persons {
            let said = person.sessions.iter().flat_map(|s| s.said_by(Role::Assistant));
            let lines: Vec<u64> = said.filter_map(line).collect();
            if self.named && trained_on.persons.contains(&person.id)
                || lines.iter().any(|hash| trained_on.lines.contains(hash))
            {
                learnt += 1;
            } else if lines.is_empty() && !self.named {
                untold += 1;
            }
        }
        (learnt > 0 || untold == 0).then_some(learnt)
    }
}

fn follow(dir: &Path, seen: &Seen<'_>, depth: usize) -> Option<TrainedOn> {
    let Ok(text) = fs::read_to_string(dir.join("run.json")) else {
        // No run of ours: a base.
        return (seen.new_to_base && is_embedded_base(dir)).then(TrainedOn::default);
    };
    let mut run: Value = serde_json::from_str(&text).ok()?;
    let mut all: TrainedOn = serde_json::from_value(run.get_mut(KEY)?.take()).ok()?;
    if depth == 0 {
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
pub(crate) fn sentence(systems: &[(&str, Option<usize>)], persons: usize) -> String {
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
        format!("no system was trained on any of the {persons} persons")
    } else {
        let unknown = unknown.join(", ");
        format!("not known of {unknown} whether trained on any of the {persons} persons")
    }
}

#[cfg(test)]
mod tests {
    use idl::dialogue::{Session, Utterance};

    use super::*;

    /// A person who says something of their own in each of these sessions.
    fn person(id: &str, dialogues: &[&str]) -> Person {
        let session = |name: &&str| {
            let text = format!("in {name} i tell at some length of my owls , my boat and my town");
            let messages = vec![Utterance::user("and you ?"), Utterance::assistant(text)];
            Session { id: (*name).to_owned(), messages, ..Session::default() }
        };
        Person { id: id.to_owned(), sessions: dialogues.iter().map(session).collect() }
    }

    fn learnt(persons: &[Person]) -> TrainedOn {
        let mut learnt = TrainedOn::default();
        for person in persons {
            learnt.persons.insert(person.id.clone());
            for session in &person.sessions {
                let target = session.messages.clone();
                learnt.add(&Conversation { target, ..Conversation::default() }, &[]);
            }
        }
        learnt
    }

    fn run(dir: &Path, persons: &[Person], more: Value) {
        fs::create_dir_all(dir).unwrap();
        let text = learnt(persons).put_into(&more).unwrap();
        fs::write(dir.join("run.json"), text).unwrap();
    }

    #[test]
    fn numbers_are_no_names_and_ids_no_dialogues() {
        let scored = [person("person-1", &["one"]), person("person-2", &["two"])];
        let seen = |named| Seen { persons: &scored, named, new_to_base: false };
        let elsewhere = learnt(&[person("person-1", &["three"])]);
        assert_eq!(seen(false).overlap(&elsewhere), Some(0));
        assert_eq!(seen(true).overlap(&elsewhere), Some(1));
        // The same dialogue under another id, seen by the partner.
        let mut copy = person("person-7", &["two"]);
        copy.sessions[0].id = "file-9".to_owned();
        copy.sessions[0].messages[1].role = Role::User;
        assert_eq!(seen(false).overlap(&learnt(&[copy])), Some(1));
    }

    #[test]
    fn what_is_learnt_to_be_avoided_counts() {
        let scored = [person("person-1", &["one"]), person("person-2", &["two"])];
        let seen = Seen { persons: &scored, named: false, new_to_base: false };
        let rejected = scored[1].sessions[0].messages[1].content.clone();
        let alternatives =
            Alternatives { reply: 1, rejected, rejected_kind: None, criterion: None };
        let mut learnt = TrainedOn::default();
        learnt.add(&Conversation::default(), &[alternatives]);
        assert_eq!(seen.overlap(&learnt), Some(1));
    }

    #[test]
    fn of_a_person_of_few_words_nothing_is_known() {
        let mut taciturn = person("person-2", &["two"]);
        taciturn.sessions[0].messages[1].content = "yes .".to_owned();
        let scored = [person("person-1", &["one"]), taciturn];
        let seen = |named| Seen { persons: &scored, named, new_to_base: false };
        let elsewhere = learnt(&[person("person-3", &["three"])]);
        assert_eq!(
            (seen(false).overlap(&elsewhere), seen(true).overlap(&elsewhere)),
            (None, Some(0))
        );
    }

    #[test]
    fn what_a_system_was_trained_on_top_of_counts() {
        let dir = tempfile::tempdir().unwrap();
        let [model, adapter, top] = ["model", "msl", "dpa"].map(|name| dir.path().join(name));
        let scored = [person("ada", &["a1"]), person("bo", &["b1"]), person("cy", &["c1"])];
        let seen = Seen { persons: &scored, named: true, new_to_base: true };
        let overlap = |dir: &Path| TrainedOn::of_folder(dir, &seen).and_then(|t| seen.overlap(&t));

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
        // A folder that stands on itself, and one that was damaged.
        run(&model, &[], serde_json::json!({"model": model}));
        assert_eq!(overlap(&top), None);
        for damaged in ["0", "xxxxxxxxxxxxxxxx", "0123456789abcdef0"] {
            let run = serde_json::json!({KEY: {"persons": [], "lines": damaged}});
            fs::write(adapter.join("run.json"), run.to_string()).unwrap();
            assert_eq!(overlap(&adapter), None, "{damaged}");
        }
    }

    #[test]
    fn nothing_is_said_that_is_not_known() {
        assert_eq!(
            sentence(&[("base", Some(0)), ("MSL", Some(0))], 8),
            "no system was trained on any of the 8 persons"
        );
        assert_eq!(
            sentence(&[("base", None), ("MSL", Some(0))], 8),
            "not known of base whether trained on any of the 8 persons"
        );
        assert_eq!(
            sentence(&[("base", None), ("MSL", Some(3))], 8),
            "WARNING: MSL was trained on 3 of the 8 persons"
        );
    }
}
