//! The readers on the files that people have, where these are at hand.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use idl_corpora::convai2::{self, Dialogue, SILENCE, Speaker};
use idl_corpora::parlai::{self, Episode};
use idl_corpora::{Records, Result, dpoc};
use idl_dialogue::{Role, Session, SessionIndex};

const WITH_CANDIDATES: &str = "valid_self_original.txt";
const VALID: &str = "valid_self_original_no_cands.txt";
const VALID_BOTH: &str = "valid_both_original_no_cands.txt";
const TRAIN: &str = "train_self_original_no_cands.part.txt";
const PREFERENCES: &str = "idl_official_train_ConvAI2_DPOC.sample.jsonl";

/// A file of ConvAI2's folder: in `$IDL_DATA`, else beside the workspace.
fn file(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("IDL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let file = data.join("convai2").join(name);
    if !file.is_file() {
        // Not `eprintln!`, which the test runner keeps to itself if all is well.
        let said = format!("SKIPPED: no {}\n", file.display());
        io::stderr().write_all(said.as_bytes()).unwrap();
        return None;
    }
    Some(file)
}

fn episodes(name: &str) -> Option<Vec<Episode>> {
    Some(parlai::open(file(name)?).unwrap().collect::<Result<_>>().unwrap())
}

fn dialogues(split: &str) -> Option<Vec<Dialogue>> {
    let dialogues = convai2::open(file(convai2::DIALOGUES)?).unwrap().map(Result::unwrap);
    Some(dialogues.filter(|dialogue| dialogue.split == split).collect())
}

#[test]
fn every_turn_of_the_validation_file_has_twenty_candidates_and_the_gold_last() {
    let Some(episodes) = episodes(WITH_CANDIDATES) else { return };
    assert_eq!(episodes.len(), 1_000);
    let turns: Vec<_> = episodes.iter().flat_map(|episode| &episode.turns).collect();
    assert_eq!(turns.len(), 7_801);
    assert!(turns.iter().all(|turn| turn.candidates.len() == 20 && turn.gold() == Some(19)));
}

#[test]
fn the_files_of_the_validation_split_hold_the_same_dialogues() {
    let (Some(with), Some(without), Some(both), Some(dialogues)) =
        (episodes(WITH_CANDIDATES), episodes(VALID), episodes(VALID_BOTH), dialogues("valid"))
    else {
        return;
    };
    assert_eq!([with.len(), without.len(), both.len(), dialogues.len()], [1_000; 4]);
    for (i, dialogue) in dialogues.iter().enumerate() {
        let session = dialogue.session(Speaker::B);
        for episode in [&with[i], &without[i], &both[i]] {
            let read = episode.session("valid");
            assert_eq!(format!("{}:b", read.id), session.id);
            assert_eq!((&read.messages, &read.profile), (&session.messages, &session.profile));
        }
        assert_eq!(both[i].partner_persona, dialogue.persona_a);
        assert!(without[i].partner_persona.is_empty());
    }
}

/// The train file: first B's side of every dialogue, then A's. A dialogue may
/// end with an utterance that has no place in a side's pairs.
#[test]
fn the_train_file_holds_both_sides_of_the_same_dialogues() {
    let (Some(episodes), Some(dialogues)) = (episodes(TRAIN), dialogues("train")) else { return };
    assert_eq!((episodes.len(), dialogues.len()), (4_712, 2_356));
    let sides = [Speaker::B, Speaker::A];
    let sessions = sides.iter().flat_map(|&side| dialogues.iter().map(move |d| d.session(side)));
    let mut cut = [0, 0];
    for (i, (episode, session)) in episodes.iter().zip(sessions).enumerate() {
        let first = i >= dialogues.len();
        assert_eq!(episode.turns[0].partner == SILENCE, first, "line {}", episode.line);
        let read = episode.session("train");
        assert_eq!((read.id, &read.profile), (format!("train-{i}"), &session.profile));
        let (same, more) = session.messages.split_at(read.messages.len());
        assert_eq!(read.messages, same, "line {}", episode.line);
        assert!(more.len() <= 1 && more.iter().all(|said| said.role == Role::User));
        cut[usize::from(first)] += more.len();
    }
    // As the README of the data has it: 1,000 dialogues lack B's closing reply.
    assert_eq!(cut, [1_000, 1_356]);
}

/// The views of one dialogue differ in length: the first speaker's lacks the
/// closing line.
#[test]
fn both_sides_of_a_dialogue_of_the_train_file_are_known_as_such() {
    let Some(episodes) = episodes(TRAIN) else { return };
    let sessions: Vec<_> = episodes.iter().map(|episode| episode.session("train")).collect();
    let (b, a) = sessions.split_at(sessions.len() / 2);
    let unequal = b.iter().zip(a).filter(|(b, a)| b.messages.len() != a.messages.len()).count();
    assert!(unequal > 2_300, "{unequal}");
    let index = SessionIndex::new(&sessions);
    let mut others = 0;
    for (b, a) in b.iter().zip(a) {
        // In one view of one dialogue nothing is left but the opening line, which
        // is nobody's reply.
        if a.messages.len() == 1 {
            assert_eq!(a.replies().count(), 0);
            continue;
        }
        assert!(b.same_dialogue(a) && a.same_dialogue(b), "{} {}", b.id, a.id);
        assert!(index.same_dialogue(b).any(|found| found.id == a.id));
        others += index.same_dialogue(b).filter(|s| s.id != a.id && s.id != b.id).count();
    }
    // Few others are taken for the same: two opening lines alike, and no third in
    // one of the dialogues.
    assert!(others < 10, "{others}");
}

#[test]
fn what_is_read_is_written_to_the_byte() {
    for name in [WITH_CANDIDATES, VALID, VALID_BOTH, TRAIN] {
        let (Some(file), Some(episodes)) = (file(name), episodes(name)) else { return };
        let mut written = Vec::new();
        episodes.iter().for_each(|episode| parlai::write(&mut written, episode).unwrap());
        assert!(written == fs::read(file).unwrap(), "{name}");
    }
}

#[test]
fn the_preference_data_of_the_authors() {
    let Some(file) = file(PREFERENCES) else { return };
    let examples: Vec<_> = dpoc::open(file).unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(examples.len(), 100);
    assert_eq!(examples.iter().filter(|example| example.criterion.is_none()).count(), 9);
    assert_eq!(examples.iter().filter(|example| example.wrong_info.is_empty()).count(), 19);
    for example in &examples {
        assert_eq!(example.negs.len(), 19);
        assert!((4..=5).contains(&example.profile.len()));
        let bad = [&example.wrong_info, &example.fictitous_info, &example.identity_confusion];
        assert!(example.criterion.as_ref().is_none_or(|criterion| bad.contains(&criterion)));
        // What is said alternates and ends with the partner, who is answered.
        let roles = [Role::User, Role::Assistant].into_iter().cycle();
        assert!(example.history.iter().map(|said| said.role).eq(roles.take(example.history.len())));
        assert_eq!(example.history.len() % 2, 1);
    }
    let sessions = dpoc::sessions(&examples);
    assert!(sessions.iter().all(|session| session.messages.iter().all(|m| m.content != SILENCE)));
    // Four histories, each longer row of which goes on from the one before it: as
    // many messages as the longest four have.
    let messages: usize = sessions.iter().map(|session| session.messages.len()).sum();
    let longest: usize = [7, 14, 86, 99]
        .map(|i| &examples[i])
        .map(|e| 1 + e.history.iter().filter(|m| m.content != SILENCE).count())
        .iter()
        .sum();
    assert_eq!(messages, longest);
    for example in &examples {
        let holds = |session: &&Session| session.said_by(Role::Assistant).any(|t| t == example.pos);
        let holding = sessions.iter().filter(holds).count();
        assert!(holding == 1 || example.pos.len() < 20, "{holding}");
    }
    let mut written = Vec::new();
    examples.iter().for_each(|example| dpoc::write(&mut written, example).unwrap());
    let back: Vec<_> = dpoc::read(&written[..], "written").collect::<Result<_>>().unwrap();
    assert_eq!(back, examples);
}

#[test]
fn a_real_file_that_was_cut_off_gives_all_but_its_end() {
    let Some(file) = file(WITH_CANDIDATES) else { return };
    let bytes = fs::read(file).unwrap();
    // In the middle of a candidate.
    let cut = bytes.len() / 2;
    let mut episodes = parlai::read(&bytes[..cut], "cut").lenient();
    let kept = episodes.by_ref().map(Result::unwrap).count();
    let tally = episodes.into_tally();
    assert_eq!((tally.read, tally.kept, tally.skipped), (kept + 1, kept, 1));
    assert!(kept > 400);
}
