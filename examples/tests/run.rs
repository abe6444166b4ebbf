//! Every example, run as its users run it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What an example is to be read at a sitting.
const MOST_LINES: usize = 80;

/// Every example. What it prints is looked at in a test of its name.
const EXAMPLES: [&str; 14] = [
    "choose_sessions",
    "cluster_sessions",
    "honest_metrics",
    "lora_training",
    "order_sessions",
    "own_encoder",
    "own_extractor",
    "preference_loss",
    "read_a_chat",
    "reply_in_a_voice",
    "score_replies",
    "session_distance",
    "session_store",
    "talk_with_a_person",
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The executable of an example, which cargo builds along with the tests: its folder
/// stands beside that of this test.
fn executable(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// What an example prints, started in the root of the repository.
fn printed(name: &str) -> String {
    assert!(EXAMPLES.contains(&name), "{name} is not in the list");
    let root = package().parent().unwrap();
    let file = executable(name);
    // Where a test is named, as by `--test run`, cargo builds no examples.
    let output = Command::new(&file).current_dir(root).output().unwrap_or_else(|error| {
        panic!("{}: {error} (cargo build --workspace --examples)", file.display())
    });
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{stdout}\n{stderr}", output.status);
    stdout
}
/// The number that follows `before` in each line that has it.
fn numbers(text: &str, before: &str) -> Vec<f64> {
    let rest = text.lines().filter_map(|line| line.split_once(before));
    let number = rest.map(|(_, rest)| {
        let rest = rest.trim_start();
        rest.split(|c: char| !"-+.0123456789".contains(c)).next().unwrap()
    });
    number.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn every_file_is_an_example_and_short() {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(package()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{name}.rs has {lines} lines, more than {MOST_LINES}");
        assert!(text.starts_with("//! "), "{name}.rs does not begin with what it shows");
        names.insert(name);
    }
    assert_eq!(names, EXAMPLES.map(str::to_owned).into());
}

#[test]
fn the_readme_lists_every_example() {
    let readme = fs::read_to_string(package().parent().unwrap().join("README.md")).unwrap();
    for name in EXAMPLES {
        let link = format!("[`{name}`](examples/{name}.rs)");
        assert!(readme.contains(&link), "README.md has no {link}");
    }
}

#[test]
fn choose_sessions() {
    let text = printed("choose_sessions");
    assert!(text.starts_with("ada-5 ("), "{text}");
    assert!(text.contains("both say <i, have_pet, "), "{text}");
}

#[test]
fn cluster_sessions() {
    let text = printed("cluster_sessions");
    // Dogs, bread and music.
    for together in [["two dogs", "postman"], ["baker ,", "rolls"], ["in a band", "guitar"]] {
        let cluster = text.split("cluster ").find(|part| part.contains(together[0])).unwrap();
        assert!(cluster.contains(together[1]), "{text}");
    }
}

#[test]
fn honest_metrics() {
    let text = printed("honest_metrics");
    let constant = text.lines().find(|line| line.starts_with("one constant")).unwrap();
    assert!(constant.contains('['), "{text}");
    // The constant sentence has the best word F1.
    assert!(numbers(&text, "]  ").iter().all(|difference| *difference < 0.0), "{text}");
    assert_eq!(numbers(&text, "]  ").len(), 4, "{text}");
}

#[test]
fn lora_training() {
    let text = printed("lora_training");
    let losses = numbers(&text, "loss ");
    assert!(losses.len() > 2 && losses.last() < losses.first(), "{text}");
    assert!(text.contains("\nthe adapter has "), "{text}");
}

#[test]
fn order_sessions() {
    let text = printed("order_sessions");
    assert!(text.contains("in this order, and no order has less"), "{text}");
    let sums = numbers(&text, "in all: ");
    let path: f64 =
        text.lines().last().unwrap().split_whitespace().next().unwrap().parse().unwrap();
    assert!(path < sums[0], "{text}");
}

#[test]
fn own_encoder() {
    let text = printed("own_encoder");
    assert!(numbers(&text, "cosine ")[0] > 0.2, "{text}");
    assert_eq!(text.matches("  bruno-").count(), 3, "{text}");
    assert!(text.contains("baker"), "{text}");
}

#[test]
fn own_extractor() {
    let text = printed("own_extractor");
    assert!(text.starts_with("<i, has_profession, imkerin>\n"), "{text}");
    assert_eq!(text.matches("regnen").count(), 1, "{text}");
}

#[test]
fn preference_loss() {
    let text = printed("preference_loss");
    for (measure, rises) in [("loss ", false), ("margin ", true), ("true > wrong ", true)] {
        let values = numbers(&text, measure);
        let rose = values.last() > values.first();
        assert!(values.len() == 4 && rose == rises, "{measure}: {text}");
    }
}

#[test]
fn read_a_chat() {
    let text = printed("read_a_chat");
    assert!(text.contains("4 records read, 3 kept, 1 skipped"), "{text}");
    assert!(text.contains("Ada: 3 sessions"), "{text}");
}

#[test]
fn talk_with_a_person() {
    let text = printed("talk_with_a_person");
    assert_eq!(text.lines().filter(|line| line.starts_with("> ")).count(), 2, "{text}");
    // Three sessions stand behind each reply, best first.
    let scores = numbers(&text, " (");
    assert_eq!(scores.len(), 6, "{text}");
    assert!(scores.chunks(3).all(|s| s.is_sorted_by(|a, b| a >= b)), "{text}");
}

#[test]
fn reply_in_a_voice() {
    let text = printed("reply_in_a_voice");
    let replies = |part: &str| -> Vec<String> {
        part.lines()
            .filter_map(|line| line.split_once(" ?"))
            .map(|(_, said)| said.trim().to_owned())
            .collect()
    };
    let (ada, zeno) = text.split_once("zeno,").unwrap();
    let (ada, zeno) = (replies(ada), replies(zeno));
    assert_eq!((ada.len(), zeno.len()), (2, 2), "{text}");
    assert!(ada.iter().chain(&zeno).all(|reply| !reply.is_empty()), "{text}");
    assert_ne!(ada, zeno);
}

#[test]
fn score_replies() {
    let text = printed("score_replies");
    let [own, other, none] = numbers(&text, "sessions: ")[..] else { panic!("{text}") };
    assert!(own < other && own < none, "{text}");
}

#[test]
fn session_distance() {
    let text = printed("session_distance");
    assert!(text.contains("1.00  -                                 lovely weather !"), "{text}");
    assert!(text.contains("the distance, 5 edits"), "{text}");
}

#[test]
fn session_store() {
    let text = printed("session_store");
    assert!(text.contains("before: true\n") && text.contains("`remove`:   false\n"), "{text}");
    assert!(text.contains("  ada-5 ("), "{text}");
}
