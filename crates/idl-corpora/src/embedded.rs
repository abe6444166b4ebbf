//! Invented people, so that everything can be tried without a corpus.

use std::sync::OnceLock;

use idl_dialogue::{Person, Role, Session, Triple, Utterance};
use serde::Deserialize;

use crate::error::{Error, Result};

/// An invented person and what is true of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedPerson {
    /// The person's id and sessions, `ada-0` and so on.
    pub person: Person,
    /// What the sessions tell about the person.
    pub triples: Vec<Triple>,
    /// Questions that somebody who knows the person can answer.
    pub probes: Vec<Probe>,
}

/// A question about a person and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is asked.
    pub question: String,
    /// The relation of the triple that answers it.
    pub relation: String,
    /// That triple's object.
    pub answer: String,
}

/// A person's file. Its sessions hold what is said in turns, by the partner
/// first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonFile {
    id: String,
    triples: Vec<Triple>,
    probes: Vec<Probe>,
    sessions: Vec<Vec<String>>,
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../data/embedded/", $name, ".json")))),*]
    };
}

/// Names and contents, in the order of [`embedded`].
const FILES: &[(&str, &str)] = files! {
    "ada" "bruno" "celia" "dmitri" "elena" "farid" "greta" "hugo" "ines" "jonas" "keiko"
    "lamar" "mona" "nils" "olga" "pedro" "quinn" "rosa" "samir" "tilda" "ursula" "viktor"
    "wendy" "xander"
};

/// The invented people, in alphabetical order.
///
/// Each has 8 to 12 short sessions in the style of the embedded base model:
/// lower case, with spaces before punctuation. They were written for this
/// crate; no sentence is from a corpus. They are parsed at the first call and
/// kept.
///
/// # Errors
/// [`Error::Json`] if a file compiled into the crate were malformed, which the
/// crate's tests rule out.
///
/// ```
/// let people = idl_corpora::embedded()?;
/// let ada = &people[0];
/// assert_eq!(ada.person.id, "ada");
/// println!("{}: {}", ada.probes[0].question, ada.probes[0].answer);
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn embedded() -> Result<&'static [EmbeddedPerson]> {
    static PEOPLE: OnceLock<Vec<EmbeddedPerson>> = OnceLock::new();
    if let Some(people) = PEOPLE.get() {
        return Ok(people);
    }
    let people = FILES.iter().map(|(name, text)| parse(name, text)).collect::<Result<Vec<_>>>()?;
    Ok(PEOPLE.get_or_init(|| people))
}

fn parse(name: &str, text: &str) -> Result<EmbeddedPerson> {
    let PersonFile { id, triples, probes, sessions } =
        serde_json::from_str(text).map_err(|source| Error::Json {
            file: format!("data/embedded/{name}.json"),
            line: source.line(),
            source,
        })?;
    let session = |(number, said): (usize, Vec<String>)| {
        let turns = [Role::User, Role::Assistant].into_iter().cycle();
        Session {
            id: format!("{id}-{number}"),
            messages: said
                .into_iter()
                .zip(turns)
                .map(|(s, role)| Utterance::new(role, s))
                .collect(),
            ..Session::default()
        }
    };
    let sessions = sessions.into_iter().enumerate().map(session).collect();
    Ok(EmbeddedPerson { person: Person { id, sessions }, triples, probes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_names_of_the_files_in_order() {
        let ids: Vec<_> = embedded().unwrap().iter().map(|p| p.person.id.as_str()).collect();
        let names: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(ids, names);
        assert!(names.is_sorted());
    }

    #[test]
    fn a_wrong_file_is_named() {
        let error = parse("eve", "{\n\"id\": 1}").unwrap_err();
        assert_eq!(error.to_string(), "data/embedded/eve.json:2: expected a JSON object");
    }
}
