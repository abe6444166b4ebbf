//! The figures of ConvAI2, from the real files where they are at hand.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_corpora::convai2::{self, SHARED_SENTENCES, Speaker};
use idl_corpora::grouping::{self, Profiles};
use idl_dialogue::{Person, Session};

/// ConvAI2's folder: in `$IDL_DATA`, else beside the workspace.
fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("convai2");
    let there = folder.join(convai2::DIALOGUES).is_file();
    if !there {
        // Not `eprintln!`, which the test runner keeps to itself if all is well.
        let said = format!("SKIPPED: no {} in {}\n", convai2::DIALOGUES, folder.display());
        io::stderr().write_all(said.as_bytes()).unwrap();
    }
    there.then_some(folder)
}

/// How many persons have at least 1, 2, 3, 5, 6 and 10 sessions.
fn at_least(persons: &[Person]) -> [usize; 6] {
    [1, 2, 3, 5, 6, 10].map(|k| persons.iter().filter(|p| p.sessions.len() >= k).count())
}

fn sessions(folder: &Path, split: &str) -> Vec<Session> {
    let dialogues = convai2::open(folder.join(convai2::DIALOGUES)).unwrap().map(Result::unwrap);
    dialogues.filter(|d| d.split == split).flat_map(|d| d.views()).collect()
}

#[test]
fn train() {
    let Some(folder) = folder() else { return };
    let list = convai2::profiles(folder.join(convai2::TRAIN_PROFILES)).unwrap();
    assert_eq!(list.len(), 17_878);
    assert_eq!(Profiles::shared(&list, SHARED_SENTENCES).unwrap().len(), 965);

    let both = convai2::persons(&folder, "train", &[Speaker::B, Speaker::A]).unwrap();
    assert_eq!(both.iter().map(|p| p.sessions.len()).sum::<usize>(), 4_712);
    assert_eq!(at_least(&both), [955, 921, 853, 551, 362, 8]);

    let exact = grouping::exact_profile(sessions(&folder, "train")).unwrap();
    assert_eq!(at_least(&exact), [3_626, 764, 215, 25, 12, 0]);
}

#[test]
fn valid() {
    let Some(folder) = folder() else { return };
    let both = convai2::persons(&folder, "valid", &[Speaker::B, Speaker::A]).unwrap();
    assert_eq!(at_least(&both), [100; 6]);
    let alone = convai2::persons(&folder, "valid", &[Speaker::B]).unwrap();
    assert_eq!(alone.iter().map(|p| p.sessions.len()).sum::<usize>(), 1_000);
    assert_eq!(at_least(&alone), [102, 101, 100, 100, 98, 58]);
}

/// A test person must not be a train person under another profile.
#[test]
fn nobody_is_in_both_splits() {
    let Some(folder) = folder() else { return };
    let train = convai2::profiles(folder.join(convai2::TRAIN_PROFILES)).unwrap();
    let valid = sessions(&folder, "valid");
    let profiles = train.iter().chain(valid.iter().map(|s| &s.profile));
    let together = Profiles::shared(profiles, SHARED_SENTENCES).unwrap();
    let persons = |of: &mut dyn Iterator<Item = &Vec<String>>| -> HashSet<usize> {
        of.map(|profile| together.person_of(profile).unwrap()).collect()
    };
    let in_train = persons(&mut train.iter());
    let in_valid = persons(&mut valid.iter().map(|s| &s.profile));
    assert_eq!((in_train.len(), in_valid.len()), (965, 100));
    assert!(in_train.is_disjoint(&in_valid));
}
