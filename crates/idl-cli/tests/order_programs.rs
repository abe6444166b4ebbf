//! `distance`, `order` and `pictures` as people start them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{fed, program, stderr, stdout};

fn answer(name: &str, arguments: &[&str], input: &Value) -> Value {
    let output = fed(name, arguments, &input.to_string());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// That the program refuses its second line with this complaint, and has
/// answered the first, blank ones not counted.
fn assert_refused(name: &str, arguments: &[&str], good: &Value, bad: &str, expected: &str) {
    let output = fed(name, arguments, &format!("{good}\n\n{bad}\n"));
    assert_eq!(output.status.code(), Some(2), "{bad}: {}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1, "{bad}");
    assert_eq!(stderr(&output), format!("error: stdin:3: {expected}\n"));
}

/// A message with a ready embedding.
fn said(role: &str, embedding: &[f64]) -> Value {
    json!({ "role": role, "embedding": embedding })
}

fn two_sessions() -> Value {
    json!({ "sessions": [
        [said("user", &[1.0, 0.0]), said("assistant", &[0.0, 2.0])],
        [said("user", &[4.0, 3.0])],
    ]})
}

#[test]
fn distances_of_ready_embeddings() {
    // Substitute the first for lambda * 0.2, delete the second.
    let near = |arguments: &[&str], expected: [f64; 2]| {
        let found = answer("distance", arguments, &two_sessions());
        let entries = [&found["distance"][0][1], &found["distance"][1][0]];
        for (entry, expected) in entries.into_iter().zip(expected) {
            assert!((entry.as_f64().unwrap() - expected).abs() < 1e-5, "{arguments:?}: {found}");
        }
        assert_eq!(found["distance"][0][0], 0.0);
    };
    near(&[], [2.0, 2.0]);
    near(&["--lambda", "1"], [1.2, 1.2]);
    near(&["--normalize"], [2.0 / 3.0, 2.0 / 3.0]);
    near(&["--deletion", "0.5", "--insertion", "3"], [1.5, 4.0]);
    assert_eq!(answer("distance", &[], &json!({ "sessions": [] })), json!({ "distance": [] }));
}

#[test]
fn distances_of_text() {
    let line = json!({ "sessions": [
        [{ "role": "user", "content": "the cat sleeps" }, { "role": "assistant", "content": "so it does" }],
        [{ "role": "user", "content": "the cat sleeps" }],
        [{ "role": "user", "content": "" }],
    ]});
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idl-encoder/tests/data/tiny");
    let tiny = tiny.display().to_string();
    let mut found = Vec::new();
    for encoder in ["tfidf", &tiny] {
        let distance = answer("distance", &["--encoder", encoder], &line)["distance"].clone();
        // The same words, then one deletion.
        assert!((distance[0][1].as_f64().unwrap() - 1.0).abs() < 1e-5, "{encoder}: {distance}");
        assert_eq!(distance[1][2], distance[2][1]);
        found.push(distance);
    }
    assert_ne!(found[0], found[1], "the folder's encoder was not used");

    let output = fed("distance", &["--encoder", "no/such/folder"], &line.to_string());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: --encoder no/such/folder: neither `tfidf` nor a folder\n");
}

#[test]
fn distance_names_what_is_wrong() {
    let good = two_sessions();
    for (bad, expected) in [
        (r#"{"session": []}"#, "field `sessions`: expected an array, found nothing"),
        (r#"{"sessions": [1]}"#, "field `sessions[0]`: expected an array, found a number"),
        (
            r#"{"sessions": [[{"role": "bot", "content": "hi"}]]}"#,
            "field `sessions[0][0].role`: expected `system`, `user` or `assistant`, found `bot`",
        ),
        (
            r#"{"sessions": [[], [{"role": "user"}]]}"#,
            "field `sessions[1][0].content`: expected a string, found nothing",
        ),
        (
            r#"{"sessions": [[{"role": "user", "embedding": [1, 0]}], [{"role": "user", "embedding": [1]}]]}"#,
            "field `sessions[1][0].embedding`: expected as many numbers as in the first embedding, \
             found 1 instead of 2",
        ),
        (
            r#"{"sessions": [[{"role": "user", "embedding": [0, 0]}]]}"#,
            "field `sessions[0][0].embedding`: expected a direction, found nothing but zeros",
        ),
        (
            r#"{"sessions": [[{"role": "user", "embedding": [1, 1e300]}]]}"#,
            "field `sessions[0][0].embedding[1]`: expected a finite f32, found inf",
        ),
        (
            r#"{"sessions": [[{"role": "user", "content": "hi", "nmae": 1}]]}"#,
            "field `sessions[0][0].nmae`: expected no field of this name, found a number",
        ),
    ] {
        assert_refused("distance", &[], &good, bad, expected);
    }
    let output = fed("distance", &["--lambda=-1"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("lambda"), "{}", stderr(&output));
}

#[test]
fn orders_under_every_policy() {
    let line = json!({
        "distance": [[0, 9, 1], [9, 0, 2], [1, 2, 0]],
        "to_target": [0.1, 0.9, 0.5],
    });
    for (policy, order, cost, exact) in [
        ("free", [1, 2, 0], 3.0, true),
        ("anchored", [1, 2, 0], 3.1, true),
        ("greedy", [0, 2, 1], 3.0, false),
        ("original", [0, 1, 2], 11.0, false),
    ] {
        let found = answer("order", &["--policy", policy], &line);
        assert_eq!(found, json!({ "order": order, "cost": cost, "exact": exact }), "{policy}");
    }
    let empty = json!({ "order": [], "cost": 0.0, "exact": true });
    assert_eq!(answer("order", &[], &json!({ "distance": [] })), empty);
}

#[test]
fn order_names_what_is_wrong() {
    let good = json!({ "distance": [[0, 1], [1, 0]], "to_target": [1, 2] });
    for (policy, bad, expected) in [
        ("free", "{}", "field `distance`: expected an array, found nothing"),
        (
            "free",
            r#"{"distance": [[0, 1], [1]]}"#,
            "field `distance[1]`: expected as many numbers as there are rows, found 1 for 2 rows",
        ),
        (
            "original",
            r#"{"distance": [[0, -1], [1, 0]]}"#,
            "field `distance[0][1]`: expected a number from 0 to 1e300, found -1",
        ),
        (
            "free",
            r#"{"distance": [[0, 1], [null, 0]]}"#,
            "field `distance[1][0]`: expected a number, found nothing",
        ),
        (
            "free",
            r#"{"distance": [[0, 1], [1, 0]], "to_target": [1]}"#,
            "field `to_target`: expected one number for each row of `distance`, found 1 for 2 rows",
        ),
        (
            "anchored",
            r#"{"distance": [[0, 1], [1, 0]]}"#,
            "field `to_target`: expected numbers, found nothing; the policy `anchored` needs it",
        ),
        (
            "free",
            r#"{"distance": [], "to_traget": []}"#,
            "field `to_traget`: expected no field of this name, found an array",
        ),
    ] {
        assert_refused("order", &["--policy", policy], &good, bad, expected);
    }
    let output = fed("order", &["--policy", "dijkstra"], "");
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
}

#[test]
fn distance_pipes_into_order() {
    let distance = fed("distance", &["--normalize"], &two_sessions().to_string());
    let order = fed("order", &[], &stdout(&distance));
    assert!(order.status.success(), "{}", stderr(&order));
    let order: Value = serde_json::from_str(&stdout(&order)).unwrap();
    assert_eq!(order["order"], json!([0, 1]));
}

#[test]
fn the_pictures_are_those_of_the_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let out = program("pictures").arg("--out").arg(folder.path()).output().unwrap();
    assert!(out.status.success(), "{}", stderr(&out));
    for name in ["alignment.svg", "ordering.svg"] {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images").join(name);
        let (drawn, kept) = (folder.path().join(name), std::fs::read_to_string(kept).unwrap());
        assert_eq!(
            std::fs::read_to_string(drawn).unwrap(),
            kept,
            "cargo run -p idl-cli -- pictures draws {name} anew"
        );
    }
}
