//! The choice of sessions, measured by the program.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use serde_json::Value;
use support::{fed, stderr, stdout};

fn way<'r>(report: &'r Value, name: &str) -> &'r Value {
    let ways = report["ways"].as_array().unwrap();
    ways.iter().find(|way| way["way"] == name).unwrap()
}

#[test]
fn the_right_side_is_found_more_often_than_by_chance() {
    let arguments = ["sides", "--corpus", "embedded", "--sides", "3", "--query", "middle"];
    let output = fed("choice", &arguments, "");
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["persons"], 24);
    assert_eq!(report["asked"], 48);
    let chance = way(&report, "chance")["mean"].as_f64().unwrap();
    assert!((0.25..0.4).contains(&chance), "{chance}");
    // What the choice has over chance is above 0 by its interval.
    let over = way(&report, "chance")["choice_minus_this"]["low"].as_f64().unwrap();
    assert!(over > 0.1, "{report}");
    for (name, kinds) in [("choice", 4), ("plain sum", 3), ("words", 1)] {
        let weights = way(&report, name)["weights"].as_object().unwrap();
        let counting = weights.values().filter(|weight| weight.as_f64().unwrap() > 0.0).count();
        assert_eq!(counting, kinds, "{name}");
    }
}

#[test]
fn evidence_of_questions_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("locomo.json");
    let session = |n: usize, text: &str| {
        format!(r#""session_{n}": [{{"speaker": "Ada", "dia_id": "D{n}:1", "text": "{text}"}}]"#)
    };
    let pair = |id: &str| {
        format!(
            r#"{{"sample_id": "{id}", "conversation": {{"speaker_a": "Ada", "speaker_b": "Bo", {}}},
            "qa": [{{"question": "When did Ada paint the boat?", "evidence": ["D2:1"], "category": 4}},
                   {{"question": "Never asked", "evidence": ["D1:1"], "category": 5}}]}}"#,
            [session(1, "i cooked soup ."), session(2, "i painted my boat ."), session(3, "hm .")]
                .join(", ")
        )
    };
    std::fs::write(&file, format!("[{}, {}]", pair("a"), pair("b"))).unwrap();
    let path = file.to_str().unwrap();
    let output = fed("choice", &["locomo", "--file", path, "--sessions", "1"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((report["asked"].as_u64(), report["persons"].as_u64()), (Some(2), Some(2)));
    assert_eq!(way(&report, "choice")["mean"], 1.0);
    assert_eq!(way(&report, "chance")["mean"], 0.3333);
}

#[test]
fn what_is_wrong_is_named() {
    for (arguments, expected) in [
        (&["sides", "--corpus", "embedded", "--sides", "30"][..], "there are 24 persons"),
        (
            &["sides", "--corpus", "embedded", "--weights", "{\"wrods\": 1}"],
            "unknown field `wrods`",
        ),
        (&["sides", "--corpus", "embedded", "--weights", "{}"], "all are 0"),
        (&["sides", "--corpus", "embedded", "--query", "first"], "expected one of opening"),
        (&["locomo", "--file", "no.json"], "no.json: cannot be opened"),
    ] {
        let output = fed("choice", arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(expected), "{arguments:?}: {}", stderr(&output));
    }
}
