//! Sessions kept in a file, found by their words, and forgotten without a trace.

use std::fs;
use std::path::Path;

use idl_corpora::embedded;
use idl_dialogue::BoxError;
use idl_store::{LexicalIndex, OnConflict, Outcome, Record, SessionStore, SqliteStore};

/// Whether any file of the folder holds the text.
fn holds(folder: &Path, text: &str) -> Result<bool, BoxError> {
    for entry in fs::read_dir(folder)? {
        let bytes = fs::read(entry?.path())?;
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn main() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let mut store = SqliteStore::open(folder.path())?;

    let ada = &embedded()?[0].person;
    let records: Vec<Record> =
        ada.sessions.iter().map(|s| Record::new(s.id.clone(), s.messages.clone())).collect();
    let count =
        |outcomes: &[Outcome], which: &Outcome| outcomes.iter().filter(|o| *o == which).count();
    let outcomes = store.add("ada", &records, OnConflict::Refuse)?;
    println!("added {} sessions", count(&outcomes, &Outcome::Added));
    // The same export again makes no doubles.
    let outcomes = store.add("ada", &records, OnConflict::Refuse)?;
    println!("added again, {} are unchanged", count(&outcomes, &Outcome::Unchanged));

    // The index of words is in memory, filled in one pass over the person's sessions.
    let mut index = LexicalIndex::new();
    store.visit("ada", &mut |session| {
        index.add(&session.id, session.said());
    })?;
    println!("\npickle the cat ?");
    let found = index.top("pickle the cat ?", 3);
    for (id, score) in &found {
        let session = store.load("ada", id)?.ok_or("it was there a moment ago")?;
        let said = session.said().find(|text| text.contains("pickle")).unwrap_or_default();
        println!("  {id} ({score:.1}): {said}");
    }

    // Forgotten: no byte of it is left in the folder.
    let secret = "i share my cottage with a one eyed cat";
    println!("\nin the folder before: {}", holds(folder.path(), secret)?);
    store.remove("ada", &["ada-5"])?;
    println!("and after `remove`:   {}", holds(folder.path(), secret)?);
    store.check()?;
    println!("{} sessions are left, all of them whole", store.len("ada")?);
    Ok(())
}
