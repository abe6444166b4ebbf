//! From conversations to tokens: what is scored is the reply and its end, all
//! of it and nothing else, whatever is cut; and one pass over a tree gives what
//! separate passes give.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::sync::OnceLock;

use idl::corpora::embedded;
use idl::dialogue::{BoxError, GenerationParams, Person, Role, TextGenerator, Utterance};
use idl::encoder::TfIdfEncoder;
use idl::lm::{CausalLm, ChatTokenizer, LoadOptions, LoraConfig, TokenTree};
use idl::persona_ext::RuleExtractor;
use idl::train::{
    Alternatives, BuildStats, Candidates, Conversation, CriterionKind, CriterionReply, Error,
    Example, ExampleBuilder, PersonaBlind, PreferenceCorpus, PreferenceLogProbs, Reference,
    RejectedKind, RejectedSource,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tch::{Kind, Tensor};

const ROOM: usize = 1 << 20;

fn assets() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/assets/mini-llama")
}

fn tokenizer() -> &'static ChatTokenizer {
    static TOKENIZER: OnceLock<ChatTokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| ChatTokenizer::from_dir(&assets()).unwrap())
}

fn builder(max_tokens: usize) -> ExampleBuilder<'static> {
    ExampleBuilder { tokenizer: tokenizer(), max_tokens, reserve: max_tokens / 4 }
}

fn person(at: usize) -> &'static Person {
    &embedded().unwrap()[at].person
}

/// Session `target` behind the sessions `references`, the first the farthest.
fn embedded_conversation(who: usize, target: usize, references: &[usize]) -> Conversation {
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
fn alternatives(conversation: &Conversation) -> Vec<Alternatives> {
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
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}( [a-z,.!?']{1,7}){0,8}",
        "\\PC{1,24}",
        " {0,2}[a-z\u{e9}\u{4e2d}\u{1f642}]{1,6}[ \n\t]{0,2}",
    ]
    .prop_filter("a special token is not text", |s| !s.contains('<') && !s.trim().is_empty())
}

fn message() -> impl Strategy<Value = Utterance> {
    (select(vec![Role::User, Role::Assistant]), text()).prop_map(|(r, t)| Utterance::new(r, t))
}

/// Random messages in any order of roles; distances with ties.
fn random_conversation() -> impl Strategy<Value = Conversation> {
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

fn conversations() -> impl Strategy<Value = Conversation> {
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

fn encode(messages: &[Utterance]) -> Vec<i64> {
    tokenizer().encode_chat(messages, false).unwrap()
}

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

/// The trunk and spans of an example without its branches.
fn bare(example: &Example) -> TokenTree {
    let mut tree = TokenTree::new(example.tree.trunk().to_vec());
    for span in example.tree.spans() {
        tree.add_span(span.clone()).unwrap();
    }
    tree
}

#[test]
fn only_replies_with_alternatives_are_scored() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    let given = &alternatives(&conversation)[1..2];
    let example = builder(ROOM).preference(&conversation, given).unwrap();
    assert_eq!(example.replies, [given[0].reply]);
    assert_eq!(example.tree.spans().len(), 1);
    assert_eq!(example.alternatives, given);
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
fn a_preference_example_has_criterion_branches_or_none() {
    let conversation = embedded_conversation(0, 0, &[1, 2]);
    let mut given = alternatives(&conversation);
    let with = builder(ROOM).preference(&conversation, &given).unwrap();
    assert!(with.has_criterion());
    given[1].criterion = None;
    let error = builder(ROOM).preference(&conversation, &given).unwrap_err().to_string();
    assert!(error.contains(&format!("of its {} alternatives have a criterion", given.len())));
    for a in &mut given {
        a.criterion = None;
    }
    let without = builder(ROOM).preference(&conversation, &given).unwrap();
    assert!(!without.has_criterion());
    assert_eq!(without.tree.trunk(), with.tree.trunk());
    let rejected: Vec<usize> = with.tree.branch_lengths().into_iter().step_by(2).collect();
    assert_eq!(without.tree.branch_lengths(), rejected);
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

/// The alternatives to the first session of the first of four persons.
fn drawn_from(source: RejectedSource<'_>) -> (Vec<Alternatives>, BuildStats) {
    let persons: Vec<Person> = (0..4).map(|p| person(p).clone()).collect();
    let (extractor, encoder) = (RuleExtractor::default(), TfIdfEncoder::default());
    let corpus =
        PreferenceCorpus::new(&persons, &extractor, &encoder, 1).unwrap().rejected_from(source);
    let replies: Vec<usize> = persons[0].sessions[0].replies().collect();
    let mut coverage = BuildStats::default();
    let found = corpus.alternatives(0, 0, &replies, &mut coverage).unwrap();
    assert_eq!(coverage.built.iter().sum::<usize>(), found.len());
    assert_eq!(found.len() + coverage.without, replies.len());
    let differ =
        |a: &str, b: &str| !a.trim().is_empty() && !a.trim().eq_ignore_ascii_case(b.trim());
    for a in &found {
        let chosen = &persons[0].sessions[0].messages[a.reply].content;
        let criterion = &a.criterion.as_ref().unwrap().text;
        assert!(differ(&a.rejected, chosen) && differ(&a.rejected, criterion));
        assert!(differ(criterion, chosen));
        assert_eq!(a.rejected_kind, Some(source.kind()));
    }
    (found, coverage)
}

#[test]
fn candidates_of_the_corpus_are_rejected_where_they_are() {
    let session = &person(0).sessions[0];
    let replies: Vec<usize> = session.replies().collect();
    // One reply has some, one nothing but itself, the others none.
    let chosen = |at: usize| session.messages[at].content.clone();
    let mut all = Candidates::new();
    let wrong = ["i juggle .".to_owned(), "no bears here .".to_owned()];
    let listed = [&wrong[..], &[format!(" {}", chosen(replies[0]).to_uppercase()), String::new()]];
    all.insert((session.id.clone(), replies[0]), listed.concat());
    all.insert((session.id.clone(), replies[1]), vec![chosen(replies[1])]);
    let (found, coverage) = drawn_from(RejectedSource::Candidates(&all));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reply, replies[0]);
    assert!(wrong.contains(&found[0].rejected));
    assert_eq!(coverage.without_rejected, replies.len() - 1);
    assert_eq!(drawn_from(RejectedSource::Candidates(&all)).0, found, "the seed decides");
    assert_eq!(found[0].rejected_kind, Some(RejectedKind::Candidate));
}

/// Says the number of turns that it was shown; of the second prompt nothing,
/// of the third what was truly said.
struct Counting;

impl TextGenerator for Counting {
    fn generate(
        &self,
        prompts: &[&str],
        params: &GenerationParams,
    ) -> Result<Vec<String>, BoxError> {
        assert_eq!(params.max_new_tokens, 5);
        let session = &person(0).sessions[0];
        let replies: Vec<usize> = session.replies().collect();
        let says = prompts.iter().enumerate().map(|(i, prompt)| {
            assert!(tokenizer().encode(prompt).unwrap().len() <= 40);
            // It sees the end of the dialogue, and nothing else.
            let before: Vec<&str> =
                session.messages[..replies[i]].iter().map(|m| m.content.as_str()).collect();
            assert!(prompt.contains(before[before.len() - 1]), "{prompt}");
            let shown = before.iter().filter(|text| prompt.contains(**text)).count();
            match i {
                1 => " \n".to_owned(),
                2 => session.messages[replies[2]].content.clone(),
                _ => format!(" it has {shown} turns . "),
            }
        });
        Ok(says.collect())
    }
}

#[test]
fn a_model_without_the_sessions_writes_what_is_rejected() {
    let model = PersonaBlind {
        generator: &Counting,
        tokenizer: tokenizer(),
        max_prompt_tokens: 40,
        params: GenerationParams { max_new_tokens: 5, ..GenerationParams::default() },
    };
    let (found, coverage) = drawn_from(RejectedSource::Generator(model));
    assert_eq!(coverage.without_rejected, 2);
    assert!(found.len() > 1);
    for a in &found {
        assert!(a.rejected.starts_with("it has ") && a.rejected.ends_with(" turns ."), "{a:?}");
    }
    let json = serde_json::to_string(&found[0]).unwrap();
    assert!(json.contains(r#""rejected_kind":"persona_blind""#), "{json}");
}

/// The three log-probabilities of each reply by separate sequences: prompt and
/// completion, each alone.
fn one_by_one(
    model: &CausalLm,
    conversation: &Conversation,
    example: &Example,
) -> PreferenceLogProbs {
    let before: Vec<Utterance> =
        conversation.references.iter().flat_map(|r| r.messages.clone()).collect();
    let sum = |reply: usize, text: &str| {
        let prompt = [&before[..], &conversation.target[..reply]].concat();
        let whole = [&prompt[..], &[Utterance::assistant(text)]].concat();
        let start = tokenizer().encode_chat(&prompt, true).unwrap().len();
        let whole = encode(&whole);
        let end = whole.len();
        let mut tree = TokenTree::new(whole);
        tree.add_span(start..end).unwrap();
        tree.logprobs(model).unwrap().spans[0].sum(Kind::Float)
    };
    let all = |text: &dyn Fn(&Alternatives) -> String| {
        let sums: Vec<Tensor> =
            example.alternatives.iter().map(|a| sum(a.reply, &text(a))).collect();
        Tensor::stack(&sums, 0)
    };
    PreferenceLogProbs {
        chosen: all(&|a| conversation.target[a.reply].content.clone()),
        rejected: all(&|a| a.rejected.clone()),
        criterion: Some(all(&|a| a.criterion.as_ref().unwrap().text.clone())),
    }
}

#[test]
fn a_tree_gives_what_three_separate_sequences_give() {
    tch::set_num_threads(1); // tests run side by side
    let mut model = CausalLm::from_dir(&assets(), LoadOptions::default()).unwrap();
    model.add_adapter("a", &LoraConfig::all_linear(2, 4.0), 3).unwrap();
    let parameters = model.adapter_parameters("a").unwrap();
    tch::no_grad(|| {
        for (i, (_, p)) in parameters.iter().enumerate() {
            // B is zero at first; then no gradient would reach A.
            let size = p.size();
            let noise = Tensor::arange(p.numel() as i64, (Kind::Float, p.device()));
            let _ = p
                .shallow_clone()
                .f_add_(&((noise + i as i64).sin() * 0.02).view(&size[..]))
                .unwrap();
        }
    });
    model.set_active(Some("a")).unwrap();
    for (_, p) in &parameters {
        let _ = p.set_requires_grad(true);
    }
    let conversation = embedded_conversation(2, 0, &[1]);
    let example =
        builder(ROOM).preference(&conversation, &alternatives(&conversation)[..2]).unwrap();
    assert_eq!(example.alternatives.len(), 2);

    let gradients = |logprobs: &PreferenceLogProbs| {
        let objective = logprobs.chosen.sum(Kind::Float) - logprobs.rejected.sum(Kind::Float)
            + logprobs.criterion.as_ref().unwrap().sum(Kind::Float) * 2.0;
        Tensor::run_backward(
            &[objective],
            &parameters.iter().map(|(_, p)| p).collect::<Vec<_>>(),
            false,
            false,
        )
    };
    let tree = PreferenceLogProbs::of(&model, &example).unwrap();
    let naive = one_by_one(&model, &conversation, &example);
    for (tree, naive) in [
        (&tree.chosen, &naive.chosen),
        (&tree.rejected, &naive.rejected),
        (tree.criterion.as_ref().unwrap(), naive.criterion.as_ref().unwrap()),
    ] {
        assert_eq!(tree.size(), [example.alternatives.len() as i64]);
        // Sums of about 20 tokens: 1e-4 of a token's few nats.
        let error = ((tree - naive) / naive).abs().max().double_value(&[]);
        assert!(error < 1e-5, "{tree} {naive}");
        assert!(naive.max().double_value(&[]) < -5.0);
    }
    for ((name, _), (tree, naive)) in
        parameters.iter().zip(gradients(&tree).iter().zip(&gradients(&naive)))
    {
        let size = naive.abs().max().double_value(&[]);
        let error = (tree - naive).abs().max().double_value(&[]);
        assert!(size > 0.0 && error < 1e-3 * size, "{name}: {error} of {size}");
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
