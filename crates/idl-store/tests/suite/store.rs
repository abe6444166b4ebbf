//! Adding, reading, importing again, replacing.

use idl_dialogue::{Triple, Utterance};
use idl_store::{Embeddings, Error, OnConflict, Outcome, Record, SessionStore, SqliteStore};
use proptest::prelude::*;

use crate::common::{add, all, record};

fn said(id: &str, text: &str) -> Record {
    Record::new(id, vec![Utterance::user("well ?"), Utterance::assistant(text)])
}

#[test]
fn what_was_stored_is_read_by_another_connection_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b");
    let mut store = SqliteStore::open(&folder).unwrap();
    let records: Vec<_> = (0..20).map(record).collect();
    let outcomes = store.add("ada", &records, OnConflict::Refuse).unwrap();
    assert_eq!(outcomes, vec![Outcome::Added; 20]);
    store.add("bob", &records[..2], OnConflict::Refuse).unwrap();

    let check = |store: &SqliteStore| {
        let ids: Vec<_> = records.iter().map(|r| r.id.clone()).collect();
        assert_eq!(store.persons().unwrap(), ["ada", "bob"]);
        assert_eq!(store.sessions("ada").unwrap(), ids);
        assert_eq!((store.len("ada").unwrap(), store.len("bob").unwrap()), (20, 2));
        assert_eq!(all(store, "ada").unwrap(), records);
        assert_eq!(store.load("ada", &ids[7]).unwrap().as_ref(), Some(&records[7]));
        assert_eq!(store.load("bob", &ids[7]).unwrap(), None);
        assert_eq!((store.len("eve").unwrap(), store.sessions("eve").unwrap().len()), (0, 0));
        store.check().unwrap();
    };
    check(&SqliteStore::open(&folder).unwrap());
    drop(store);
    check(&SqliteStore::open(&folder).unwrap());
}

#[test]
fn importing_again_makes_no_doubles() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let (a, b) = (said("a", "i row ."), said("b", "i row ."));
    let outcomes = store.add("ada", &[a.clone(), a.clone(), b.clone()], OnConflict::Refuse);
    let same = Outcome::SameAs("a".to_owned());
    assert_eq!(outcomes.unwrap(), [Outcome::Added, Outcome::Unchanged, same.clone()]);
    for on_conflict in [OnConflict::Refuse, OnConflict::Replace] {
        let again = store.add("ada", &[a.clone(), b.clone()], on_conflict).unwrap();
        assert_eq!(again, [Outcome::Unchanged, same.clone()]);
    }
    // Said on another day, or by another person, it is another session.
    let later = Record { time: Some(5), ..b.clone() };
    assert_eq!(store.add("ada", &[later], OnConflict::Refuse).unwrap(), [Outcome::Added]);
    assert_eq!(store.add("bob", &[b], OnConflict::Refuse).unwrap(), [Outcome::Added]);
    assert_eq!((store.len("ada").unwrap(), store.len("bob").unwrap()), (2, 1));
}

#[test]
fn other_content_under_an_id_is_refused_or_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let (a, b) = (said("a", "i row ."), said("b", "i ride ."));
    store.add("ada", &[a.clone(), b], OnConflict::Refuse).unwrap();

    let (new, other) = (said("c", "i swim ."), said("a", "i run ."));
    let refused = store.add("ada", &[new.clone(), other.clone()], OnConflict::Refuse);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "session `a` of person `ada` is stored with other content"
    );
    // One transaction: the new one is not there either.
    assert_eq!(store.sessions("ada").unwrap(), ["a", "b"]);

    let outcomes = store.add("ada", &[new, other.clone()], OnConflict::Replace).unwrap();
    assert_eq!(outcomes, [Outcome::Added, Outcome::Replaced]);
    assert_eq!(store.sessions("ada").unwrap(), ["a", "b", "c"]);
    assert_eq!(store.load("ada", "a").unwrap(), Some(other));

    let double = store.add("ada", &[said("a", "i ride .")], OnConflict::Replace).unwrap_err();
    assert!(matches!(double, Error::Double { ref other, .. } if other == "b"), "{double}");
}

#[test]
fn what_is_derived_stays_unless_it_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let bare = said("a", "i row .");
    let full = Record {
        facts: vec![Triple::new("i", "like", "rowing")],
        embeddings: Some(Embeddings::new("e", &[1.0], [&[-1.0][..]]).unwrap()),
        ..bare.clone()
    };
    store.add("ada", std::slice::from_ref(&bare), OnConflict::Refuse).unwrap();
    let mut steps = vec![(&full, OnConflict::Refuse, Outcome::Unchanged, &bare)];
    steps.push((&full, OnConflict::Replace, Outcome::Replaced, &full));
    steps.push((&full, OnConflict::Replace, Outcome::Unchanged, &full));
    steps.push((&bare, OnConflict::Refuse, Outcome::Unchanged, &full));
    for (given, on_conflict, outcome, stored) in steps {
        assert_eq!(store.add("ada", std::slice::from_ref(given), on_conflict).unwrap(), [outcome]);
        assert_eq!(store.load("ada", "a").unwrap().as_ref(), Some(stored));
    }
    store.check().unwrap();
}

#[test]
fn input_that_cannot_be_right_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    let mut refused = |person: &str, record: &Record| {
        let error = store.add(person, &[said("z", "hm ."), record.clone()], OnConflict::Refuse);
        assert_eq!(store.persons().unwrap().len(), 0);
        error.unwrap_err().to_string()
    };
    assert_eq!(refused("", &said("a", "b")), "the id of a person is empty");
    assert_eq!(refused("ada", &said("", "b")), "the id of a session is empty");
    let none: [&[f32]; 0] = [];
    let vectors = Some(Embeddings::new("e", &[1.0], none).unwrap());
    let record = Record { embeddings: vectors, ..said("a", "b") };
    assert_eq!(refused("ada", &record), "0 vectors for the 1 utterances of the person in `a`");

    let made = |session: &[f32], said: &[f32]| {
        Embeddings::new("e", session, [said]).unwrap_err().to_string()
    };
    assert_eq!(made(&[], &[]), "a vector of 0 components: expected 1");
    assert_eq!(made(&[1.0], &[1.0, 0.0]), "a vector of 2 components: expected 1");
    assert_eq!(made(&[0.5], &[1.0]), "a vector of length 0.5: expected unit length");
    assert_eq!(made(&[1.0], &[f32::NAN]), "a vector of length NaN: expected unit length");
    assert_eq!(store.add("ada", &[], OnConflict::Refuse).unwrap(), []);
    assert_eq!(store.remove("ada", &["a"]).unwrap(), 0);
}

#[test]
fn the_files_of_others_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.sqlite");
    for (content, tables) in
        [(&b"these are my notes, no database at all"[..], ""), (b"", "CREATE TABLE notes (x)")]
    {
        std::fs::write(&path, content).unwrap();
        if !tables.is_empty() {
            rusqlite::Connection::open(&path).unwrap().execute_batch(tables).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(dir.path()).unwrap_err();
        assert!(matches!(error, Error::NotAStore { .. }), "{error:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_store_of_a_later_release_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    add(&mut SqliteStore::open(dir.path()).unwrap(), 0..1);
    let path = dir.path().join("sessions.sqlite");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    let error = SqliteStore::open(dir.path()).unwrap_err().to_string();
    assert_eq!(error, format!("{} has schema 9; this release knows 1 and earlier", path.display()));
}

#[test]
fn the_trait_is_object_safe_and_the_store_moves_between_threads() {
    let dir = tempfile::tempdir().unwrap();
    let mut store: Box<dyn SessionStore> = Box::new(SqliteStore::open(dir.path()).unwrap());
    let add = move || store.add("ada", &[record(0)], OnConflict::Refuse);
    assert_eq!(std::thread::spawn(add).join().unwrap().unwrap(), [Outcome::Added]);
}

#[test]
fn a_visit_may_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path()).unwrap();
    add(&mut store, 0..3);
    let mut seen = 0;
    let mut look = |r: Record| {
        seen += usize::from(store.load("ada", &r.id).unwrap() == Some(r));
    };
    store.visit("ada", &mut look).unwrap();
    assert_eq!(seen, 3);
}

/// Any text, NUL and empty ones included, and any time.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let text = || prop_oneof![Just(String::new()), Just("a\0b".to_owned()), ".{0,20}"];
    let message = (any::<bool>(), text())
        .prop_map(|(me, text)| if me { Utterance::assistant(text) } else { Utterance::user(text) });
    let fact = (text(), text(), text()).prop_map(|(s, r, o)| Triple::new(s, r, o));
    let record = (
        ".{1,8}",
        any::<Option<i64>>(),
        prop::collection::vec(message, 0..5),
        prop::collection::vec(fact, 0..3),
        text(),
    )
        .prop_map(|(id, time, messages, facts, persona)| Record {
            id,
            time,
            messages,
            facts,
            persona,
            embeddings: None,
        });
    prop::collection::vec(record, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// The naive twin is a list.
    #[test]
    fn the_store_is_a_list_of_sessions(given in records(), gone in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(dir.path()).unwrap();
        let mut twin: Vec<Record> = Vec::new();
        for record in given {
            let alike = |r: &Record| (&r.messages, r.time) == (&record.messages, record.time);
            let outcome = store.add("ada", std::slice::from_ref(&record), OnConflict::Refuse);
            match (twin.iter().find(|r| r.id == record.id), twin.iter().find(|r| alike(r))) {
                (Some(r), _) if alike(r) => prop_assert_eq!(outcome.unwrap(), [Outcome::Unchanged]),
                (Some(_), _) => prop_assert!(matches!(outcome, Err(Error::Conflict { .. })), "{outcome:?}"),
                (None, Some(r)) => {
                    prop_assert_eq!(outcome.unwrap(), [Outcome::SameAs(r.id.clone())]);
                }
                (None, None) => {
                    prop_assert_eq!(outcome.unwrap(), [Outcome::Added]);
                    twin.push(record);
                }
            }
        }
        if !twin.is_empty() {
            let removed = twin.remove(gone.index(twin.len()));
            prop_assert_eq!(store.remove("ada", &[&removed.id, &removed.id]).unwrap(), 1);
        }
        prop_assert_eq!(all(&store, "ada").unwrap(), twin.clone());
        prop_assert_eq!(store.persons().unwrap().len(), usize::from(!twin.is_empty()));
        store.check().unwrap();
    }
}
