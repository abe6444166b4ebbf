//! `corpus-stats` and `import-chats` as people start them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use idl_corpora::chat;
use serde_json::{Value, json};
use support::{fed, program, stderr, stdout};

fn run(name: &str, arguments: &[&str], dir: &Path) -> Output {
    program(name).args(arguments).current_dir(dir).output().unwrap()
}

/// That the program refused its input with this one line.
fn assert_refused(output: &Output, expected: &str) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    assert_eq!(stdout(output), "");
    assert_eq!(stderr(output), format!("error: {expected}\n"));
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

const CHATS: &str = r#"
{"person": "ada", "messages": [{"role": "user", "content": "any tea ?"}, {"role": "assistant", "content": "in the pot ."}]}
{"person": "ada", "messages": [{"role": "robot", "content": "hi"}]}
{"person": "bo", "messages": [{"role": "assistant", "content": "hi"}]}
"#;

#[test]
fn counts_of_a_file_with_a_bad_line() {
    let arguments = ["--corpus", "jsonl", "--data", "-"];
    let output = fed("corpus-stats", &arguments, CHATS);
    assert_refused(
        &output,
        "stdin:3: field `messages[0].role`: expected `system`, `user` or `assistant`, found `robot`",
    );
    let output = fed("corpus-stats", &[&arguments[..], &["--lenient"]].concat(), CHATS);
    assert_eq!(
        json(&output),
        json!({
            "corpus": "jsonl", "group": "id", "dialogues": 2, "views": 2, "utterances": 3,
            "words": 8, "persons_in_all": 2, "persons": 2,
            "persons_with_at_least": {"1": 2, "2": 0, "3": 0, "5": 0, "6": 0, "10": 0, "20": 0},
            "records": {
                "read": 3, "kept": 2, "skipped": 1,
                "reasons": {"`messages[].role`: expected `system`, `user` or `assistant`": 1},
                "first": ["stdin:3: field `messages[0].role`: expected `system`, `user` or \
                           `assistant`, found `robot`"],
            },
        })
    );
}

#[test]
fn counts_of_every_kind_of_corpus() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("p.txt", "1 your persona: i row.\n2 any pets ?\ttwo owls .\n");
    let output = run("corpus-stats", &["--corpus", "parlai", "--data", "p.txt"], dir.path());
    assert_eq!(
        (json(&output)["utterances"].clone(), json(&output)["persons"].clone()),
        (json!(2), json!(1))
    );

    let act = "acts:\n- - episode_done: true\n    labels:\n    - In the pot.\n    text: '_self_name \
               cook\n\n      _self_persona I cook.\n\n      _partner_name guest\n\n      \
               _partner_say Is there tea?'\n";
    write("l.yml", act);
    let world = r#"{"characters": {"1": {"name": "A cook", "personas": ["i cook", "I sing."]}}}"#;
    write("light_environment_test.json", world);
    let output =
        run("corpus-stats", &["--corpus", "light", "--data", ".", "--view", "both"], dir.path());
    let stats = json(&output);
    assert_eq!((&stats["group"], &stats["views"]), (&json!("character"), &json!(2)));
    // The cook who sings has no dialogue.
    assert_eq!((&stats["persons"], &stats["persons_in_all"]), (&json!(2), &json!(3)));

    write("movie_lines.txt", "L1 +++$+++ u1 +++$+++ m0 +++$+++ ADA +++$+++ Is there tea?\n");
    write("movie_conversations.txt", "u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L1', 'L2'\n");
    let cornell = ["--corpus", "cornell", "--data", ".", "--split", "all"];
    assert_refused(
        &run("corpus-stats", &cornell, dir.path()),
        "./movie_conversations.txt:1: field `lines`: expected a list such as `['L7', 'L8']`, found \
         something else",
    );
    write(
        "movie_conversations.txt",
        "u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L1']\n\
                                      u1 +++$+++ u2 +++$+++ m0 +++$+++ ['L2', 'L3']\n",
    );
    let stats = json(&run("corpus-stats", &cornell, dir.path()));
    assert_eq!((&stats["dialogues"], &stats["incomplete"]), (&json!(1), &json!(1)));

    let output = run("corpus-stats", &["--corpus", "parlai", "--data", "no.txt"], dir.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: no.txt: cannot be opened: "));
}

const WHATSAPP: &str = "\
31/12/2023, 18:02 - Messages and calls are end-to-end encrypted.
31/12/2023, 18:03 - Bo: is there tea ?
31/12/2023, 18:04 - Ada: yes ,
31/12/2023, 18:04 - Ada: in the pot .
31/12/2023, 18:05 - Bo: <Media omitted>
31/12/2023, 18:06 - Bo: where ?
31/12/2023, 18:07 - Ada: in the kitchen .
01/01/2024, 09:30 - Bo: happy new year !
";

#[test]
fn from_an_export_to_sessions_to_counts() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bo.txt"), WHATSAPP).unwrap();
    let arguments =
        ["--format", "whatsapp", "--input", "bo.txt", "--me", "Ada", "--separator", " "];
    let output = run("import-chats", &arguments, dir.path());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        stderr(&output),
        "8 entries: 5 messages in 1 sessions; left out: 1 media, 1 service, 0 forwarded, 0 empty, \
         0 in short sessions, 1 in sessions without you, 0 wrong\n"
    );
    let chats: Vec<_> = chat::read(&output.stdout[..], "stdout").map(Result::unwrap).collect();
    assert_eq!(chats[0].person.as_deref(), Some("Ada"));
    assert_eq!(chats[0].session.id, "bo@2023-12-31T18:03:00");
    let said: Vec<_> = chats[0].session.messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(said, ["is there tea ?", "yes , in the pot .", "where ?", "in the kitchen ."]);

    let counted = fed("corpus-stats", &["--corpus", "jsonl", "--data", "-"], &stdout(&output));
    assert_eq!(json(&counted)["utterances"], json!(4));
}

#[test]
fn every_format_from_stdin() {
    let telegram = r#"{"name": "Bo", "messages": [
        {"type": "message", "date": "2023-12-31T18:03:00", "from": "Bo", "text": "hi"},
        {"type": "message", "date": "2023-12-31T18:04:00", "from": "Ada", "text": "hi"}]}"#;
    let messages = "{\"time\": 0, \"from\": \"Bo\", \"text\": \"hi\"}\n\
                    {\"time\": 60, \"from\": \"Ada\", \"text\": \"hi\"}\n";
    let whatsapp = "[31.12.23, 18:03:00] Bo: hi\r\n[31.12.23, 18:04:00] Ada: hi\r\n";
    for (format, text) in [("telegram", telegram), ("messages", messages), ("whatsapp", whatsapp)] {
        let arguments = ["--format", format, "--me", "Ada", "--min-messages", "2"];
        let output = fed("import-chats", &arguments, text);
        assert!(output.status.success(), "{format}: {}", stderr(&output));
        assert_eq!(chat::read(&output.stdout[..], "stdout").map(Result::unwrap).count(), 1);
    }
}

#[test]
fn bad_exports_are_refused() {
    let fed = |arguments: &str, text: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        fed("import-chats", &arguments, text)
    };
    assert_refused(
        &fed("--format whatsapp --me Ada", "3/4/23, 18:03 - Ada: hi\n"),
        "stdin: all dates, such as `3/4/23`, can be read as day/month and as month/day: the order \
         must be given (--dates dmy or mdy)",
    );
    let dated =
        fed("--format whatsapp --me Ada --dates mdy --min-messages 1", "3/4/23, 18:03 - Ada: hi\n");
    assert!(stdout(&dated).contains("2023-03-04T18:03:00"), "{}", stderr(&dated));
    assert_refused(
        &fed("--format whatsapp --me Cy", WHATSAPP),
        "no message is from `Cy`; messages are from `Ada` (3), `Bo` (3)",
    );
    assert_refused(
        &fed("--format messages --me Ada", "{\"time\": 0, \"from\": 7}\n"),
        "stdin:1: field `from`: expected a string, found a number",
    );
    assert_refused(
        &fed("--format telegram --me Ada", "{\"messages\": [\n{"),
        "stdin:2: expected JSON of Telegram: EOF while parsing an object at line 2 column 1",
    );
    assert_refused(
        &fed("--format telegram --me Ada --dates dmy", "{}"),
        "`--dates` goes with `--format whatsapp` only",
    );
    let lenient = fed(
        "--format messages --me Ada --min-messages 1 --lenient",
        "{\"time\": 0, \"from\": 7}\n{\"time\": 0, \"from\": \"Ada\", \"text\": \"hi\"}\n",
    );
    assert!(
        stderr(&lenient).ends_with(
            "1 wrong\nskipped: stdin:1: field `from`: expected a string, found a number\n"
        )
    );
}
