//! What is forgotten is in no byte of the folder.

use std::time::Duration;

use idl_store::{Error, OnConflict, Outcome, Record, SessionStore, SqliteStore};

use crate::common::{add, all, files_with, marker, record};

/// Vectors have no marker: the values of the session's own stand for them.
fn traces(dir: &std::path::Path, i: usize) -> Vec<String> {
    let mut files = files_with(dir, marker(i).as_bytes());
    let record = record(i);
    let values = record.embeddings.as_ref().unwrap().session().values;
    let bytes: Vec<u8> = values.iter().map(|&v| v.cast_unsigned()).collect();
    files.extend(files_with(dir, &bytes));
    files
}

#[test]
fn a_removed_session_leaves_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let reader = SqliteStore::open(dir.path()).unwrap();
    add(&mut store, 0..60);
    assert_eq!(all(&reader, "ada").unwrap().len(), 60);
    // The log has it now; after a removal of another the file has it.
    for round in [[3, 59], [30, 31]] {
        for i in round {
            assert!(!traces(dir.path(), i).is_empty());
        }
        let ids = round.map(|i| record(i).id);
        assert_eq!(store.remove("ada", &[&ids[0], &ids[1], "nobody"]).unwrap(), 2);
        for i in round {
            assert_eq!(traces(dir.path(), i), Vec::<String>::new());
            assert_eq!(reader.load("ada", &record(i).id).unwrap(), None);
        }
    }
    assert_eq!(reader.len("ada").unwrap(), 56);
    let ids = store.sessions("ada").unwrap();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    assert_eq!(store.remove("ada", &ids).unwrap(), 56);
    assert_eq!(files_with(dir.path(), b"marker"), Vec::<String>::new());
    assert_eq!(files_with(dir.path(), b"ada"), Vec::<String>::new());
    store.check().unwrap();
}

#[test]
fn what_was_replaced_leaves_no_byte() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let id = "the one".to_owned();
    store.add("ada", &[Record { id: id.clone(), ..record(1) }], OnConflict::Refuse).unwrap();
    let other = Record { id, ..record(2) };
    let outcome = store.add("ada", std::slice::from_ref(&other), OnConflict::Replace).unwrap();
    assert_eq!(outcome, [Outcome::Replaced]);
    assert_eq!(traces(dir.path(), 1), Vec::<String>::new());
    assert_eq!(all(&store, "ada").unwrap(), [other]);
}

#[test]
fn a_purge_that_a_reader_prevents_is_named_and_made_up_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    store.set_patience(Duration::from_millis(50)).unwrap();
    add(&mut store, 0..5);
    let reader = SqliteStore::open(dir.path()).unwrap();
    let (mut removed, mut seen) = (None, 0);
    let mut look = |_: Record| {
        seen += 1;
        removed.get_or_insert_with(|| store.remove("ada", &[&record(1).id]));
    };
    reader.visit("ada", &mut look).unwrap();
    // The reader goes on with the state that it began with.
    assert_eq!(seen, 5);
    let error = removed.unwrap().unwrap_err();
    assert!(matches!(&error, Error::Traces(why) if matches!(**why, Error::Busy(_))), "{error:?}");
    assert_eq!(reader.load("ada", &record(1).id).unwrap(), None);
    assert!(!traces(dir.path(), 1).is_empty());

    // Whoever opens it next does what was left.
    let _next = SqliteStore::open(dir.path()).unwrap();
    assert_eq!(traces(dir.path(), 1), Vec::<String>::new());
    store.purge().unwrap();
    assert_eq!(all(&reader, "ada").unwrap().len(), 4);
}
