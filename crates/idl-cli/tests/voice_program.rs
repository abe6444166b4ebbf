//! From an export to a voice, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::{fed, program, stderr, stdout};

/// Sessions of a person as WhatsApp exports them, a day apart.
fn export(days: &[&[(&str, &str)]]) -> String {
    let mut text = String::new();
    for (day, messages) in days.iter().enumerate() {
        for (minute, (from, said)) in messages.iter().enumerate() {
            text.push_str(&format!("{:02}/05/2023, 18:{minute:02} - {from}: {said}\n", day + 13));
        }
    }
    text
}

const DAYS: [&[(&str, &str)]; 4] = [
    &[
        ("Bo", "how was the weekend ?"),
        ("Ada", "i dug the garden beds ."),
        ("Bo", "and the roses ?"),
        ("Ada", "my roses bloom in june ."),
    ],
    &[
        ("Bo", "are you at sea ?"),
        ("Ada", "i sailed my boat to the harbour ."),
        ("Bo", "alone ?"),
        ("Ada", "with my dog xylophilus ."),
    ],
    &[
        ("Bo", "what smells so good ?"),
        ("Ada", "i cooked onion soup ."),
        ("Bo", "with bread ?"),
        ("Ada", "the oven was too hot for bread ."),
    ],
    &[
        ("Bo", "what are you doing ?"),
        ("Ada", "i put the roses into pots ."),
        ("Bo", "in the shed ?"),
        ("Ada", "yes , in the garden shed ."),
    ],
];

fn idl(dir: &Path, arguments: &[&str]) -> Output {
    let output = program(arguments[0]).current_dir(dir).args(&arguments[1..]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    output
}

/// The files below a folder that hold `needle`.
fn holding(dir: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, needle));
        } else if fs::read(&path).unwrap().windows(needle.len()).any(|w| w == needle.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn an_export_becomes_a_voice_that_chooses_explains_and_forgets() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("Bo.txt"), export(&DAYS[..3])).unwrap();
    let learn = ["learn", "--chats", "Bo.txt", "--format", "whatsapp", "--me", "Ada"];
    let learn = [&learn[..], &["--out", "ada", "--encoder", "tfidf", "--no-dpa"]].concat();
    let learnt = stderr(&idl(dir, &learn));
    assert!(learnt.contains("3 sessions are new"), "{learnt}");
    assert!(dir.join("ada/msl/adapter_model.safetensors").is_file());
    assert!(!dir.join("ada/work").exists(), "what was learnt from is still there");
    assert!(!fs::read_to_string(dir.join("ada/msl/run.json")).unwrap().contains("trained_on"));
    let left = fs::read_dir(dir.join("ada/msl")).unwrap();
    assert!(
        left.map(|e| e.unwrap().file_name()).all(|n| !n.to_string_lossy().contains("checkpoint"))
    );

    // Again: nothing is done twice, neither sessions nor steps.
    let again = stderr(&idl(dir, &learn));
    assert!(again.contains("0 sessions are new, 0 have grown, 3 were there already"), "{again}");
    assert!(again.contains("learnt already"), "{again}");

    // The export goes on: what is new is chosen from, and learning anew is offered.
    fs::write(dir.join("Bo.txt"), export(&DAYS)).unwrap();
    let add = ["add", "ada", "--chats", "Bo.txt", "--format", "whatsapp", "--me", "Ada"];
    let added = stderr(&idl(dir, &add));
    assert!(added.contains("1 sessions are new"), "{added}");
    let learnt = stderr(&idl(dir, &learn));
    assert!(learnt.contains("1 sessions are new since: --again learns anew"), "{learnt}");

    let ids: Vec<String> = stdout(&idl(dir, &["show", "ada"]))
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 4);
    let shown = stdout(&idl(dir, &["show", "ada", "--session", &ids[1]]));
    assert!(shown.contains("xylophilus") && shown.contains(r#""time":1684087200"#), "{shown}");

    // Talk: the sessions are those of what is asked about, and they say why.
    let voice = dir.join("ada");
    let voice = voice.to_str().unwrap();
    let talk = "are the roses in the garden ?\n/why\n/nonsense\n/quit\n";
    let output = fed("chat", &[voice, "--greedy", "--max-new-tokens", "8"], talk);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    let said = stderr(&output);
    let why: Vec<&str> = said.lines().filter(|line| line.contains("(whole")).collect();
    assert!(why[0].starts_with(&ids[0]) || why[0].starts_with(&ids[3]), "{said}");
    assert!(said.contains("/nonsense is no command; there are /why, /forget ID"), "{said}");

    // In the chat a session can be forgotten, and outside of it: no byte stays.
    assert!(!holding(&dir.join("ada"), "xylophilus").is_empty());
    let output = fed("chat", &[voice, "--greedy"], &format!("/forget {}\n", ids[1]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(holding(&dir.join("ada"), "xylophilus"), [""; 0]);
    idl(dir, &["forget", "ada", &ids[2]]);
    assert_eq!(holding(&dir.join("ada"), "onion"), [""; 0]);
    assert_eq!(stdout(&idl(dir, &["show", "ada"])).lines().count(), 2);

    // While another process changes the voice, nobody else does.
    let lock = fs::File::create(dir.join("ada/.lock")).unwrap();
    lock.lock().unwrap();
    let output = program("forget").current_dir(dir).args(["ada", &ids[0]]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("another process is changing this voice"));
    drop(lock);

    // And what was learnt can be learnt anew.
    let learnt = stderr(&idl(dir, &["learn", "--out", "ada", "--no-dpa", "--again"]));
    assert!(learnt.contains("talk with it"), "{learnt}");

    // A store that was lost is no empty one.
    fs::remove_file(dir.join("ada/sessions.sqlite")).unwrap();
    for arguments in [&["chat", "ada"][..], &["learn", "--out", "ada"]] {
        let output = program(arguments[0]).current_dir(dir).args(&arguments[1..]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("holds no session, and 2 were learnt from"));
    }
}

#[test]
fn a_kill_in_the_middle_is_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("Bo.txt"), export(&DAYS)).unwrap();
    let learn = ["--chats", "Bo.txt", "--format", "whatsapp", "--me", "Ada", "--out", "ada"];
    let learn = [&learn[..], &["--encoder", "tfidf", "--no-dpa"]].concat();
    let mut child = program("learn").current_dir(dir).args(&learn).spawn().unwrap();
    // Killed as soon as training has begun.
    let log = dir.join("ada/msl/train_log.jsonl");
    while !log.is_file() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let learnt = stderr(&idl(dir, &["learn", "--out", "ada", "--no-dpa"]));
    assert!(learnt.contains("talk with it"), "{learnt}");
    assert!(dir.join("ada/msl/adapter_model.safetensors").is_file());
}

#[test]
fn sessions_without_ids_are_told_apart_by_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let line = |said: &str| {
        format!(
            r#"{{"messages": [{{"role": "user", "content": "so ?"}}, {{"role": "assistant", "content": "{said}"}}]}}"#
        ) + "\n"
    };
    fs::write(dir.join("one.jsonl"), line("i row .") + &line("i bake .")).unwrap();
    fs::write(dir.join("two.jsonl"), line("i swim .") + &line("i row .")).unwrap();
    let learn = ["learn", "--chats", "one.jsonl", "--out", "me", "--encoder", "tfidf", "--no-dpa"];
    idl(dir, &learn);
    let added = stderr(&idl(dir, &["add", "me", "--chats", "two.jsonl"]));
    assert!(added.contains("1 sessions are new, 0 have grown, 1 were there already"), "{added}");
    assert_eq!(stdout(&idl(dir, &["show", "me"])).lines().count(), 3);
    // One of a known id that says something else takes nobody's place.
    let id = |said: &str| line(said).replacen('{', r#"{"id": "x", "#, 1);
    fs::write(dir.join("x.jsonl"), id("i row and row .")).unwrap();
    idl(dir, &["add", "me", "--chats", "x.jsonl"]);
    fs::write(dir.join("x.jsonl"), id("i fly .")).unwrap();
    let added = stderr(&idl(dir, &["add", "me", "--chats", "x.jsonl"]));
    assert!(added.contains("1 are left out: others have their ids"), "{added}");
    assert!(stdout(&idl(dir, &["show", "me", "--session", "x"])).contains("row and row"));
}

#[test]
fn what_is_half_learnt_is_forgotten_with_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("Bo.txt"), export(&DAYS)).unwrap();
    let learn = ["--chats", "Bo.txt", "--format", "whatsapp", "--me", "Ada", "--out", "ada"];
    let learn = [&learn[..], &["--encoder", "tfidf"]].concat();
    let mut child = program("learn").current_dir(dir).args(&learn).spawn().unwrap();
    let rows = dir.join("ada/work/msl.jsonl");
    while !rows.is_file() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let shown = stdout(&idl(dir, &["show", "ada"]));
    let second: serde_json::Value = serde_json::from_str(shown.lines().nth(1).unwrap()).unwrap();
    let voice = dir.join("ada");
    assert!(!holding(&voice, "xylophilus").is_empty());
    let forget = format!("/forget {}\n", second["id"].as_str().unwrap());
    let output = fed("chat", &[voice.to_str().unwrap(), "--greedy"], &forget);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(holding(&voice, "xylophilus"), [""; 0]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let complaint = |arguments: &[&str]| {
        let output = program(arguments[0]).current_dir(dir).args(&arguments[1..]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{arguments:?}: {}", stderr(&output));
        stderr(&output)
    };
    assert!(complaint(&["learn", "--out", "ada"]).contains("--chats makes one"));
    assert!(complaint(&["chat", "ada"]).contains("no voice is there"));
    assert!(complaint(&["show", "ada"]).contains("no voice is there"));
    assert!(complaint(&["forget", "ada", "x"]).contains("no voice is there"));
    let two = concat!(
        r#"{"person": "ada", "messages": [{"role": "assistant", "content": "hi"}]}"#,
        "\n",
        r#"{"person": "bo", "messages": [{"role": "assistant", "content": "hi"}]}"#,
    );
    fs::write(dir.join("two.jsonl"), two).unwrap();
    let error = complaint(&["learn", "--chats", "two.jsonl", "--out", "ada"]);
    assert!(error.contains("several persons (ada, bo): choose by --person"), "{error}");
    let error = complaint(&["learn", "--chats", "no.jsonl", "--out", "ada", "--model", "no"]);
    assert!(error.contains("no.jsonl"), "{error}");
    assert!(!dir.join("ada").exists());
    // One session has nothing to stand behind.
    let learn = ["learn", "--chats", "two.jsonl", "--person", "bo", "--encoder", "tfidf"];
    let output = program("learn").current_dir(dir).args(&learn[1..]).args(["--out", "bo"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is nothing to learn from"), "{}", stderr(&output));
}
