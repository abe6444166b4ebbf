//! `score`, `generate` and `chat` as people start them, on the embedded base.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::process::Output;

use serde_json::{Value, json};
use support::{fed, fed_bytes, stderr, stdout};

/// The output lines of a program that all is well with.
fn answers(name: &str, arguments: &[&str], lines: &[Value]) -> Vec<Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let output = fed(name, arguments, &input);
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The last line of what a program that stopped had to say.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", stdout(output));
    stderr(output).lines().last().unwrap().to_owned()
}

/// Two questions to a person whose sessions stand before both.
fn questions() -> [Value; 2] {
    let message = |role, content| json!({"role": role, "content": content});
    let sessions = json!([[message("user", "any pets ?"), message("assistant", "two owls .")]]);
    ["what do they eat ?", "where do you live ?"].map(|asked| {
        json!({"id": asked.len(), "sessions": sessions, "messages": [message("user", asked)]})
    })
}

#[test]
fn lines_that_share_sessions_are_answered_as_alone() {
    let [first, mut second] = questions();
    // As preference data has it, with what else is in such a line.
    second["prompt"] = second["messages"].take();
    second.as_object_mut().unwrap().remove("messages");
    second["chosen"] = json!([{"role": "assistant", "content": "by the river ."}]);
    let lines = [first, second];
    let together = answers("generate", &["--max-new-tokens", "6"], &lines);
    let alone = answers("generate", &["--max-new-tokens", "6", "--batch-size", "1"], &lines);
    assert_eq!(together, alone);
    for (line, answer) in lines.iter().zip(&together) {
        assert_eq!(answer["id"], line["id"]);
        assert_eq!(answer["chosen"], line["chosen"]);
        assert!(answer["text"].is_string() && answer.get("sessions").is_none());
    }
}

#[test]
fn a_score_keeps_what_stands_beside_it() {
    let mut line = questions()[0].clone();
    line["completion"] = json!("mice .");
    let scored = answers("score", &[], &[line.clone()]);
    assert_eq!(scored[0]["id"], line["id"]);
    assert!(scored[0]["logprob"].as_f64().unwrap() < 0.0);
    line["tokens"] = json!(3);
    let output = fed("score", &[], &line.to_string());
    let expected =
        "error: stdin:1: field `tokens`: expected no field that the output has, found it";
    assert_eq!(complaint(&output), expected);
}

#[test]
fn what_is_out_of_range_is_said_as_such() {
    for (name, arguments, expected) in [
        ("generate", ["--temperature", "-1"], "temperature is -1"),
        ("generate", ["--max-new-tokens", "-1"], "invalid value '-1' for '--max-new-tokens"),
        ("chat", ["--top-p", "-0.5"], "top_p is -0.5"),
    ] {
        let complaint = complaint(&fed(name, &arguments, ""));
        assert!(complaint.contains(expected), "{complaint}");
    }
}

#[test]
fn the_lines_before_one_that_is_too_long_are_answered() {
    let [first, second] = questions();
    let long = json!({"prompt": "owls ".repeat(3000)});
    let output =
        fed("generate", &["--max-new-tokens", "4"], &format!("{first}\n{long}\n{second}\n"));
    let complaint = complaint(&output);
    assert!(complaint.starts_with("error: stdin:2: "), "{complaint}");
    assert!(complaint.contains("2048 positions"), "{complaint}");
    let alone = answers("generate", &["--max-new-tokens", "4"], &[first]);
    let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer, alone[0]);
}

/// Lines 3, 4 and 6 get no answer; the others get the one they would have got.
#[test]
fn chat_names_the_lines_that_get_no_answer_and_answers_the_others() {
    let arguments = ["--greedy", "--max-new-tokens", "2"];
    let good = fed("chat", &arguments, "hi !\n\nany pets ?\n");
    assert!(good.status.success(), "{}", stderr(&good));
    assert_eq!(stdout(&good).lines().count(), 2);

    let endless = "owls ".repeat(3000);
    let input = format!("hi !\n\n{endless}\n/agian\nany pets ?\n{endless}\n");
    let output = fed("chat", &arguments, &input);
    assert_eq!(stdout(&output), stdout(&good));
    assert_eq!(complaint(&output), "error: stdin: 3 lines got no answer");
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 4, "{said}");
    for (line, number, why) in [
        (lines[0], 3, "2048 positions"),
        (lines[1], 4, "/agian is no command"),
        (lines[2], 6, "2048 positions"),
    ] {
        assert!(line.starts_with(&format!("error: stdin:{number}: ")), "{line}");
        assert!(line.contains(why), "{line}");
    }
}

#[test]
fn chat_names_a_line_that_is_no_text() {
    let mut input = b"hi !\n\xff\xfe\n".to_vec();
    input.extend(b"any pets ?\n");
    let output = fed_bytes("chat", &["--greedy", "--max-new-tokens", "2"], &input);
    assert_eq!(stdout(&output).lines().count(), 2);
    let said = stderr(&output);
    assert!(said.contains("error: stdin:2: expected UTF-8"), "{said}");
    assert_eq!(complaint(&output), "error: stdin: 1 line got no answer");
}
