//! Rows are learnt each once, in whatever order they come and whichever of them
//! are left out.

use idl_dialogue::{Role, Utterance};
use idl_train::rows::{self, Dialogue, Row};
use idl_train::{
    Alternatives, Conversation, CriterionKind, CriterionReply, Reference, RejectedKind,
};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A dialogue of so many replies; the person begins it where `replies` is odd.
fn dialogue(id: &str, replies: usize, alternatives: bool) -> Dialogue {
    let first = 1 + replies % 2;
    let target: Vec<Utterance> = (0..2 * replies + 1)
        .map(|i| {
            let reply = i >= first && (i - first).is_multiple_of(2);
            let role = if reply { Role::Assistant } else { Role::User };
            Utterance::new(role, format!("{id} says {i}"))
        })
        .collect();
    let replies: Vec<usize> =
        (0..target.len()).filter(|&i| target[i].role == Role::Assistant).collect();
    let alternative = |&reply: &usize| Alternatives {
        reply,
        rejected: format!("no {reply}"),
        rejected_kind: Some(RejectedKind::Distractor),
        criterion: Some(CriterionReply {
            text: format!("maybe {reply}"),
            kind: CriterionKind::Inversion,
        }),
    };
    Dialogue {
        person: Some("ada".to_owned()),
        alternatives: if alternatives {
            replies.iter().map(alternative).collect()
        } else {
            Vec::new()
        },
        conversation: Conversation {
            id: id.to_owned(),
            references: vec![Reference { messages: target[..2].to_vec(), distance: 0.25 }],
            target,
            replies,
            ..Conversation::default()
        },
    }
}

/// What is learnt: prompts and replies, with what might have been said instead,
/// sorted.
type Learnt = Vec<(Vec<String>, String, Option<String>)>;

fn texts(messages: &[Utterance]) -> Vec<String> {
    messages.iter().map(|m| format!("{}: {}", m.role.as_str(), m.content)).collect()
}

fn of_rows(rows: &[Row]) -> Learnt {
    let mut learnt: Learnt = rows
        .iter()
        .map(|row| {
            let rejected = row.alternatives.as_ref().map(|a| a.rejected.clone());
            (texts(&row.prompt), row.chosen.clone(), rejected)
        })
        .collect();
    learnt.sort();
    learnt
}

fn of_dialogues(dialogues: &[Dialogue]) -> Learnt {
    let mut learnt = Learnt::new();
    for d in dialogues {
        let target = &d.conversation.target;
        for &reply in &d.conversation.replies {
            let rejected = d.alternatives.iter().find(|a| a.reply == reply);
            let rejected = rejected.map(|a| a.rejected.clone());
            learnt.push((texts(&target[..reply]), target[reply].content.clone(), rejected));
        }
        assert!(d.conversation.replies.is_sorted_by(|a, b| a < b));
        assert!(d.alternatives.is_sorted_by(|a, b| a.reply < b.reply));
    }
    learnt.sort();
    learnt
}

fn read(rows: &[Row]) -> Vec<Dialogue> {
    let lines: Vec<String> = rows.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
    rows::read(lines.join("\n").as_bytes(), "f").unwrap()
}

fn all_rows(alternatives: bool) -> Vec<Row> {
    [("s1", 4), ("s2", 1), ("s3", 5)]
        .iter()
        .flat_map(|&(id, replies)| dialogue(id, replies, alternatives).rows())
        .collect()
}

#[test]
fn every_row_is_learnt_once_in_any_order_whichever_are_missing() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    for alternatives in [false, true] {
        let rows = all_rows(alternatives);
        assert_eq!(rows.len(), 10);
        for round in 0..30 {
            let mut rows = rows.clone();
            match round {
                0 => {}
                1 => rows.reverse(),
                _ => rows.shuffle(&mut rng),
            }
            assert_eq!(of_dialogues(&read(&rows)), of_rows(&rows), "round {round}");
            for missing in 0..rows.len() {
                let mut rows = rows.clone();
                rows.remove(missing);
                let found = of_dialogues(&read(&rows));
                assert_eq!(found, of_rows(&rows), "round {round} without {missing}");
            }
            rows.truncate(3);
            assert_eq!(of_dialogues(&read(&rows)), of_rows(&rows), "three of round {round}");
        }
    }
}

#[test]
fn the_dialogues_are_the_same_in_any_order() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    for alternatives in [false, true] {
        let mut rows = all_rows(alternatives);
        let expected = read(&rows);
        assert_eq!(expected.len(), 3, "rows of one dialogue are one example");
        for _ in 0..20 {
            rows.shuffle(&mut rng);
            let mut found = read(&rows);
            found.sort_by(|a, b| a.conversation.id.cmp(&b.conversation.id));
            assert_eq!(found, expected);
        }
    }
}

/// Rows of the same place in one dialogue, with other replies or with the same.
#[test]
fn rows_that_cannot_be_one_dialogue_stay_apart() {
    let rows = all_rows(false);
    let mut other = rows[1].clone();
    other.chosen = "something else".to_owned();
    let twice = [&rows[..], &[other, rows[2].clone()]].concat();
    let found = read(&twice);
    assert_eq!(found.len(), 5);
    assert_eq!(of_dialogues(&found), of_rows(&twice));
    // One pass has one set of sessions.
    let mut far = rows[1].clone();
    far.references[0].distance = 2.0;
    assert_eq!(read(&[rows[0].clone(), far]).len(), 2);
}
