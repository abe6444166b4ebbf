//! Rows as text, and as dialogues again.

use idl_dialogue::{Role, Utterance};
use proptest::prelude::*;

use super::*;
use crate::data::{
    Alternatives, Conversation, CriterionKind, CriterionReply, Reference, RejectedKind,
};

fn complaint(text: &str) -> String {
    read(text.as_bytes(), "f.jsonl").unwrap_err().to_string()
}

fn dialogue(alternatives: bool) -> Dialogue {
    let said = ["hi", "hello", "pets ?", "two owls", "nice"];
    let target: Vec<_> = said
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let role = if i % 2 == 0 { Role::User } else { Role::Assistant };
            Utterance::new(role, *text)
        })
        .collect();
    let alternative = |reply, kind| Alternatives {
        reply,
        rejected: format!("no {reply}"),
        rejected_kind: (reply > 1).then_some(RejectedKind::PersonaBlind),
        criterion: Some(CriterionReply { text: format!("maybe {reply}"), kind }),
    };
    let kinds = [CriterionKind::Fabrication, CriterionKind::Inversion];
    Dialogue {
        person: Some("ada".to_owned()),
        conversation: Conversation {
            id: "s1".to_owned(),
            references: vec![Reference { messages: target[..2].to_vec(), distance: 0.1 + 0.2 }],
            target: target[..4].to_vec(),
            replies: vec![1, 3],
            leading_context: None,
        },
        alternatives: if alternatives {
            vec![alternative(1, kinds[0]), alternative(3, kinds[1])]
        } else {
            Vec::new()
        },
    }
}

#[test]
fn rows_of_one_dialogue_become_one_again() {
    for with in [false, true] {
        let (one, mut other) = (dialogue(with), dialogue(with));
        other.conversation.id = "s2".to_owned();
        let mut file = Vec::new();
        write(&mut file, &one).unwrap();
        write(&mut file, &other).unwrap();
        assert_eq!(file.iter().filter(|&&b| b == b'\n').count(), 4);
        assert_eq!(read(&file[..], "f").unwrap(), [one, other]);
    }
}

#[test]
fn the_opening_is_that_of_the_dialogue_whichever_reply_has_alternatives() {
    let mut late = dialogue(true);
    late.alternatives.remove(0);
    let mut file = Vec::new();
    write(&mut file, &late).unwrap();
    assert_eq!(file.iter().filter(|&&b| b == b'\n').count(), 1);
    // The first reply is context now: no row of it was written.
    late.conversation.replies = vec![3];
    late.conversation.leading_context = Some(1);
    assert_eq!(read(&file[..], "f").unwrap(), [late]);
}

#[test]
fn what_trl_reads_is_read() {
    let text = r#"
        {"prompt": [{"role": "user", "content": "hi"}], "completion": [{"role": "assistant", "content": "hello"}], "source": 3}
        {"prompt": [{"role": "user", "content": "hi"}], "completion": "hello",
    "#;
    let text = text.trim_end().trim_end_matches(',').to_owned() + "}";
    let dialogues = read(text.as_bytes(), "f").unwrap();
    assert_eq!(dialogues.len(), 2);
    assert_eq!(dialogues[0].conversation.id, "line-2");
    assert_eq!(dialogues[0].conversation.target[1], Utterance::assistant("hello"));
    assert_eq!(dialogues[0].conversation.target, dialogues[1].conversation.target);
    assert_eq!(dialogues[0].conversation.replies, [1]);
}

#[test]
fn a_preference_needs_no_criterion() {
    let row = |more: &str| {
        format!(
            r#"{{"id": "s", "prompt": [{{"role": "user", "content": "hi"}}{more}], "chosen": "yes", "rejected": "no"}}"#
        )
    };
    let later = r#", {"role": "assistant", "content": "yes"}, {"role": "user", "content": "so ?"}"#;
    let both = format!("{}\n{}\n", row(""), row(later));
    let dialogues = read(both.as_bytes(), "f").unwrap();
    assert_eq!(dialogues.len(), 1);
    let of = |reply| Alternatives {
        reply,
        rejected: "no".to_owned(),
        rejected_kind: None,
        criterion: None,
    };
    assert_eq!(dialogues[0].alternatives, [of(1), of(3)]);
    // One pass serves replies of one kind.
    let criterion = row(later).replace(
        r#""rejected": "no""#,
        r#""rejected": "no", "criterion": "perhaps", "criterion_kind": "fabrication""#,
    );
    let both = format!("{}\n{criterion}\n", row(""));
    assert_eq!(read(both.as_bytes(), "f").unwrap().len(), 2);
}

#[test]
fn without_distances_the_first_session_is_the_farthest() {
    let text =
        r#"{"sessions": [[], []], "prompt": [{"role":"user","content":"a"}], "completion": "b"}"#;
    let dialogues = read(text.as_bytes(), "f").unwrap();
    let references = &dialogues[0].conversation.references;
    assert!(references[0].distance > references[1].distance);
}

#[test]
fn errors_name_line_and_field() {
    let prompt = r#""prompt": [{"role": "user", "content": "a"}]"#;
    for (text, named) in [
        ("[]".to_owned(), "f.jsonl:1: "),
        (format!("\n{{{prompt}}}"), "f.jsonl:2: field `chosen`, or `completion`"),
        (r#"{"prompt": [{"role": "bot", "content": "a"}], "completion": "b"}"#.to_owned(), "bot"),
        (format!("{{{prompt}, \"completion\": 3}}"), "a string, or a list of one message"),
        (format!("{{{prompt}, \"chosen\": \"b\"}}"), "field `rejected`: goes with `chosen`"),
        (
            format!("{{{prompt}, \"chosen\": \"b\", \"rejected\": \"c\", \"criterion\": \"d\"}}"),
            "field `criterion_kind`: goes with `criterion`",
        ),
        (
            format!("{{{prompt}, \"completion\": [{{\"role\": \"user\", \"content\": \"b\"}}]}}"),
            "field `completion[0].role`: expected `assistant`, found `user`",
        ),
        (format!("{{{prompt}, \"completion\": []}}"), "expected one message, found 0"),
        (
            format!("{{{prompt}, \"distances\": [1], \"completion\": \"b\"}}"),
            "field `distances`: expected 0",
        ),
        (r#"{"prompt": [], "completion": "b"}"#.to_owned(), "field `prompt`"),
        (format!("{{{prompt}, \"opening\": 0, \"completion\": \"b\"}}"), "field `opening`"),
        (format!("{{{prompt}, \"completion\": \"b\"}} x"), "trailing characters"),
    ] {
        let complaint = complaint(&text);
        assert!(complaint.contains(named), "{text}: {complaint}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        texts in prop::collection::vec(any::<String>(), 6),
        distance in 0.0..2.0,
        person in any::<Option<String>>(),
        with in any::<bool>(),
        with_criterion in any::<bool>(),
    ) {
        let mut dialogue = dialogue(with);
        dialogue.person = person;
        dialogue.conversation.references[0].distance = distance;
        for (message, text) in dialogue.conversation.target.iter_mut().zip(&texts) {
            message.content.clone_from(text);
        }
        for (a, text) in dialogue.alternatives.iter_mut().zip(&texts[4..]) {
            a.rejected.clone_from(text);
            a.criterion = with_criterion.then(|| CriterionReply {
                text: text.clone(),
                kind: CriterionKind::Inconsistency,
            });
        }
        let mut file = Vec::new();
        write(&mut file, &dialogue).unwrap();
        prop_assert_eq!(read(&file[..], "f").unwrap(), [dialogue]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes[..], "f");
    }
}
