//! What makes no example.

use idl::lm::ChatTokenizer;
use idl::train::{
    Alternatives, Conversation, CriterionKind, CriterionReply, Error, ExampleBuilder,
};

use crate::data::{ROOM, alternatives, assets, builder, embedded_conversation};

#[test]
fn conversations_that_make_no_example_are_refused() {
    let good = embedded_conversation(0, 0, &[]);
    for (replies, expected) in [
        (vec![], "no reply"),
        (vec![3, 1], "not ascending"),
        (vec![1, 1], "not ascending"),
        (vec![0], "message 0"),
        (vec![2], "message 2"),
        (vec![99], "message 99"),
    ] {
        let error =
            builder(ROOM).supervised(&Conversation { replies, ..good.clone() }).unwrap_err();
        assert!(error.to_string().contains("conversation ada-0"), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// A model that learnt from such a template would never end a reply.
#[test]
fn a_template_that_ends_no_reply_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(assets().join(name), dir.path().join(name)).unwrap();
    }
    let path = dir.path().join("tokenizer_config.json");
    let config = std::fs::read_to_string(&path).unwrap();
    let endless = config.replace(" + eos_token", "");
    assert_ne!(endless, config);
    std::fs::write(&path, endless).unwrap();
    let endless = ChatTokenizer::from_dir(dir.path()).unwrap();
    let builder = ExampleBuilder { tokenizer: &endless, ..builder(ROOM) };
    let error = builder.supervised(&embedded_conversation(0, 0, &[])).unwrap_err();
    assert!(matches!(error, Error::Conversation { .. }), "{error}");
    assert!(error.to_string().contains("without the EOS token"), "{error}");
}

#[test]
fn equal_and_empty_alternatives_are_refused() {
    let conversation = embedded_conversation(0, 0, &[]);
    let good = alternatives(&conversation)[0].clone();
    let chosen = conversation.target[good.reply].content.clone();
    let criterion = |text: String| Alternatives {
        criterion: Some(CriterionReply { text, kind: CriterionKind::Inversion }),
        ..good.clone()
    };
    let refused = |a: Alternatives, expected: &str| {
        let error = builder(ROOM).preference(&conversation, &[a]).unwrap_err();
        assert!(matches!(error, Error::Conversation { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    for empty in ["", " ", "\n"] {
        refused(Alternatives { rejected: empty.to_owned(), ..good.clone() }, "empty");
        refused(criterion(empty.to_owned()), "empty");
    }
    refused(Alternatives { rejected: chosen.clone(), ..good.clone() }, "equal");
    refused(criterion(format!(" {chosen}")), "equal");
    refused(criterion(good.rejected.clone()), "equal");
    refused(Alternatives { reply: 99, ..good.clone() }, "message 99");
    refused(Alternatives { reply: 0, ..good.clone() }, "message 0");
    let twice = [good.clone(), good.clone()];
    assert!(builder(ROOM).preference(&conversation, &twice).is_err(), "twice the same reply");
    assert!(builder(ROOM).preference(&conversation, &[]).is_err(), "nothing to prefer");
}

#[test]
fn a_bad_alternative_costs_its_reply_and_not_the_dialogue() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    let good = alternatives(&conversation);
    assert!(good.len() >= 3);
    let mut given = good.clone();
    given[0].rejected = "  ".to_owned();
    let equal = given[2].rejected.clone();
    given[2].criterion = Some(CriterionReply { text: equal, kind: CriterionKind::Inversion });
    let example = builder(ROOM).preference(&conversation, &given).unwrap();
    let sound: Vec<Alternatives> = good
        .iter()
        .enumerate()
        .filter(|&(i, _)| i != 0 && i != 2)
        .map(|(_, a)| a.clone())
        .collect();
    assert_eq!(example.alternatives, sound);
    assert_eq!((example.dropped_alternatives, example.dropped_replies), (2, 0));
    // The prompt of the others is what it would have been.
    let whole = builder(ROOM).preference(&conversation, &good).unwrap();
    assert_eq!(whole.dropped_alternatives, 0);
    assert_eq!(example.tree.trunk(), &whole.tree.trunk()[..example.tree.trunk().len()]);
    let replies: Vec<usize> = sound.iter().map(|a| a.reply).collect();
    assert_eq!(example.replies, replies);
    assert_eq!(example.tree.branch_lengths().len(), 2 * sound.len());
}
