//! `evaluate` as people start it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use idl_corpora::embedded;
use serde_json::{Value, json};
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
    assert!(
        text.contains("Against base, person by person (95 % t intervals over 2 persons; paired"),
        "{text}"
    );
    let compared = |what: &str| {
        let line = |l: &&str| l.contains(what) && l.contains('[') && l.contains("t(1) = ");
        text.lines().filter(line).count()
    };
    assert_eq!(compared("NLL own  "), 2, "each but the baseline has a paired t-test: {text}");
    assert!(compared("sensitivity  ") >= 3 + 2, "and what own sessions bring, the base's: {text}");
    assert!(text.contains("with 95 % t intervals over 2 persons"), "{text}");

    // The table is of the mean over persons of the NLL a token.
    let persons = scores["systems"][1]["scores"].as_array().unwrap();
    let own = |p: &Value| p["nll"][0].as_f64().unwrap() / p["tokens"].as_f64().unwrap();
    let mean = persons.iter().map(own).sum::<f64>() / persons.len() as f64;
    let row = text.lines().find(|l| l.starts_with("MSL")).unwrap();
    assert!(row.contains(&format!("{mean:.3} [")), "{mean}: {row}");

    // Negative or not, cells stand apart: likelihoods and the order of three
    // pairs, own and own minus other, of each system.
    let rows: Vec<&str> = text.lines().filter(|l| l.matches('[').count() == 6).collect();
    assert_eq!(rows.len(), 2 * 3, "{text}");
    for row in rows {
        assert_eq!(row.split("  ").filter(|cell| !cell.is_empty()).count(), 7, "{row}");
    }
    // What could be copied is in no pair.
    for person in persons {
        let counts = |key: &str| -> Vec<u64> {
            person[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect()
        };
        let (verbatim, pairs) = (counts("verbatim"), counts("pairs"));
        let all = person["alternatives"].as_u64().unwrap();
        for (pair, (a, b)) in [(0, 1), (1, 2), (0, 2)].into_iter().enumerate() {
            assert!(pairs[pair] <= all - verbatim[a].max(verbatim[b]), "{person}");
            assert!(pairs[pair] + verbatim[a] + verbatim[b] >= all, "{person}");
        }
    }
    assert!(text.contains("stand verbatim in the prompt, own or other, and are left out"));

    // The same figures are in the file, for programs.
    let summary = &scores["summary"];
    assert_eq!(summary["intervals"], "95 % t intervals over 2 persons");
    assert_eq!(summary["systems"].as_array().unwrap().len(), 3);
    let figure = &summary["systems"][1]["figures"][0];
    assert_eq!((&figure["measure"], &figure["persons"]), (&"NLL own".into(), &2.into()));
    assert!((figure["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    let against = summary["against_baseline"].as_array().unwrap();
    assert_eq!(against.len(), 2);
    assert_eq!(against[0]["figures"][0]["t_test"]["degrees_of_freedom"], 1);

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
    assert!(markdown.contains("| system | true > criterion % | own - other |"), "{markdown}");
    assert!(markdown.contains("with 95 % t intervals over 2 persons"), "{markdown}");
    assert_eq!(markdown.matches("paired t-tests over persons").count(), 1);
}

#[test]
fn whom_a_system_was_trained_on_is_known_or_not_said() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    trained(dir);
    let path = dir.join("msl/run.json");
    let run: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let rows = fs::read_to_string(dir.join("data.jsonl")).unwrap();
    let learnt: BTreeSet<String> = rows
        .lines()
        .map(|row| serde_json::from_str::<Value>(row).unwrap())
        .map(|row| row["person"].as_str().unwrap().to_owned())
        .collect();
    let written: BTreeSet<String> =
        serde_json::from_value(run["trained_on"]["persons"].clone()).unwrap();
    assert_eq!(written, learnt);

    let said = |trained_on: Option<Value>, model: Option<&str>| {
        let mut run = run.clone();
        match trained_on {
            Some(trained_on) => run["trained_on"] = trained_on,
            None => drop(run.as_object_mut().unwrap().remove("trained_on")),
        }
        if let Some(model) = model {
            run["model"] = model.into();
        }
        fs::write(&path, run.to_string()).unwrap();
        let output = program("evaluate")
            .current_dir(dir)
            .args(["--corpus", "embedded", "--persons", "2", "--targets", "1", "--sessions", "1"])
            .args(["--max-tokens", "400", "--system", "MSL=msl", "--json", "scores.json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let scores = fs::read_to_string(dir.join("scores.json")).unwrap();
        let scores: Value = serde_json::from_str(&scores).unwrap();
        assert_eq!(scores["systems"][0]["trained_on"], 0, "the base has not seen them");
        (stdout(&output), stderr(&output), scores["systems"][1]["trained_on"].clone())
    };
    let of = |person: &str| Some(json!({"persons": [person], "lines": ""}));

    let (text, _, known) = said(of("somebody-else"), None);
    assert!(text.contains("no system was trained on any of the 2 persons"), "{text}");
    assert_eq!(known, 0);
    let first = embedded().unwrap()[0].person.id.clone();
    let (text, errors, known) = said(of(&first), None);
    for said in [&text, &errors] {
        assert!(said.contains("WARNING: MSL was trained on 1 of the 2 persons"), "{said}");
    }
    assert_eq!(known, 1);
    for (trained_on, model) in [(None, None), (of("somebody-else"), Some("nowhere"))] {
        let (text, _, known) = said(trained_on, model);
        let unknown = "not known of MSL whether trained on any of the 2 persons";
        assert!(text.contains(unknown) && !text.contains("no system"), "{text}");
        assert_eq!(known, Value::Null);
    }
}

#[test]
fn targets_that_are_too_long_are_left_out_of_all_systems_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let output = program("evaluate")
        .current_dir(dir.path())
        .args(["--corpus", "embedded", "--persons", "3", "--targets", "4", "--sessions", "1"])
        .args(["--max-tokens", "40", "--reserve", "22", "--json", "scores.json"])
        .output()
        .unwrap();
    let (text, said) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{said}");
    let named: Vec<&str> =
        said.lines().filter(|l| l.starts_with("left out of all systems: ")).collect();
    assert!(!named.is_empty() && named.len() < 12, "{said}");
    let sessions: Vec<(String, String)> = embedded()
        .unwrap()
        .iter()
        .flat_map(|e| e.person.sessions.iter().map(|s| (e.person.id.clone(), s.id.clone())))
        .collect();
    for line in &named {
        let target = |(p, s): &&(String, String)| line.contains(&format!(": {p}, {s}: "));
        assert!(sessions.iter().any(|one| target(&one)), "{line}");
    }
    let (scored, left_out) = (12 - named.len(), named.len());
    let heading = format!("{scored} dialogues ({left_out} more left out: too long), ");
    assert!(text.contains(&heading), "{heading}: {text}");
    let scores = fs::read_to_string(dir.path().join("scores.json")).unwrap();
    let scores: Value = serde_json::from_str(&scores).unwrap();
    assert_eq!(scores["left_out"], left_out);
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
        (&["--max-tokens", "4096"], "2048 positions"),
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
