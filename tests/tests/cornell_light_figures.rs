//! The figures of Cornell and LIGHT, from the real files where they are at hand.

#![allow(clippy::panic, clippy::unwrap_used)] // helpers of tests fail as tests do

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_corpora::cornell::{self, Dialogue, Script};
use idl_corpora::{Error, Records, grouping, light};
use idl_dialogue::Role;

/// A folder of the data: in `$IDL_DATA`, else beside the workspace.
fn folder(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join(name);
    let there = folder.is_dir();
    if !there {
        // Not `eprintln!`, which the test runner keeps to itself if all is well.
        let said = format!("SKIPPED: no {}\n", folder.display());
        io::stderr().write_all(said.as_bytes()).unwrap();
    }
    there.then_some(folder)
}

/// Who begins, how many take strict turns, and what is left out, in the part of
/// the corpus that is at hand.
#[test]
fn cornell() {
    let Some(folder) = folder("cornell") else { return };
    let lines = cornell::open_script(folder.join("movie_lines.partial.txt")).unwrap();
    let script: Script = lines.collect::<Result<_, _>>().unwrap();
    assert_eq!(script.len(), 219_632);

    let file = folder.join(cornell::CONVERSATIONS);
    let (mut whole, mut incomplete) = (Vec::new(), 0);
    for dialogue in cornell::open(&file, &script).unwrap() {
        match dialogue {
            Ok(dialogue) => whole.push(dialogue),
            Err(Error::Incomplete { .. }) => incomplete += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((whole.len(), incomplete), (58_948, 19_878));
    let mut lenient = cornell::open(&file, &script).unwrap().lenient();
    assert_eq!(lenient.by_ref().count(), whole.len());
    assert_eq!(lenient.tally().read, 78_826);

    let test_movies = cornell::test_movies(folder.join("test_movies.json")).unwrap();
    let train: Vec<&Dialogue> = whole.iter().filter(|d| !test_movies.contains(&d.movie)).collect();
    let first = train.iter().filter(|d| d.utterances[0].0 == 0).count();
    assert_eq!((train.len(), first), (55_945, 27_856));
    assert_eq!(percent(first, train.len()), "49.8");

    // Who takes strict turns has an utterance for each line.
    let text = std::fs::read_to_string(&file).unwrap();
    let lines_of: HashMap<&str, usize> = text
        .lines()
        .map(|line| {
            let list = line.rsplit(" +++$+++ ").next().unwrap();
            let first = list.split('\'').nth(1).unwrap();
            (first, list.matches('L').count())
        })
        .collect();
    let strict = whole.iter().filter(|d| d.utterances.len() == lines_of[d.id.as_str()]).count();
    assert_eq!(strict, 58_534);
    assert_eq!(percent(strict, whole.len()), "99.3");

    // Before and after lines of one speaker are merged.
    let long = |utterances: &dyn Fn(&Dialogue) -> usize| {
        let mut dialogues: HashMap<&str, usize> = HashMap::new();
        for dialogue in whole.iter().filter(|d| utterances(d) >= 4) {
            for who in &dialogue.characters {
                *dialogues.entry(who).or_default() += 1;
            }
        }
        dialogues.values().filter(|&&n| n >= 20).count()
    };
    assert_eq!(long(&|d| lines_of[d.id.as_str()]), 539);
    assert_eq!(long(&|d| d.utterances.len()), 536);

    let persons =
        grouping::by_id(whole.iter().filter(|d| d.utterances.len() >= 4).flat_map(Dialogue::views));
    assert_eq!(persons.iter().filter(|p| p.sessions.len() >= 20).count(), 536);
    let mut ids = HashSet::new();
    for session in persons.iter().flat_map(|p| &p.sessions) {
        assert!(ids.insert(&session.id));
        assert!(session.messages.windows(2).all(|pair| pair[0].role != pair[1].role));
    }
    let characters = cornell::characters(folder.join(cornell::CHARACTERS)).unwrap();
    assert_eq!(characters.len(), 9_035);
    let known: HashSet<&str> = characters.iter().map(|c| c.id.as_str()).collect();
    assert!(persons.iter().all(|p| known.contains(p.id.as_str())));
}

fn percent(part: usize, all: usize) -> String {
    format!("{:.1}", 100.0 * part as f64 / all as f64)
}

#[test]
fn light() {
    let Some(folder) = folder("light") else { return };
    let mut sessions = Vec::new();
    for (split, name, setting, turns, deeds) in [
        ("train", "man", "weathered shack, Abandoned", 9, 1),
        ("valid", "mermaid", "Turquoise Shore, Shore", 10, 4),
        ("test", "worker", "Castle Maids' Room, Inside Castle", 10, 5),
    ] {
        let file = folder.join(format!("parlai_test_samples/light_dialog_{split}.yml"));
        let dialogues = light::open(file).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        let [dialogue] = &dialogues[..] else { panic!("{}", dialogues.len()) };
        assert_eq!(dialogue.id, format!("light_dialog_{split}:0"));
        assert_eq!((dialogue.own.name.as_str(), dialogue.setting.as_str()), (name, setting));
        assert_eq!((dialogue.turns.len(), dialogue.deeds.len()), (turns, deeds));
        // The files are samples: they end in the middle of a dialogue.
        assert!(!dialogue.complete && dialogue.own.persona.starts_with("I am "));
        for turn in dialogue.turns.iter().filter(|t| t.speaker == light::Speaker::Own) {
            assert_eq!(turn.candidates.len(), 20);
            assert!(turn.candidates.iter().any(|c| c.trim() == turn.text));
        }
        let views: Vec<_> = dialogue.views().collect();
        let [own, partner] = &views[..] else { panic!("{}", views.len()) };
        assert!(own.1.same_dialogue(&partner.1));
        assert_eq!(own.1.said_by(Role::Assistant).count(), 5);
        sessions.push(own.clone());
    }
    assert_eq!(grouping::by_character(sessions).len(), 3);
    let world = light::residents(folder.join("light_environment_train.json")).unwrap();
    assert_eq!(world.len(), 1_370);
}
