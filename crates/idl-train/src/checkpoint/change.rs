//! What two runs differ in, by name.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Settings by their names, such as `schedule.learning_rate`.
pub type Named = BTreeMap<String, Value>;

/// A setting that is another than it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its name, such as `schedule.learning_rate`.
    pub setting: String,
    /// What it was; null where it was not set.
    pub old: Value,
    /// What it is.
    pub new: Value,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { setting, old, new } = self;
        write!(f, "{setting}: {} -> {}", Short(old), Short(new))
    }
}

/// Texts as they are, hashes by their beginning.
struct Short<'a>(&'a Value);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => {
                let is_hash = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
                match text.get(..12).filter(|_| is_hash) {
                    Some(start) => write!(f, "{start}.."),
                    None => f.write_str(text),
                }
            }
            other => write!(f, "{other}"),
        }
    }
}

/// The settings within `value`, their names put together with dots: objects
/// are gone into, lists are not.
///
/// ```
/// use idl_train::checkpoint::named;
/// let settings = named(&serde_json::json!({"a": {"b": 1, "c": [2]}, "d": null}));
/// let names: Vec<&str> = settings.keys().map(String::as_str).collect();
/// assert_eq!(names, ["a.b", "a.c", "d"]);
/// ```
#[must_use]
pub fn named(value: &Value) -> Named {
    let mut all = Named::new();
    flatten(&mut all, "", value);
    all
}

/// The same, behind the name `name`.
pub(crate) fn flatten(all: &mut Named, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(all, &name, value);
            }
        }
        other => drop(all.insert(name.to_owned(), other.clone())),
    }
}

/// What differs, in the order of the names. A name that one of them lacks
/// counts as null there.
#[must_use]
pub fn changes(old: &Named, new: &Named) -> Vec<Change> {
    let of = |named: &Named, name: &str| named.get(name).cloned().unwrap_or_default();
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let both = names.into_iter().map(|name| (name, of(old, name), of(new, name)));
    both.filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| Change { setting: name.clone(), old, new })
        .collect()
}

/// All of them in one line.
#[must_use]
pub fn one_line(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
