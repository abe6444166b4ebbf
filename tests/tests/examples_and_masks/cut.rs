//! What is scored, and what is cut where there is no room.

use idl::dialogue::Utterance;
use idl::train::{Alternatives, Conversation, Error, Example};
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::data::{
    ROOM, alternatives, bare, builder, conversations, embedded_conversation, encode, text,
    tokenizer,
};

/// Every span is its reply, wholly, and one EOS.
fn assert_spans_are_the_replies(conversation: &Conversation, example: &Example) {
    let (tree, eos) = (&example.tree, tokenizer().eos_id());
    assert_eq!(tree.spans().len(), example.replies.len());
    for (span, &reply) in tree.spans().iter().zip(&example.replies) {
        let ids = &tree.trunk()[span.clone()];
        assert_eq!(tokenizer().decode(ids).unwrap(), conversation.target[reply].content);
        assert_eq!(ids.last(), Some(&eos));
        assert_eq!(ids.iter().filter(|&&id| id == eos).count(), 1);
    }
    let bos = tokenizer().encode("<s>").unwrap();
    assert_eq!(tree.trunk().iter().filter(|&&id| id == bos[0]).count(), 1, "one BOS");
    assert_eq!(tree.trunk()[0], bos[0]);
}

/// The cut by its definition: what must have gone first has gone, what is left
/// fits, and the last thing that went would not have fitted.
fn assert_cut_is_right(conversation: &Conversation, example: &Example, max: usize) {
    let references = &conversation.references;
    let room = max - max / 4;
    let context = &conversation.target[..conversation.replies[0]];
    let mut farthest_first: Vec<usize> = (0..references.len()).collect();
    farthest_first.sort_by(|&a, &b| references[b].distance.total_cmp(&references[a].distance));
    let gone = references.len() - example.references;
    let dropped = example.dropped_messages;
    let behind = |gone: usize, target: &[Utterance]| -> Vec<Utterance> {
        let kept = (0..references.len()).filter(|i| !farthest_first[..gone].contains(i));
        kept.flat_map(|i| references[i].messages.clone()).chain(target.to_vec()).collect()
    };
    let prompt = |gone: usize, dropped: usize| {
        tokenizer().encode_chat(&behind(gone, &context[dropped..]), true).unwrap().len()
    };
    assert!(prompt(gone, dropped) <= room);
    if dropped > 0 {
        assert_eq!(example.references, 0, "sessions go before turns");
        assert!(prompt(gone, dropped - 1) > room, "a turn went in vain");
    } else if gone > 0 {
        assert!(prompt(gone - 1, 0) > room, "a session went in vain");
    }
    // What follows the context, up to the last reply that fits.
    let end = |reply: usize| encode(&behind(gone, &conversation.target[dropped..=reply])).len();
    let fits = conversation.replies.iter().take_while(|&&reply| end(reply) <= max).count();
    assert_eq!(example.replies, conversation.replies[..fits]);
    assert_eq!(example.dropped_replies, conversation.replies.len() - fits);
    let last = conversation.replies[fits - 1];
    assert_eq!(
        example.tree.trunk(),
        encode(&behind(gone, &conversation.target[dropped..=last])),
        "nothing follows the last reply"
    );
    assert_eq!(example.tree.trunk().len(), example.tree.tokens());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn prompt_and_completion_are_those_of_the_joint_text(conversation in conversations()) {
        let example = builder(ROOM).supervised(&conversation).unwrap();
        assert_spans_are_the_replies(&conversation, &example);
        prop_assert_eq!(example.references, conversation.references.len());
        prop_assert_eq!(&example.replies, &conversation.replies);
        let before: Vec<Utterance> =
            conversation.references.iter().flat_map(|r| r.messages.clone()).collect();
        for (span, &reply) in example.tree.spans().iter().zip(&example.replies) {
            let prompt = [&before[..], &conversation.target[..reply]].concat();
            let prompt = tokenizer().render(&prompt, true).unwrap();
            let completion = format!("{}</s>", conversation.target[reply].content);
            let ids = &example.tree.trunk()[..span.end];
            prop_assert_eq!(&ids[..span.start], tokenizer().encode(&prompt).unwrap());
            prop_assert_eq!(ids, tokenizer().encode(&format!("{prompt}{completion}")).unwrap());
        }
        let scored: usize = example.tree.spans().iter().map(ExactSizeIterator::len).sum();
        prop_assert_eq!(example.completion_tokens(), scored);
    }

    #[test]
    fn a_cut_takes_far_sessions_then_old_turns_and_late_replies(
        conversation in conversations(),
        share in 0.0f64..1.05,
    ) {
        let full = builder(ROOM).supervised(&conversation).unwrap().tree.tokens();
        let max = (full as f64 * share) as usize;
        // The least that can be kept: the turn before the first reply, and it.
        let first = conversation.replies[0];
        let turn = &conversation.target[first - 1..=first];
        let prompt = tokenizer().encode_chat(&turn[..1], true).unwrap().len();
        let reply = encode(turn).len() - prompt;
        match builder(max).supervised(&conversation) {
            Ok(example) => {
                assert_cut_is_right(&conversation, &example, max);
                assert_spans_are_the_replies(&conversation, &example);
            }
            Err(error) => {
                // What stands in front never makes way for a reply that is
                // longer than the reserve: that would be a look at the reply.
                let fits = prompt <= max - max / 4 && reply <= max / 4;
                prop_assert!(!fits, "{max} would do: {error}");
                let typed = matches!(&error, Error::Conversation { .. });
                prop_assert!(typed && error.to_string().contains(&conversation.id), "{}", error);
                prop_assert!(error.to_string().contains(&max.to_string()), "{}", error);
            }
        }
    }

    #[test]
    fn alternatives_of_replies_that_were_cut_are_left_out(
        who in 0..24usize,
        references in subsequence((1..8usize).collect::<Vec<_>>(), 0..4),
        share in 0.1f64..1.05,
    ) {
        let conversation = embedded_conversation(who, 0, &references);
        let given = alternatives(&conversation);
        let full = builder(ROOM).supervised(&conversation).unwrap().tree.tokens();
        let max = (full as f64 * share) as usize;
        let Ok(example) = builder(max).preference(&conversation, &given) else { return Ok(()) };
        assert_cut_is_right(
            &conversation,
            &Example { tree: bare(&example), ..example.clone() },
            max,
        );
        let kept: Vec<usize> = example.alternatives.iter().map(|a| a.reply).collect();
        prop_assert_eq!(&kept, &example.replies);
        let lengths: Vec<usize> = example
            .alternatives
            .iter()
            .flat_map(Alternatives::texts)
            .map(|text| tokenizer().encode(text).unwrap().len() + 1)
            .collect();
        prop_assert_eq!(example.tree.branch_lengths(), lengths);
    }

    #[test]
    fn a_branch_is_its_text_and_eos(text in text(), who in 0..24usize) {
        let conversation = embedded_conversation(who, 0, &[1]);
        let example = builder(ROOM).supervised(&conversation).unwrap();
        let at = example.tree.spans()[0].start;
        let ids = builder(ROOM).branch(&conversation, &example, at, &text).unwrap();
        prop_assert_eq!(tokenizer().decode(&ids).unwrap(), text.as_str());
        prop_assert_eq!(ids.last(), Some(&tokenizer().eos_id()));
        // As if it had been said in place of the reply.
        let reply = example.replies[0];
        let mut said: Vec<Utterance> = conversation.references[0].messages.clone();
        said.extend_from_slice(&conversation.target[..reply]);
        said.push(Utterance::assistant(text));
        let whole = encode(&said);
        prop_assert_eq!(&example.tree.trunk()[..at], &whole[..at]);
        prop_assert_eq!(&ids, &whole[at..]);
    }
}

#[test]
fn too_small_a_budget_is_an_error_that_says_so() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    for max in [0, 1, 5] {
        let error = builder(max).supervised(&conversation).unwrap_err();
        assert!(matches!(error, Error::Conversation { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("ada-0") && text.contains(&format!("max_tokens = {max}")), "{text}");
    }
}

#[test]
fn the_prompt_of_a_reply_is_what_stands_before_it_in_the_example() {
    let conversation = embedded_conversation(2, 0, &[1, 2, 3]);
    let first = conversation.replies[0];
    for max in [ROOM, 400, 240] {
        let example = builder(max).supervised(&conversation).unwrap();
        let context = &conversation.target[..first];
        let prompt = builder(max).prompt("p", &conversation.references, context).unwrap();
        assert_eq!(prompt, example.tree.trunk()[..example.tree.spans()[0].start]);
    }
    assert!(builder(ROOM).prompt("p", &[], &[]).is_err(), "there is nothing to reply to");
}

/// A row whose dialogue's other rows are not there: its prompt is what it would
/// be with them.
#[test]
fn the_cut_is_the_same_whichever_replies_are_learnt() {
    let all = embedded_conversation(2, 0, &[1, 2, 3]);
    let (first, last) = (all.replies[0], all.replies[all.replies.len() - 1]);
    assert!(first < last);
    for max in [ROOM, 600, 400] {
        let whole = builder(max).supervised(&all).unwrap();
        let Some(&last) = whole.replies.last().filter(|&&last| last > first) else { continue };
        let late =
            Conversation { replies: vec![last], leading_context: Some(first), ..all.clone() };
        let example = builder(max).supervised(&late).unwrap();
        assert_eq!(example.references, whole.references);
        assert_eq!(example.tree.trunk(), whole.tree.trunk());
        assert_eq!(example.tree.spans(), &whole.tree.spans()[whole.replies.len() - 1..]);
        let given: Vec<Alternatives> =
            alternatives(&all).into_iter().filter(|a| a.reply == last).collect();
        let preference = builder(max).preference(&late, &given).unwrap();
        assert_eq!(preference.tree.trunk(), example.tree.trunk());
    }
    for opening in [0, last + 1] {
        let wrong =
            Conversation { leading_context: Some(opening), replies: vec![last], ..all.clone() };
        let error = builder(ROOM).supervised(&wrong).unwrap_err();
        assert!(error.to_string().contains("opening"), "{error}");
    }
}

#[test]
fn fewer_references_are_the_nearest() {
    // `embedded_conversation` gives the first the greatest distance.
    let mut conversation = embedded_conversation(0, 0, &[1, 2, 3]);
    let nearest = conversation.references[1..].to_vec();
    conversation.keep_nearest(2);
    assert_eq!(conversation.references, nearest);
    conversation.keep_nearest(5);
    assert_eq!(conversation.references.len(), 2);
}
