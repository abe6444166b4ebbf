//! A byte that is not what it was.

use std::path::Path;

use idl_store::{Error, Record, Result, SessionStore, SqliteStore};

use crate::common::{Draw, add, all, record};

/// Everything that can be read of the store in `dir`, if all of it is sound.
fn read(dir: &Path, ids: &[String]) -> Result<Vec<Record>> {
    let store = SqliteStore::open(dir)?;
    let visited = all(&store, "ada");
    // Whatever is given out is what was stored, damage elsewhere or not.
    for (i, id) in ids.iter().enumerate() {
        if let Ok(Some(found)) = store.load("ada", id) {
            assert_eq!(found, record(i));
        }
    }
    store.check()?;
    visited
}

#[test]
fn a_flipped_byte_of_the_database_is_named_or_harmless() {
    let dir = tempfile::tempdir().unwrap();
    add(&mut SqliteStore::open(dir.path()).unwrap(), 0..30);
    let records: Vec<_> = (0..30).map(record).collect();
    let ids: Vec<_> = records.iter().map(|r| r.id.clone()).collect();
    let sound = std::fs::read(dir.path().join("sessions.sqlite")).unwrap();

    let other = tempfile::tempdir().unwrap();
    let mut draw = Draw(7);
    let (mut sessions, mut elsewhere, mut harmless) = (0, 0, 0);
    // The head byte for byte, then places spread over the file.
    let spread = (0..400).map(|i| 100 + i * (sound.len() - 100) / 400);
    for at in (0..100).chain(spread) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << draw.below(8);
        for file in ["sessions.sqlite-wal", "sessions.sqlite-shm"] {
            let _ = std::fs::remove_file(other.path().join(file));
        }
        std::fs::write(other.path().join("sessions.sqlite"), &bytes).unwrap();
        match read(other.path(), &ids) {
            Ok(read) => {
                assert_eq!(read, records, "byte {at}");
                harmless += 1;
            }
            Err(Error::Damaged { person, session, .. }) => {
                assert!(person == "ada" && !session.is_empty(), "byte {at}");
                sessions += 1;
            }
            Err(_) => elsewhere += 1,
        }
    }
    assert!(sessions > 100 && elsewhere > 20 && harmless > 20, "{sessions} {elsewhere} {harmless}");
}

#[test]
fn a_changed_row_names_its_session() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    add(&mut store, 0..3);
    let changes = [
        "UPDATE messages SET content = 'hm' WHERE session = 2 AND place = 1",
        "UPDATE messages SET role = 'system' WHERE session = 2 AND place = 1",
        "UPDATE messages SET role = 'cook' WHERE session = 2 AND place = 1",
        "UPDATE messages SET content = CAST(x'ff' AS TEXT) WHERE session = 2 AND place = 1",
        "DELETE FROM messages WHERE session = 2 AND place = 3",
        "UPDATE sessions SET time = 1 WHERE id = 2",
        "UPDATE sessions SET persona = '' WHERE id = 2",
        "UPDATE facts SET relation = 'had' WHERE session = 2",
        "DELETE FROM facts WHERE session = 2",
        "UPDATE vectors SET encoder = 'e' WHERE session = 2",
        "UPDATE vectors SET dim = 68 WHERE session = 2",
        "UPDATE vectors SET dim = -1 WHERE session = 2",
        "UPDATE vectors SET data = zeroblob(length(data)) WHERE session = 2",
        "DELETE FROM vectors WHERE session = 2",
    ];
    let raw = rusqlite::Connection::open(store.path()).unwrap();
    for change in changes {
        raw.execute_batch("BEGIN").unwrap();
        assert_eq!(raw.execute(change, []).unwrap(), 1, "{change}");
        raw.execute_batch("COMMIT").unwrap();
        for error in [store.check().unwrap_err(), store.load("ada", &record(1).id).unwrap_err()] {
            let named = format!("session `{}` of person `ada` is damaged", record(1).id);
            assert!(error.to_string().starts_with(&named), "{change}: {error}");
        }
        assert_eq!(store.load("ada", &record(2).id).unwrap(), Some(record(2)));
        // What is damaged can be put right.
        let again = store.add("ada", &[record(1)], idl_store::OnConflict::Replace).unwrap();
        assert_eq!(again, [idl_store::Outcome::Replaced], "{change}");
        store.check().unwrap();
    }
}

/// An index that was damaged leads to the row of another session, which is
/// sound in itself.
#[test]
fn an_index_that_leads_astray_gives_out_and_takes_away_nothing() {
    let dir = tempfile::tempdir().unwrap();
    add(&mut SqliteStore::open(dir.path()).unwrap(), 0..3);
    let path = dir.path().join("sessions.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    // Its entries end with id and row; that of the table has the time, or the
    // persona text, behind the id.
    let id = record(1).id.into_bytes();
    let entries: Vec<_> = (0..bytes.len() - id.len())
        .filter(|&at| bytes[at..].starts_with(&id) && bytes[at + id.len()] == 2)
        .map(|at| at + id.len())
        .collect();
    assert_eq!(entries.len(), 1);
    bytes[entries[0]] = 3;
    std::fs::write(&path, bytes).unwrap();

    let mut store = SqliteStore::open(dir.path()).unwrap();
    let (id, given) = (record(1).id, [record(1)]);
    let errors = [
        store.load("ada", &id).unwrap_err(),
        store.remove("ada", &[&id]).unwrap_err(),
        store.add("ada", &given, idl_store::OnConflict::Replace).unwrap_err(),
        store.check().unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    }
    assert_eq!(all(&store, "ada").unwrap(), [record(0), record(1), record(2)]);
}

/// SQLite ends a log at the first frame that does not hold: what comes is an
/// earlier state, but one that was.
#[test]
fn a_flipped_byte_of_the_log_leads_to_a_state_that_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    add(&mut store, 0..8);
    let wal = std::fs::read(dir.path().join("sessions.sqlite-wal")).unwrap();
    assert!(wal.len() > 10_000);
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..60 {
        let other = tempfile::tempdir().unwrap();
        std::fs::copy(store.path(), other.path().join("sessions.sqlite")).unwrap();
        let mut bytes = wal.clone();
        bytes[i * wal.len() / 60] ^= 0x10;
        std::fs::write(other.path().join("sessions.sqlite-wal"), &bytes).unwrap();
        let store = SqliteStore::open(other.path()).unwrap();
        store.check().unwrap();
        let records = all(&store, "ada").unwrap();
        assert!(records.iter().enumerate().all(|(i, r)| *r == record(i)));
        seen.insert(records.len());
    }
    assert!(seen.len() > 3, "{seen:?}");
}

/// The third file is an index of the log, made anew by who opens first.
#[test]
fn a_flipped_byte_of_the_index_of_the_log_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    add(&mut store, 0..8);
    let bytes_of = |end: &str| std::fs::read(dir.path().join(format!("sessions.sqlite{end}")));
    let [database, log, index] = ["", "-wal", "-shm"].map(|end| bytes_of(end).unwrap());
    for i in 0..60 {
        let other = tempfile::tempdir().unwrap();
        let mut index = index.clone();
        // Its head, then places spread over it.
        let at = if i < 40 { i * 4 } else { (i - 40) * index.len() / 20 };
        index[at] ^= 0x10;
        for (end, bytes) in [("", &database), ("-wal", &log), ("-shm", &index)] {
            std::fs::write(other.path().join(format!("sessions.sqlite{end}")), bytes).unwrap();
        }
        let store = SqliteStore::open(other.path()).unwrap();
        store.check().unwrap();
        assert_eq!(all(&store, "ada").unwrap(), (0..8).map(record).collect::<Vec<_>>());
    }
}
