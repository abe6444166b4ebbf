//! `persona`, `spi` and `prepare --stage extractor` as people start them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use support::{fed, program, stderr, stdout};

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", stderr(output));
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn in_repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

/// Ten labelled sentences, invented.
fn labelled(folder: &Path) -> PathBuf {
    let path = folder.join("labelled.jsonl");
    let mut text = String::new();
    for (i, pet) in ["owl", "dog", "cat", "goat", "hen", "pony", "crab", "newt", "fox", "eel"]
        .into_iter()
        .enumerate()
    {
        let sentence = format!("well , i have {} {pet}s .", i + 2);
        let (relation, object) = ("have_pet", format!("{pet}s"));
        let line = json!({
            "sentence": sentence, "subject": "i", "relation": relation, "object": object,
        });
        text.push_str(&format!("{line}\n"));
    }
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn persona_finds_facts_and_the_utterances_that_hold_them() {
    let input = format!(
        "{}\n\n{}\n{}\n",
        json!({ "utterances": ["hi !", "i am a baker .", "a baker ? yes , i am a baker ."] }),
        json!({ "utterances": ["hi !", "so so ."] }),
        json!({ "utterances": [] }),
    );
    let found = lines(&fed("persona", &[], &input));
    assert_eq!(
        found[0],
        json!({
            "triples": [["i", "has_profession", "baker"]],
            "persona_utterances": ["i am a baker .", "a baker ? yes , i am a baker ."],
        })
    );
    // Where nothing is found, all that was said stands for the session.
    assert_eq!(found[1], json!({ "triples": [], "persona_utterances": ["hi !", "so so ."] }));
    assert_eq!(found[2], json!({ "triples": [], "persona_utterances": [] }));
}

#[test]
fn persona_names_what_is_wrong() {
    let good = json!({ "utterances": ["i am a baker ."] });
    for (bad, expected) in [
        (r#"{"said": []}"#, "field `utterances`: expected an array, found nothing"),
        (r#"{"utterances": [1]}"#, "field `utterances[0]`: expected a string, found a number"),
        (
            r#"{"utterances": [], "x": 1}"#,
            "field `x`: expected no field of this name, found a number",
        ),
        ("[]", "expected a JSON object: invalid type: sequence, expected a map at line 1 column 0"),
    ] {
        let output = fed("persona", &[], &format!("{good}\n{bad}\n"));
        assert_eq!(output.status.code(), Some(2), "{bad}");
        assert_eq!(stdout(&output).lines().count(), 1, "{bad}");
        assert_eq!(stderr(&output), format!("error: stdin:2: {expected}\n"));
    }
    let output = fed("persona", &["--extractor", "no/such/folder"], "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "error: --extractor no/such/folder: neither `rules` nor a folder\n"
    );
}

#[test]
fn persona_scores_an_extractor_on_what_was_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path()).display().to_string();
    let score = |more: &[&str]| {
        let arguments = [&["--evaluate", &file], more].concat();
        lines(&fed("persona", &arguments, ""))[0].clone()
    };
    let all = score(&[]);
    assert_eq!((&all["sentences"], &all["samples"]), (&json!(10), &json!(10)));
    assert_eq!(all["triples"]["gold"], 10);
    assert_eq!(all["relations"]["have_pet"]["gold"], 10);
    assert!(all["objects_alike"]["right"].as_u64().unwrap() >= 7, "{all}");
    let some = score(&["--held-out", "0.3", "--seed", "4", "--stack", "3"]);
    assert_eq!((&some["sentences"], &some["stack"]), (&json!(3), &json!(3)));
    assert_eq!(some, score(&["--held-out", "0.3", "--seed", "4", "--stack", "3"]));

    let broken = folder.path().join("broken.jsonl");
    fs::write(&broken, "{\"sentence\": \"i row .\"}\n").unwrap();
    let output = program("persona").arg("--evaluate").arg(&broken).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let expected = "1: field `subject`: expected a string that is not blank, found nothing\n";
    assert!(stderr(&output).ends_with(expected), "{}", stderr(&output));
}

#[test]
fn rows_for_an_extractor_and_a_model_that_has_not_learnt_from_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = labelled(folder.path());
    let held_out = folder.path().join("held-out.jsonl");
    let mut prepare = program("prepare");
    prepare.args(["--corpus", "embedded", "--stage", "extractor", "--stack", "3"]);
    prepare.args(["--eval-share", "0.2", "--fillers", "0.5"]);
    let output = prepare.arg("--samples").arg(&file).arg("--eval").arg(&held_out).output().unwrap();
    let rows = lines(&output);
    let text = |row: &Value, key: &str| row[key][0]["content"].as_str().unwrap().to_owned();
    let questions: usize = rows.iter().map(|row| text(row, "prompt").lines().count()).sum();
    let answers: Vec<String> = rows
        .iter()
        .flat_map(|r| text(r, "completion").lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line != "none")
        .collect();
    // Eight sentences with a triple each, and four utterances without.
    assert_eq!((questions, answers.len()), (12, 8), "{rows:?}");
    assert!(answers.iter().all(|a| a.starts_with("<i, have_pet, ") && a.ends_with('>')));
    assert!(fs::read_to_string(&held_out).unwrap().lines().count() >= 1);

    // The base model prints anything, but no triples: counted, no fault.
    let input = json!({ "utterances": ["i have two owls .", ""] }).to_string();
    let output = fed(
        "persona",
        &["--extractor", &in_repository("../../examples/assets/mini-llama")],
        &input,
    );
    let found = &lines(&output)[0];
    assert_eq!(found["triples"], json!([]));
    assert_eq!(found["persona_utterances"].as_array().unwrap().len(), 2);
    let said = stderr(&output);
    assert!(
        said.contains("1 prompts: 0 triples, 0 without a fact, 1 answers that could not"),
        "{said}"
    );
}

#[test]
fn spi_finds_clusters_targets_and_references() {
    let run = |more: &[&str]| {
        let arguments = ["--corpus", "embedded", "--persons", "4", "--encoder", "tfidf"];
        program("spi").args([&arguments, more].concat()).output().unwrap()
    };
    let output = run(&["--report", "2"]);
    let persons = lines(&output);
    assert_eq!(persons.len(), 4);
    for person in &persons {
        let sessions = person["sessions"].as_array().unwrap();
        let ids: Vec<&Value> = sessions.iter().map(|s| &s["id"]).collect();
        assert!(sessions.iter().all(|s| s["cluster"].as_u64() < person["clusters"].as_u64()));
        let targets = person["targets"].as_array().unwrap();
        assert_eq!(targets.len(), sessions.len());
        for target in targets {
            let references = target["references"].as_array().unwrap();
            assert!((1..=5).contains(&references.len()), "{target}");
            for reference in references {
                assert!(ids.contains(&&reference["session"]));
                assert_ne!(reference["session"], target["session"]);
            }
            let cosines: Vec<f64> =
                references.iter().map(|r| r["cosine"].as_f64().unwrap()).collect();
            assert!(cosines.is_sorted_by(|a, b| a >= b), "{target}");
        }
    }
    assert!(stderr(&output).contains("# Which sessions fell together, and why"));
    assert_eq!(stderr(&output).lines().filter(|line| line.starts_with("## ")).count(), 2);
    assert_eq!(stdout(&run(&[])), stdout(&output), "twice the same");
    assert_ne!(stdout(&run(&["--references", "1"])), stdout(&output));
}

#[test]
fn spi_goes_on_from_its_cache_and_prints_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("vectors");
    let tiny = in_repository("../idl-encoder/tests/data/tiny");
    let run = |more: &[&str]| {
        let mut spi = program("spi");
        spi.args(["--corpus", "embedded", "--persons", "3", "--encoder", &tiny]).args(more);
        let output = spi.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        output
    };
    let cached = ["--cache", &cache.display().to_string()];
    let fresh = run(&["--no-cache"]);
    let cold = run(&cached);
    assert!(stderr(&cold).contains(" 0 before"), "{}", stderr(&cold));
    assert_eq!(stdout(&cold), stdout(&fresh));
    let warm = run(&cached);
    assert!(stderr(&warm).contains(" 0 now"), "{}", stderr(&warm));
    assert_eq!(stdout(&warm), stdout(&fresh));

    // As a kill in the middle of a write would leave it.
    let file = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2 + 1]).unwrap();
    let resumed = run(&cached);
    assert!(!stderr(&resumed).contains(" 0 now"), "{}", stderr(&resumed));
    assert!(!stderr(&resumed).contains(" 0 before"), "{}", stderr(&resumed));
    assert_eq!(stdout(&resumed), stdout(&fresh));

    let output = program("spi").args(["--corpus", "embedded", "--encoder", "no/folder"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output), "error: --encoder no/folder: neither `tfidf` nor a folder\n");
}
