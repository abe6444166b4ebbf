//! No leak, the whole way from a corpus to rows: what is learnt has no say in what
//! stands in front of it, through everything that is read, fitted, split and
//! chosen on the way.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use idl_corpora::chat::{self, Chat};
use idl_corpora::embedded;
use idl_dialogue::{Person, Role, Session, Utterance};
use serde_json::{Value, json};
use support::{program, stderr, stdout};

/// Said by nobody, and full of facts: where it had a say, it would be heard.
const ALTERED: [&str; 3] = [
    "i work as a zookeeper in lisbon and i have three owls .",
    "my favorite instrument is the bassoon , i play it in a quartet .",
    "i live in a lighthouse with my aunt , and i collect compasses .",
];

/// How many persons the corpus has; neighbours speak with each other.
const PERSONS: usize = 6;

/// Persons with both views of five dialogues each, with the next one: the first
/// speaker's view lacks the closing line, as in ParlAI's files.
fn both_views() -> Vec<Person> {
    let mut persons: Vec<Person> =
        embedded().unwrap().iter().take(PERSONS).map(|e| e.person.clone()).collect();
    persons.iter_mut().for_each(|person| person.sessions.truncate(5));
    let originals: Vec<Vec<Session>> = persons.iter().map(|p| p.sessions.clone()).collect();
    for (p, sessions) in originals.into_iter().enumerate() {
        for session in sessions {
            let mut other = Session { id: format!("{}:other", session.id), ..session };
            other.messages.pop();
            for message in &mut other.messages {
                message.role = match message.role {
                    Role::User => Role::Assistant,
                    _ => Role::User,
                };
            }
            persons[(p + 1) % PERSONS].sessions.push(other);
        }
    }
    persons
}

fn write(persons: &[Person], path: &Path) {
    let mut file = Vec::new();
    for person in persons {
        for session in &person.sessions {
            let chat = Chat { person: Some(person.id.clone()), session: session.clone() };
            chat::write(&mut file, &chat).unwrap();
        }
    }
    fs::write(path, file).unwrap();
}

/// What `prepare` makes of the chats in `dir`.
fn rows(dir: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut command = program("prepare");
    command.current_dir(dir).args(["--corpus", "jsonl", "--data", "chats.jsonl"]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    lines(&stdout(&output))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a dialogue, in either view, up to the message `altered`: what
/// stands in front of each reply.
fn in_front(rows: &[Value], dialogue: &str, altered: usize) -> Vec<Value> {
    let id = |row: &Value| row["id"].as_str().unwrap().trim_end_matches(":other").to_owned();
    let at = |row: &Value| row["prompt"].as_array().unwrap().len();
    let rows = rows.iter().filter(|row| id(row) == dialogue && at(row) <= altered);
    rows.map(|row| json!([row["id"], row["sessions"], row["distances"], row["prompt"]])).collect()
}

#[test]
fn an_altered_reply_and_all_that_follows_change_no_byte_in_front_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let persons = both_views();
    let chats = dir.path().join("chats.jsonl");
    // From which reply on is learnt, and which replies are altered, counted from
    // the first or from the last.
    let opening = ["--query", "opening"];
    for (stage, options, from_end) in [
        ("msl", &opening[..], false),
        ("dpoc", &opening, false),
        ("msl", &["--query", "opening", "--references", "spi"], false),
        ("msl", &["--query", "second"], false),
        ("msl", &[], true),
        ("dpoc", &[], true),
        ("msl", &["--query", "last"], true),
        ("msl", &["--query", "every"], false),
    ] {
        let arguments = [&["--stage", stage], options].concat();
        write(&persons, &chats);
        let before = rows(dir.path(), &arguments);
        let mut compared = 0;
        for round in 0..2 {
            // One dialogue of each pair of persons: no altered one is a candidate
            // for another's references.
            let mut changed = persons.clone();
            let mut altered = Vec::new();
            for p in (0..PERSONS).step_by(2) {
                let session = &persons[p].sessions[(3 * round + p) % 5];
                let reply = match from_end {
                    false => session.replies().nth(1 + round),
                    true => session.replies().nth_back(round),
                };
                let reply = reply.unwrap();
                let other = format!("{}:other", session.id);
                for side in changed.iter_mut().flat_map(|person| &mut person.sessions) {
                    if side.id == session.id || side.id == other {
                        for (i, message) in side.messages.iter_mut().enumerate().skip(reply) {
                            message.content = ALTERED[(i + p) % 3].to_owned();
                        }
                    }
                }
                altered.push((session.id.clone(), reply));
            }
            write(&changed, &chats);
            let after = rows(dir.path(), &arguments);
            assert_ne!(before, after);
            for (dialogue, reply) in altered {
                let (was, is) =
                    [&before, &after].map(|rows| in_front(rows, &dialogue, reply)).into();
                // An alternative may not be found: compare what both have.
                let both = |a: &[Value], b: &[Value]| -> Vec<Value> {
                    let key = |v: &Value| (v[0].clone(), v[3].as_array().unwrap().len());
                    let keys: Vec<_> = b.iter().map(key).collect();
                    a.iter().filter(|v| keys.contains(&key(v))).cloned().collect()
                };
                let pair = (both(&was, &is), both(&is, &was));
                assert_eq!(pair.0, pair.1, "{arguments:?} {dialogue}");
                compared += pair.0.len();
            }
        }
        assert!(compared > 5, "{arguments:?}: {compared} rows compared");
    }
}

#[test]
fn nothing_of_a_held_out_dialogue_is_learnt() {
    let dir = tempfile::tempdir().unwrap();
    write(&both_views(), &dir.path().join("chats.jsonl"));
    for seed in ["0", "1"] {
        let learnt = rows(
            dir.path(),
            &["--stage", "dpoc", "--eval", "eval.jsonl", "--eval-share", "0.34", "--seed", seed],
        );
        let held_out = lines(&fs::read_to_string(dir.path().join("eval.jsonl")).unwrap());
        let dialogue =
            |row: &Value| row["id"].as_str().unwrap().trim_end_matches(":other").to_owned();
        let ours: HashSet<String> = learnt.iter().map(dialogue).collect();
        let theirs: HashSet<String> = held_out.iter().map(dialogue).collect();
        assert!(ours.len() > 5 && theirs.len() > 5, "{} {}", ours.len(), theirs.len());
        assert_eq!(ours.intersection(&theirs).next(), None);
        // Nor as a reference or an alternative: held-out replies that are said
        // nowhere else.
        let text = |row: &Value| row["chosen"][0]["content"].as_str().unwrap().to_owned();
        let said: String = learnt.iter().map(Value::to_string).collect();
        let elsewhere: HashSet<String> = learnt.iter().map(text).collect();
        for reply in held_out.iter().map(text).filter(|t| t.len() > 30 && !elsewhere.contains(t)) {
            let quoted = json!(reply).to_string();
            assert!(!said.contains(&quoted), "{quoted}");
        }
    }
}

/// Candidates are lines of other dialogues of the same file: those of held-out ones
/// are not learnt as wrong replies, nor is a line of the dialogue itself.
#[test]
fn no_candidate_is_said_in_a_held_out_dialogue() {
    let dir = tempfile::tempdir().unwrap();
    let persons = both_views();
    let mut text = String::new();
    let replies: Vec<&str> = persons
        .iter()
        .flat_map(|p| &p.sessions)
        .flat_map(|s| s.replies().map(|r| s.messages[r].content.as_str()))
        .collect();
    let mut next = 0;
    for person in &persons {
        for session in person.sessions.iter().filter(|s| s.messages[0].role == Role::User) {
            let facts = ["one", "two", "three"].map(|n| format!("i am {} {n}.", person.id));
            for (i, fact) in facts.iter().enumerate() {
                text.push_str(&format!("{} your persona: {fact}\n", i + 1));
            }
            for (i, turn) in session.messages.chunks_exact(2).enumerate() {
                let wrong: Vec<&str> = (0..5)
                    .map(|_| {
                        next = (next + 37) % replies.len();
                        replies[next]
                    })
                    .collect();
                let [said, reply] = [0, 1].map(|m| turn[m].content.as_str());
                let all = wrong.join("|");
                text.push_str(&format!("{} {said}\t{reply}\t\t{all}|{reply}\n", i + 4));
            }
        }
    }
    fs::write(dir.path().join("file.txt"), text).unwrap();
    let output = program("prepare")
        .current_dir(dir.path())
        .args(["--corpus", "parlai", "--data", "file.txt", "--stage", "dpoc"])
        .args(["--rejected", "candidate", "--eval", "eval.jsonl", "--eval-share", "0.34"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("candidates are left out"), "{}", stderr(&output));
    let content = |row: &Value, key: &str| row[key][0]["content"].as_str().unwrap().to_owned();
    let held_out = lines(&fs::read_to_string(dir.path().join("eval.jsonl")).unwrap());
    let held_out: HashSet<String> = held_out.iter().map(|row| content(row, "chosen")).collect();
    let learnt = lines(&stdout(&output));
    assert!(held_out.len() > 10 && learnt.len() > 10);
    for row in &learnt {
        let rejected = content(row, "rejected");
        assert!(!held_out.contains(&rejected), "{rejected}");
        assert!(!row["prompt"].to_string().contains(&json!(rejected).to_string()), "{rejected}");
    }
}

/// Three rows of one dialogue, and two of another of the same person, in the form
/// of the method's authors.
#[test]
fn rows_that_continue_each_other_are_no_references_of_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let dialogues = [
        [
            "hi !",
            "hello .",
            "any pets ?",
            "two owls .",
            "nice !",
            "they sleep all day .",
            "ha",
            "yes .",
        ],
        [
            "hey",
            "good day .",
            "what do you do ?",
            "i keep bees .",
            "oh !",
            "they like me .",
            "so ?",
            "well .",
        ],
    ];
    let mut text = String::new();
    for said in dialogues {
        for end in [4, 6, 8] {
            let (pos, history) = said[..end].split_last().unwrap();
            let history: Vec<Value> = history
                .iter()
                .enumerate()
                .map(|(i, t)| json!({"from": if i % 2 == 0 { "user" } else { "bot" }, "value": t}))
                .collect();
            let row = json!({"conversations": {
                "profile": "i keep owls.\ni keep bees.\ni sing.", "history": history, "pos": pos,
                "negs": ["no ."], "wrong_info": "", "fictitous_info": "",
                "identity_confusion": "", "criterion": "",
            }});
            text.push_str(&format!("{row}\n"));
        }
    }
    fs::write(dir.path().join("dpoc.jsonl"), text).unwrap();
    let output = program("prepare")
        .current_dir(dir.path())
        .args(["--corpus", "dpoc", "--data", "dpoc.jsonl", "--stage", "msl"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = lines(&stdout(&output));
    assert!(rows.len() > 3 && rows.iter().any(|row| !row["sessions"][0].is_null()));
    for row in rows {
        let reply: Vec<Utterance> = serde_json::from_value(row["completion"].clone()).unwrap();
        assert!(!row["sessions"].to_string().contains(&reply[0].content), "{row}");
    }
}
