//! Several at one store, and a store that is full.

use std::sync::atomic::{AtomicBool, Ordering};

use idl_store::{Error, OnConflict, SessionStore, SqliteStore};

use crate::common::{all, record};

#[test]
fn readers_see_whole_transactions_while_a_writer_adds() {
    const BATCH: usize = 5;
    let dir = tempfile::tempdir().unwrap();
    let done = AtomicBool::new(false);
    let mut writer = SqliteStore::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        let read = || {
            let reader = SqliteStore::open(dir.path()).unwrap();
            let (mut last, mut looks) = (0, 0);
            while !done.load(Ordering::Relaxed) || looks == 0 {
                let records = all(&reader, "ada").unwrap();
                assert!(records.len() >= last && records.len().is_multiple_of(BATCH));
                assert!(records.iter().enumerate().all(|(i, r)| *r == record(i)));
                last = records.len();
                looks += 1;
            }
        };
        let readers = [scope.spawn(read), scope.spawn(read)];
        for batch in 0..20 {
            let records: Vec<_> = (batch * BATCH..(batch + 1) * BATCH).map(record).collect();
            writer.add("ada", &records, OnConflict::Refuse).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().unwrap();
        }
    });
    assert_eq!(all(&writer, "ada").unwrap().len(), 20 * BATCH);
}

#[test]
fn writers_take_turns_from_the_first_opening_on() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for person in ["ada", "bob", "eve"] {
            let folder = dir.path();
            scope.spawn(move || {
                let mut store = SqliteStore::open(folder).unwrap();
                for i in 0..10 {
                    store.add(person, &[record(i)], OnConflict::Refuse).unwrap();
                }
                assert_eq!(store.remove(person, &[&record(3).id]).unwrap_or(1), 1);
            });
        }
    });
    let store = SqliteStore::open(dir.path()).unwrap();
    for person in ["ada", "bob", "eve"] {
        assert_eq!(store.len(person).unwrap(), 9);
    }
    store.check().unwrap();
}

#[test]
fn a_full_store_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    store.set_limit(200_000).unwrap();
    let mut stored = Vec::new();
    let error = loop {
        let next = record(stored.len());
        match store.add("ada", std::slice::from_ref(&next), OnConflict::Refuse) {
            Ok(_) => stored.push(next),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Full(_)), "{error:?}");
    assert!(stored.len() > 20);
    assert_eq!(all(&store, "ada").unwrap(), stored);
    store.check().unwrap();
    // Forgetting needs no room, and makes some.
    let gone: Vec<_> = stored.drain(..10).map(|r| r.id).collect();
    let gone: Vec<_> = gone.iter().map(String::as_str).collect();
    assert_eq!(store.remove("ada", &gone).unwrap(), 10);
    store.add("ada", &[record(1)], OnConflict::Refuse).unwrap();
    stored.push(record(1));
    drop(store);
    assert_eq!(all(&SqliteStore::open(dir.path()).unwrap(), "ada").unwrap(), stored);
}
