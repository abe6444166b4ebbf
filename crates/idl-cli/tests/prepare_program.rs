//! `prepare` as people start it: what it draws.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use support::{program, stderr, stdout};

/// The sessions in front of each dialogue, by its id.
fn prepared(arguments: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let output = program("prepare")
        .args(["--corpus", "embedded", "--stage", "msl", "--order", "shuffled"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = stdout(&output);
    let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).unwrap());
    let known = |row: Value| {
        (row["id"].as_str().unwrap().to_owned(), row["sessions"].as_array().unwrap().clone())
    };
    rows.map(known).collect()
}

/// The dialogues of both, whose sessions must be the same and as many.
fn in_both<'a>(
    one: &'a BTreeMap<String, Vec<Value>>,
    other: &'a BTreeMap<String, Vec<Value>>,
) -> Vec<(&'a Vec<Value>, &'a Vec<Value>)> {
    one.iter().filter_map(|(id, sessions)| Some((sessions, other.get(id)?))).collect()
}

#[test]
fn what_is_drawn_for_a_dialogue_depends_on_no_other() {
    let all = prepared(&["--references", "random"]);
    // Without some of the persons, and without some of the dialogues.
    for fewer in [&["--min-sessions", "12"][..], &["--dialogues", "20"]] {
        let some = prepared(&[&["--references", "random"], fewer].concat());
        assert!(some.len() < all.len(), "{fewer:?}");
        let pairs = in_both(&some, &all);
        let equal = pairs.iter().filter(|(a, b)| a.len() == b.len()).collect::<Vec<_>>();
        assert!(equal.len() >= 20, "{fewer:?}: {} of {}", equal.len(), pairs.len());
        assert!(equal.iter().all(|(a, b)| a == b), "{fewer:?}");
    }
    // The same dialogues, whatever stands in front of them.
    let drawn = |references| prepared(&["--dialogues", "20", "--references", references]);
    let ids = |of: BTreeMap<String, Vec<Value>>| of.into_keys().collect::<Vec<_>>();
    assert_eq!(ids(drawn("random")), ids(drawn("spi")));
    assert_eq!(ids(drawn("random")), ids(drawn("none")));
}
