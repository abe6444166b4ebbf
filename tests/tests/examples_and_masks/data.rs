//! Conversations, from the embedded people and at random.

use std::path::Path;
use std::sync::OnceLock;

use idl::corpora::embedded;
use idl::dialogue::{Person, Role, Utterance};
use idl::lm::{ChatTokenizer, TokenTree};
use idl::train::{
    Alternatives, Conversation, CriterionKind, CriterionReply, Example, ExampleBuilder, Reference,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const ROOM: usize = 1 << 20;

pub(crate) fn assets() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/assets/mini-llama")
}

pub(crate) fn tokenizer() -> &'static ChatTokenizer {
    static TOKENIZER: OnceLock<ChatTokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| ChatTokenizer::from_dir(&assets()).unwrap())
}

pub(crate) fn builder(max_tokens: usize) -> ExampleBuilder<'static> {
    ExampleBuilder { tokenizer: tokenizer(), max_tokens, reserve: max_tokens / 4 }
}

pub(crate) fn person(at: usize) -> &'static Person {
    &embedded().unwrap()[at].person
}

/// Session `target` behind the sessions `references`, the first the farthest.
pub(crate) fn embedded_conversation(
    who: usize,
    target: usize,
    references: &[usize],
) -> Conversation {
    let sessions = &person(who).sessions;
    let messages = |s: usize| sessions[s % sessions.len()].messages.clone();
    let session = &sessions[target % sessions.len()];
    Conversation {
        id: session.id.clone(),
        references: references
            .iter()
            .enumerate()
            .map(|(i, &s)| Reference { messages: messages(s), distance: 1.0 / (i + 1) as f64 })
            .collect(),
        target: session.messages.clone(),
        replies: session.replies().collect(),
        leading_context: None,
    }
}

/// Alternatives to every reply, different from it and from each other.
pub(crate) fn alternatives(conversation: &Conversation) -> Vec<Alternatives> {
    conversation
        .replies
        .iter()
        .map(|&reply| Alternatives {
            reply,
            rejected: format!("i would rather not say , {reply} times no ."),
            rejected_kind: None,
            criterion: Some(CriterionReply {
                text: format!("my {reply} cats agree with you !"),
                kind: CriterionKind::ALL[reply % 3],
            }),
        })
        .collect()
}

/// What people may type: plain words, or anything printable, odd spaces
/// included; never nothing.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}( [a-z,.!?']{1,7}){0,8}",
        "\\PC{1,24}",
        " {0,2}[a-z\u{e9}\u{4e2d}\u{1f642}]{1,6}[ \n\t]{0,2}",
    ]
    .prop_filter("a special token is not text", |s| !s.contains('<') && !s.trim().is_empty())
}

pub(crate) fn message() -> impl Strategy<Value = Utterance> {
    (select(vec![Role::User, Role::Assistant]), text()).prop_map(|(r, t)| Utterance::new(r, t))
}

/// Random messages in any order of roles; distances with ties.
pub(crate) fn random_conversation() -> impl Strategy<Value = Conversation> {
    let reference = (prop::collection::vec(message(), 1..4), select(vec![0.1, 0.5, 0.9]));
    (
        prop::collection::vec(reference, 0..4),
        prop::collection::vec(message(), 1..7),
        text(),
        prop::option::of(text()),
    )
        .prop_map(|(references, mut target, reply, after)| {
            target.push(Utterance::assistant(reply));
            target.extend(after.map(Utterance::user));
            let is_reply = |&i: &usize| target[i].role == Role::Assistant;
            Conversation {
                id: "random".to_owned(),
                replies: (1..target.len()).filter(is_reply).collect(),
                leading_context: None,
                references: references
                    .into_iter()
                    .map(|(messages, distance)| Reference { messages, distance })
                    .collect(),
                target,
            }
        })
}

pub(crate) fn conversations() -> impl Strategy<Value = Conversation> {
    let real = (0..24usize, 0..8usize, subsequence((0..8usize).collect::<Vec<_>>(), 0..5))
        .prop_map(|(who, target, references)| embedded_conversation(who, target, &references));
    // Some of the replies need not be learnt.
    prop_oneof![real, random_conversation()]
        .prop_flat_map(|c| {
            let n = c.replies.len();
            (Just(c.clone()), subsequence(c.replies, 1..=n))
        })
        .prop_map(|(conversation, replies)| Conversation { replies, ..conversation })
}

pub(crate) fn encode(messages: &[Utterance]) -> Vec<i64> {
    tokenizer().encode_chat(messages, false).unwrap()
}

/// The trunk and spans of an example without its branches.
pub(crate) fn bare(example: &Example) -> TokenTree {
    let mut tree = TokenTree::new(example.tree.trunk().to_vec());
    for span in example.tree.spans() {
        tree.add_span(span.clone()).unwrap();
    }
    tree
}
