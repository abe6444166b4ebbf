//! The world's file: who lives in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::grouping::Character;

/// A character of the world, with every persona that was written for them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Resident {
    /// The name, such as `the cook`.
    pub name: String,
    /// Personas; each makes another person of the name.
    pub personas: Vec<String>,
}

impl Resident {
    /// One character for each persona.
    pub fn characters(&self) -> impl Iterator<Item = Character> + '_ {
        self.personas
            .iter()
            .map(|persona| Character { name: self.name.clone(), persona: persona.clone() })
    }
}

#[derive(Deserialize)]
struct World {
    characters: BTreeMap<String, Resident>,
}

/// The characters of a `light_environment_*.json`, in the order of their keys.
/// Rooms and objects are not read.
///
/// # Errors
/// The file cannot be opened or is not of that form.
pub fn residents(path: impl AsRef<Path>) -> Result<Vec<Resident>> {
    let file = path.as_ref().display().to_string();
    let opened = match File::open(path.as_ref()) {
        Ok(opened) => opened,
        Err(source) => return Err(Error::Open { file, source }),
    };
    let world: World =
        serde_json::from_reader(BufReader::new(opened)).map_err(|source| Error::Damaged {
            line: source.line(),
            file,
            format: "a JSON object with `characters`",
            source: source.into(),
        })?;
    Ok(world.characters.into_values().collect())
}
