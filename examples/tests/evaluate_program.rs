//! `evaluate` as people start it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{program, stderr, stdout};

const RUN: &str = r#"{
    "stage": "msl", "data": "data.jsonl", "out": "msl", "max_tokens": 384, "reserve": 192,
    "lora": {"r": 2, "target_modules": ["q_proj", "down_proj"]},
    "train": {"batch_size": 1, "max_steps": 2, "schedule": {"learning_rate": 1e-2}}
}"#;

/// An adapter that has learnt for two steps.
fn trained(dir: &Path) {
    let output = program("prepare")
        .args(["--corpus", "embedded", "--dialogues", "2", "--stage", "msl"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    fs::write(dir.join("data.jsonl"), &output.stdout).unwrap();
    fs::write(dir.join("run.json"), RUN).unwrap();
    let output = program("train").current_dir(dir).args(["--config", "run.json"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Runs `evaluate` on two persons; its table, and the scores of everybody.
fn evaluate(dir: &Path, more: &[&str]) -> (String, Value) {
    let output = program("evaluate")
        .current_dir(dir)
        .args(["--corpus", "embedded", "--persons", "2", "--targets", "1", "--sessions", "2"])
        .args(["--max-tokens", "768", "--json", "scores.json"])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let json = fs::read_to_string(dir.join("scores.json")).unwrap();
    (stdout(&output), serde_json::from_str(&json).unwrap())
}

/// What the system at `row` made of the first person: own, other, none.
fn nll(scores: &Value, row: usize) -> Vec<f64> {
    let nll = &scores["systems"][row]["scores"][0]["nll"];
    nll.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn systems_are_compared_on_the_same_targets() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    trained(dir);
    let rows = ["--system", "MSL=msl", "--system", "again=msl", "--baseline", "base"];
    let (text, scores) = evaluate(dir, &rows);
    assert_eq!(scores["systems"].as_array().unwrap().len(), 3);
    assert_eq!(scores["references"], 2.0);
    let [base, msl, again] = [0, 1, 2].map(|row| nll(&scores, row));
    assert_eq!(msl, again, "the same adapter under two names");
    assert!(base.iter().zip(&msl).all(|(a, b)| (a - b).abs() > 1e-3), "{base:?} {msl:?}");
    assert!(text.contains("Against base, person by person:"), "{text}");
    let compared = text.lines().filter(|l| l.contains("  NLL own +") || l.contains("  NLL own -"));
    assert_eq!(compared.count(), 2, "{text}");

    // The table is of the mean over persons of the NLL a token.
    let persons = scores["systems"][1]["scores"].as_array().unwrap();
    let own = |p: &Value| p["nll"][0].as_f64().unwrap() / p["tokens"].as_f64().unwrap();
    let mean = persons.iter().map(own).sum::<f64>() / persons.len() as f64;
    let row = text.lines().find(|l| l.starts_with("MSL")).unwrap();
    assert!(row.contains(&format!("{mean:.3} [")), "{mean}: {row}");

    // Negative or not, cells stand apart.
    let rows: Vec<&str> = text.lines().filter(|l| l.matches('[').count() == 7).collect();
    assert_eq!(rows.len(), 3, "{text}");
    for row in rows {
        assert_eq!(row.matches("]  ").count(), 6, "{row}");
    }

    // What was scored apart stands in one table, as if it had been scored at once.
    let saved = dir.join("scores.json");
    fs::rename(&saved, dir.join("whole.json")).unwrap();
    evaluate(dir, &["--no-base", "--system", "MSL=msl"]);
    fs::rename(&saved, dir.join("msl.json")).unwrap();
    evaluate(dir, &[]);
    fs::rename(&saved, dir.join("base.json")).unwrap();
    let parts = ["--with", "base.json", "--with", "msl.json"];
    let (joined, all) = evaluate(
        dir,
        &[&parts[..], &["--no-base", "--system", "again=msl", "--baseline", "base"]].concat(),
    );
    assert_eq!((joined, &all), (text.clone(), &scores));
    fs::rename(&saved, dir.join("joined.json")).unwrap();
    let printed = |more: &[&str]| {
        let all = ["--corpus", "embedded", "--no-base", "--with", "joined.json"];
        program("evaluate").current_dir(dir).args(all).args(more).output().unwrap()
    };
    assert_eq!(stdout(&printed(&["--baseline", "base"])), text, "and is printed without scoring");
    for (more, complaint) in [
        (&["--with", "msl.json"][..], "two systems named MSL"),
        (&["--system", "again=msl"], "two of this name"),
        (&["--baseline", "absent"], "no system of this name"),
        (&["--with", "nowhere.json"], "nowhere.json"),
        (&["--with", "run.json"], "run.json"),
        (&["--system", "new=msl", "--persons", "2", "--targets", "1", "--seed", "3"], "settings"),
    ] {
        let output = printed(more);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains(complaint), "{more:?}: {said}");
    }

    // Other sessions in front: other likelihoods behind them, the same without.
    let (markdown, shuffled) = evaluate(
        dir,
        &["--references", "random", "--system", "MSL=msl", "--no-base", "--markdown"],
    );
    let drawn = nll(&shuffled, 0);
    assert!((drawn[0] - msl[0]).abs() > 1e-3, "{drawn:?} {msl:?}");
    assert!((drawn[2] - msl[2]).abs() < 1e-9, "{drawn:?} {msl:?}");
    assert!(markdown.contains("| system | NLL own |") && markdown.contains("| MSL | "));
    assert_eq!(markdown.matches("order, own minus other").count(), 1);
}

#[test]
fn what_is_wrong_is_named_before_anything_is_scored() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (arguments, named) in [
        (&["--system", "empty"][..], "NAME=DIR"),
        (&["--system", "base=empty"], "another name"),
        (&["--system", "a=empty", "--system", "a=empty"], "two of this name"),
        (&["--system", "a=empty"], "neither"),
        (&["--system", "a=nowhere"], "nowhere"),
        (&["--baseline", "a"], "no system"),
        (&["--no-base"], "nothing to score"),
        (&["--no-base", "--system", "a=empty", "--baseline", "base"], "no system"),
        (&["--persons", "1"], "at least 2"),
        (&["--max-tokens", "100"], "320"),
    ] {
        let output = program("evaluate")
            .current_dir(dir.path())
            .args(["--corpus", "embedded"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = stderr(&output);
        let error = said.lines().find(|l| l.starts_with("error: ")).unwrap();
        assert!(error.contains(named), "{arguments:?}: {said}");
        assert!(stdout(&output).is_empty(), "{arguments:?}");
    }
}
