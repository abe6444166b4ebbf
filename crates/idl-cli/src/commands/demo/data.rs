//! Who is learnt from, and who is shown.

use std::path::Path;

use crate::trained_on::Seen;
use idl::corpora::convai2::{self, Speaker};
use idl::corpora::{embedded, split_persons};
use idl::dialogue::{BoxError, Person};

use super::arguments::Arguments;

/// Two sets of persons without a person in common.
#[derive(Debug)]
pub(crate) struct People {
    /// Learnt from.
    pub train: Vec<Person>,
    /// Shown in the table.
    pub show: Vec<Person>,
    /// Target dialogues of each shown person.
    pub targets: usize,
    /// Dialogues to learn from in each stage.
    pub dialogues: usize,
    /// What they are, for the table's heading.
    pub name: &'static str,
    /// Whether their ids are names, rather than numbers within a split.
    named: bool,
}

impl People {
    /// The shown ones, to be compared with those who were learnt from. The
    /// embedded base has seen neither the invented people nor ConvAI2's valid
    /// persons.
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { persons: &self.show, named: self.named, new_to_base: true }
    }
}

/// Loads both sets.
pub(crate) fn load(options: &Arguments) -> Result<People, BoxError> {
    let mut people = match &options.data {
        Some(dir) => convai2(dir)?,
        None => invented(options.seed)?,
    };
    if let Some(dialogues) = options.dialogues {
        people.dialogues = dialogues;
    }
    people.show.truncate(options.persons.unwrap_or(usize::MAX));
    if people.dialogues == 0 || people.show.len() < 2 {
        return Err("`--dialogues` must be at least 1 and `--persons` at least 2".into());
    }
    Ok(people)
}

/// Two thirds of the invented people to learn from, one third to show.
fn invented(seed: u64) -> Result<People, BoxError> {
    let all: Vec<Person> = embedded()?.iter().map(|e| e.person.clone()).collect();
    let mut parts = split_persons(all, &[2.0 / 3.0, 1.0 / 3.0], seed)?.into_iter();
    let (Some(train), Some(show)) = (parts.next(), parts.next()) else {
        return Err("the split has no two parts".into());
    };
    Ok(People { train, show, targets: 4, dialogues: 176, name: "invented persons", named: true })
}

/// ConvAI2's train persons with enough sessions for a target and five
/// references; its valid persons, both views.
fn convai2(dir: &Path) -> Result<People, BoxError> {
    let views = [Speaker::B, Speaker::A];
    let all = convai2::persons(dir, "train", &views)?;
    let train = all.into_iter().filter(|p| p.sessions.len() >= 6).collect();
    let show = convai2::persons(dir, "valid", &views)?;
    Ok(People {
        train,
        show,
        targets: 1,
        dialogues: 120,
        name: "ConvAI2 valid persons",
        named: false,
    })
}
