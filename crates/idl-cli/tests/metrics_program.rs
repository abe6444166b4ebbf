//! The program `metrics` from outside: lines in, one object out, exit codes.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use support::fed;

fn run(arguments: &[&str], input: &str) -> Output {
    fed("metrics", arguments, input)
}

fn summary(arguments: &[&str], input: &str) -> Value {
    let output = run(arguments, input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
    assert_eq!(output.stdout.iter().filter(|&&b| b == b'\n').count(), 1, "one object, one line");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What is said on stderr, of which there is one line.
fn complaint(arguments: &[&str], input: &str) -> String {
    let output = run(arguments, input);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text.trim_end().to_owned()
}

/// Twelve replies of four persons; each third reply is the true one. The first
/// and the last person do not say quite what the others do.
fn replies() -> String {
    let truth = ["i bake bread every night", "my boat is red", "we sing on sundays"];
    let said = ["i bake bread", "the boat is red", "we sing on sundays"];
    (0..12)
        .map(|i| {
            let line = json!({
                "hypothesis": match i {
                    0 => "i bake i",
                    9 => truth[0],
                    _ => said[i % 3],
                },
                "references": [truth[i % 3]],
                "history": ["i am a baker", "bread is what i bake"],
                "query": "what do you do ?",
                "person": format!("p{}", i / 3),
            });
            format!("{line}\n")
        })
        .collect()
}

fn number(summary: &Value, path: &str) -> f64 {
    summary.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {path}"))
}

/// A file of this test's own.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("idl-metrics-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        File(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn each_value_has_a_signature_chance_rows_and_an_interval() {
    let options = ["--compat", "released,clv"];
    let summary = summary(&options, &replies());
    let names = [
        "bleu-1",
        "bleu-4",
        "bleu-4-sentence",
        "rouge-l",
        "rouge-l-stem",
        "word-f1",
        "distinct-1-sentence",
        "p-f1",
        "p-cover",
        "p-co-tfidf",
        "released-bleu",
        "released-p-f1",
        "clv-bleu-1",
    ];
    for name in names {
        let value = number(&summary, &format!("/{name}/value"));
        let signature = summary[name]["signature"].as_str().unwrap();
        assert!(signature.starts_with("metric:") && signature.contains("version:"), "{signature}");
        assert_eq!(summary[name]["replies"], 12, "{name}");
        for row in ["random", "same-person", "echo", "constant"] {
            assert!(summary[name]["chance"][row].is_number(), "{name} {row}");
        }
        let interval = &summary[name]["interval"];
        assert_eq!((&interval["unit"], &interval["units"]), (&json!("person"), &json!(4)));
        let (low, high) = (interval["low"].as_f64().unwrap(), interval["high"].as_f64().unwrap());
        assert!(low < value && value < high, "{name}: {low} {value} {high}");
        assert_eq!(interval["method"], "t");
    }
    // As many replies of each person: Student's t of their means, by hand. The
    // four are 5/6 (bar 0.75 instead of 0.5), twice the same, and more.
    let means = [0.5, 0.75, 0.75, 1.0].map(|first| (first + 6.0 / 7.0 + 1.0) / 3.0);
    let mean = means.iter().sum::<f64>() / 4.0;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / 3.0;
    let half = 3.182_446_305_284_263 * (variance / 4.0).sqrt();
    assert!((number(&summary, "/word-f1/interval/low") - (mean - half)).abs() < 1e-9);
    let options = ["--interval", "studentised", "--resamples", "200"];
    let drawn = self::summary(&options, &replies());
    assert_eq!(drawn["word-f1"]["interval"]["method"], "studentised bootstrap");
    assert!(summary["rouge-l"]["signature"].as_str().unwrap().contains("replies:12"));
    // By hand: 2 * 2 / (3 + 5), twice 2 * 3 / (3 + 5), 1; 2 * 3 / (3 + 4) without
    // "the"; 1.
    let f1 = (0.5 + 0.75 + 0.75 + 1.0 + 4.0 * 6.0 / 7.0 + 4.0) / 12.0;
    assert!((number(&summary, "/word-f1/value") - f1).abs() < 1e-12);
    assert_eq!(number(&summary, "/length/tokens/hypotheses/mean"), 46.0 / 12.0);
    assert_eq!(number(&summary, "/length/tokens/references/mean"), 13.0 / 3.0);
    assert_eq!(number(&summary, "/length/chance/echo"), 5.0);
    assert_eq!(summary["p-co"], json!({"value": null, "n/a": "no --encoder"}));
}

#[test]
fn an_nli_model_judges_replies_against_the_persona() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/rust-bert");
    let vectors = std::fs::read(data.join("vectors.json")).unwrap();
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    let model = &vectors["nli"]["nli-roberta"];
    let (mut lines, mut verdicts) = (String::new(), Vec::new());
    let pairs = vectors["pairs"].as_array().unwrap().iter();
    for (i, (pair, row)) in pairs.zip(model["probabilities"].as_array().unwrap()).enumerate() {
        let p = |i: usize| row[i].as_f64().unwrap();
        let best = (0..3).max_by(|&a, &b| p(a).total_cmp(&p(b))).unwrap();
        verdicts.push(match model["labels"][best].as_str().unwrap() {
            "ENTAILMENT" => 1.0,
            "NEUTRAL" => 0.0,
            other => {
                assert_eq!(other, "CONTRADICTION");
                -1.0
            }
        });
        let person = format!("p{}", i % 3);
        let line = json!({"hypothesis": pair[1], "references": ["yes"], "persona": [pair[0]], "person": person});
        lines += &format!("{line}\n");
    }
    let share = |verdict: f64| {
        verdicts.iter().filter(|&&v| v == verdict).count() as f64 / verdicts.len() as f64
    };
    let folder = data.join("nli-roberta");
    let options = ["--nli", folder.to_str().unwrap()];
    let found = summary(&options, &lines);
    let mean = verdicts.iter().sum::<f64>() / verdicts.len() as f64;
    for (name, expected) in [
        ("c-score-sum", mean),
        ("c-score-max", mean),
        ("coh", 1.0 - share(-1.0)),
        ("con", share(1.0)),
    ] {
        let value = number(&found, &format!("/{name}/value"));
        assert!((value - expected).abs() < 1e-12, "{name}: {value}, not {expected}");
        assert_eq!(found[name]["replies"], verdicts.len(), "{name}");
        assert!(found[name]["signature"].as_str().unwrap().contains("nli:nli-roberta"));
        assert!(found[name]["chance"]["constant"].is_number(), "{name}");
        assert!(found[name]["interval"]["low"].is_number(), "{name}");
    }
    assert_eq!(summary(&[], &lines)["coh"], json!({"value": null, "n/a": "no --nli"}));
    let bare = "{\"hypothesis\": \"yes\", \"references\": [\"no\"]}\n";
    assert_eq!(summary(&options, bare)["con"]["n/a"], "no line has a `persona`");
    // A folder that is none of the kind.
    let folder = data.join("gpt2");
    let error = complaint(&["--nli", folder.to_str().unwrap()], &lines);
    assert!(error.contains("model_type is \"gpt2\""), "{error}");
}

#[test]
fn without_persons_there_is_no_interval_and_the_same_seed_gives_the_same_summary() {
    let lines: String = replies().lines().map(|line| line.replace("person", "query2")).collect();
    assert!(complaint(&[], &lines).contains("stdin:1: "));
    let lines = "{\"hypothesis\": \"yes\", \"references\": [\"yes\", \"no\"]}\n".repeat(3);
    let plain = summary(&[], &lines);
    assert!(plain["bleu-1"].get("interval").is_none());
    assert!(plain["bleu-1"]["chance"].get("same-person").is_none());
    assert_eq!(plain["p-f1"]["n/a"], "no line has a `history`");
    assert!(summary(&["--no-chance"], &lines)["bleu-1"].get("chance").is_none());
    let seeded = |seed| summary(&["--seed", seed], &replies());
    assert_eq!(seeded("1"), seeded("1"));
    // One person, and persons who do not differ, are no interval of no width.
    let one: String = replies().lines().take(3).map(|line| format!("{line}\n")).collect();
    assert!(summary(&[], &one)["word-f1"].get("interval").is_none());
    let line = |p: u8| json!({"hypothesis": "yes", "references": ["yes"], "person": p.to_string()});
    let equal: String = (0..4).map(|p| format!("{}\n", line(p))).collect();
    assert!(summary(&[], &equal)["word-f1"].get("interval").is_none());
}

#[test]
fn two_systems_are_compared_person_by_person() {
    let ours = File::new("ours", &replies());
    let said = |i| if i < 9 { "\"no\"" } else { "\"the boat\"" };
    let lines = replies();
    let lines = lines.lines().enumerate();
    let others: String =
        lines.map(|(i, l)| l.replace("\"the boat is red\"", said(i)) + "\n").collect();
    let theirs = File::new("theirs", &others);
    let pair = ["--input", ours.name(), "--baseline", theirs.name()];
    let found = summary(&pair, "");
    let baseline = &found["word-f1"]["baseline"];
    let difference = baseline["difference"].as_f64().unwrap();
    let values = number(&found, "/word-f1/value") - baseline["value"].as_f64().unwrap();
    assert!((difference - values).abs() < 1e-12 && difference > 0.0);
    assert_eq!(baseline["interval"]["unit"], "person");
    // As many replies of each person: the two tests are one.
    let p = baseline["p_value"].as_f64().unwrap();
    assert!(p < 0.05 && (p - baseline["t_test"]["p_value"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(baseline["t_test"]["degrees_of_freedom"], 3);
    assert!(found["bleu-4"]["baseline"]["interval"]["low"].is_number());

    let itself = summary(&["--input", ours.name(), "--baseline", ours.name()], "");
    assert_eq!(itself["bleu-4"]["baseline"]["difference"], 0.0);
    let tested = ["interval", "p_value", "t_test"].map(|k| itself["bleu-4"]["baseline"].get(k));
    assert_eq!(tested, [None; 3], "nothing differs");

    let short = File::new("short", others.lines().next().unwrap());
    let error = complaint(&["--input", ours.name(), "--baseline", short.name()], "");
    assert_eq!(error, format!("error: {}:2: --baseline has no such line", ours.name()));
    let other = File::new("other", &others.replace("every night", "by day"));
    let error = complaint(&["--input", ours.name(), "--baseline", other.name()], "");
    assert!(error.starts_with(&format!("error: {}:1: field `references`: ", other.name())));
}

#[test]
fn bad_input_is_one_line_with_file_line_and_field() {
    let ok = "{\"hypothesis\": \"a\", \"references\": [\"b\"]}\n";
    for (line, field) in [
        ("{\"references\": [\"b\"]}", "field `hypothesis`: expected a string, found nothing"),
        ("{\"hypothesis\": \"a\"}", "field `references`: expected an array, found nothing"),
        (
            "{\"hypothesis\": \"a\", \"references\": []}",
            "field `references`: expected at least one reference, found an empty array",
        ),
        (
            "{\"hypothesis\": \"a\", \"references\": [\"b\"], \"history\": [1]}",
            "field `history[0]`: expected a string, found a number",
        ),
        (
            "{\"hypothesis\": \"a\", \"references\": [\"b\"], \"prsona\": 1}",
            "field `prsona`: expected no field of this name, found a number",
        ),
        (
            "{\"hypothesis\": \"a\", \"references\": [\"b\"], \"person\": \"x\"}",
            "field `person`: expected a string in every line or in none, found it here only",
        ),
    ] {
        let error = complaint(&[], &format!("{ok}\n{line}\n"));
        assert_eq!(error, format!("error: stdin:3: {field}"));
    }
    assert!(complaint(&["--level", "1"], "").contains("between 0 and 1"));
    assert!(complaint(&["--input", "no/where"], "").contains("no/where: cannot be opened"));
    assert!(complaint(&["--baseline", "-"], "").contains("there is one stdin"));
}
