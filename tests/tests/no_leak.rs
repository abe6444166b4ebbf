//! No leak: the reply to be predicted, and whatever follows it, touches nothing
//! in its own prompt - not the choice of cluster, references or order, in
//! training or at evaluation. Seen from outside: alter it, and not one byte of
//! the prompt changes.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use idl::choice::ChoiceParams;
use idl::cluster::{ClusterCount, References, SpiParams};
use idl::conved::ConvEd;
use idl::corpora::embedded;
use idl::dialogue::{Person, Role, Session};
use idl::encoder::TfIdfEncoder;
use idl::evaluate::{EvaluationConfig, evaluation_targets};
use idl::learn::{QueryPoint, candidates, conversation, msl_targets, opening};
use idl::lm::ChatTokenizer;
use idl::order::Policy;
use idl::persona_ext::RuleExtractor;
use idl::train::{Conversation, ExampleBuilder};
use idl::{ConvEdDistance, Pipeline, Rule, Selection};

/// More than any of these dialogues has: nothing is cut.
const ROOM: usize = 1 << 20;

/// Facts that the extractor finds and the encoder knows, so that a reply of
/// them would pull other references if it were looked at.
const FACTS: [&str; 4] = [
    "i work as a nurse and i have two dogs .",
    "my favorite food is pizza , and i play the guitar in a band .",
    "i live in a small town with my wife and our three kids .",
    "i am a student and i love to swim , read and travel .",
];

fn persons() -> Vec<Person> {
    embedded().unwrap().iter().map(|e| e.person.clone()).collect()
}

fn tokenizer() -> ChatTokenizer {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ChatTokenizer::from_dir(&root.join("examples/assets/mini-llama")).unwrap()
}

/// The session with the messages `which` replaced.
fn altered(session: &Session, which: impl Fn(usize, Role) -> bool) -> Session {
    let mut session = session.clone();
    for (i, message) in session.messages.iter_mut().enumerate() {
        if which(i, message.role) {
            message.content = FACTS[i % FACTS.len()].to_owned();
        }
    }
    session
}

fn with_session(person: &Person, at: usize, session: Session) -> Person {
    let mut person = person.clone();
    person.sessions[at] = session;
    person
}

/// What is fixed before a dialogue is seen: encoder and rules.
struct Setup {
    encoder: TfIdfEncoder,
    extractor: RuleExtractor,
    distance: ConvEdDistance<TfIdfEncoder>,
    plans: Vec<SpiParams>,
}

impl Setup {
    fn new() -> Self {
        let encoder = TfIdfEncoder::english();
        Setup {
            encoder: encoder.clone(),
            extractor: RuleExtractor::default(),
            // Substitutions pay, as they hardly do at the paper's 5 with TF-IDF.
            distance: ConvEdDistance {
                conved: ConvEd::params().lambda(1.0).check().unwrap(),
                encoder,
            },
            plans: vec![
                SpiParams::default(),
                // Three clusters for everybody: which one the target falls into
                // matters, and no cluster holds all sessions.
                SpiParams::default()
                    .cluster_count(ClusterCount::Maximum)
                    .references(References::Nearest(3)),
            ],
        }
    }

    /// Every plan with every policy that looks at the context or the sessions; and
    /// the choice by evidence.
    fn pipelines(&self) -> Vec<Pipeline<'_>> {
        let clusters =
            self.plans.iter().flat_map(|spi| Policy::ALL.map(|policy| self.pipeline(spi, policy)));
        let evidence = Policy::ALL.map(|policy| self.by_evidence(policy));
        clusters.chain(evidence).collect()
    }

    fn by_evidence(&self, policy: Policy) -> Pipeline<'_> {
        let rule = Rule::Evidence(ChoiceParams::default().check().unwrap());
        Pipeline { rule, ..self.pipeline(&self.plans[0], policy) }
    }

    fn pipeline<'a>(&'a self, spi: &'a SpiParams, policy: Policy) -> Pipeline<'a> {
        Pipeline {
            encoder: &self.encoder,
            extractor: &self.extractor,
            rule: Rule::Clusters(spi),
            distance: &self.distance,
            policy,
            references: 4,
        }
    }
}

/// All that is chosen for a dialogue; equality is bit for bit, distances and
/// costs included.
#[derive(Debug, PartialEq)]
struct Choice {
    evaluation: Selection,
    training: Option<Selection>,
}

fn choose(pipeline: &Pipeline<'_>, person: &Person, session: usize) -> Choice {
    let index = pipeline.index(person).unwrap();
    let context = opening(&person.sessions[session]);
    let rest = candidates(person, &person.sessions[session]);
    Choice {
        evaluation: pipeline.select(&index, &rest, context).unwrap(),
        training: pipeline.select_for_training(&index, &rest, session, context).unwrap(),
    }
}

/// Persons and sessions to alter, spread over all of them.
fn cases(persons: &[Person], every: usize) -> Vec<(&Person, usize)> {
    persons
        .iter()
        .flat_map(|p| (0..p.sessions.len()).map(move |s| (p, s)))
        .filter(|(p, s)| p.sessions[*s].replies().next().is_some())
        .step_by(every)
        .collect()
}

#[test]
fn altered_replies_change_no_reference_and_no_order() {
    let (setup, persons) = (Setup::new(), persons());
    let mut clusters = 0;
    for pipeline in setup.pipelines() {
        for (person, s) in cases(&persons, 31) {
            let session = &person.sessions[s];
            let choice = choose(&pipeline, person, s);
            clusters = clusters.max(choice.training.as_ref().map_or(0, |t| t.cluster.unwrap_or(0)));
            let replies: Vec<usize> = session.replies().collect();
            let one_by_one = replies.iter().map(|&r| altered(session, |i, _| i == r));
            let all = altered(session, |i, _| replies.contains(&i));
            for changed in one_by_one.chain([all]) {
                assert_ne!(&changed, session);
                let changed = with_session(person, s, changed);
                assert_eq!(choose(&pipeline, &changed, s), choice, "{pipeline:?} {}", session.id);
            }
        }
    }
    assert!(clusters > 1, "no target was in a third cluster: the test would prove little");
}

#[test]
fn what_is_said_after_the_opening_changes_no_reference_and_no_order() {
    let (setup, persons) = (Setup::new(), persons());
    for pipeline in setup.pipelines() {
        for (person, s) in cases(&persons, 29) {
            let session = &person.sessions[s];
            let choice = choose(&pipeline, person, s);
            let start = opening(session).len();
            let partner = altered(session, |i, role| i >= start && role == Role::User);
            let everything = altered(session, |i, _| i >= start);
            let mut cut = session.clone();
            cut.messages.truncate(start + 1);
            for changed in [partner, everything, cut] {
                let changed = with_session(person, s, changed);
                assert_eq!(choose(&pipeline, &changed, s), choice, "{pipeline:?} {}", session.id);
            }
        }
    }
}

/// The control: the same alterations, where the choice may look, do change it.
#[test]
fn an_altered_opening_changes_the_choice() {
    let (setup, persons) = (Setup::new(), persons());
    for pipeline in setup.pipelines() {
        let (mut by_opening, mut by_leak) = (0, 0);
        for (person, s) in cases(&persons, 23) {
            let session = &person.sessions[s];
            let choice = choose(&pipeline, person, s);
            let start = opening(session).len();
            let changed = with_session(person, s, altered(session, |i, _| i < start));
            by_opening += usize::from(choose(&pipeline, &changed, s) != choice);

            // A pipeline that took the whole dialogue for the context.
            let leak = |person: &Person| {
                let index = pipeline.index(person).unwrap();
                let context = &person.sessions[s].messages;
                let rest = candidates(person, &person.sessions[s]);
                pipeline.select_for_training(&index, &rest, s, context).unwrap()
            };
            let changed = with_session(person, s, altered(session, |i, _| i >= start));
            by_leak += usize::from(leak(&changed) != leak(person));
        }
        assert!(by_opening > 0, "{pipeline:?}");
        assert!(by_leak > 0, "{pipeline:?}: the altered replies would not be seen by any test");
    }
}

#[test]
fn not_one_byte_of_the_prompt_before_an_altered_reply_changes() {
    let (setup, persons, tokenizer) = (Setup::new(), persons(), tokenizer());
    // With room for everything, and with a budget that cuts: not even the
    // length of a reply may decide what stays in front of it.
    let builders = [(ROOM, 0), (520, 160)].map(|(max_tokens, reserve)| ExampleBuilder {
        tokenizer: &tokenizer,
        max_tokens,
        reserve,
    });
    let prompt = |builder: &ExampleBuilder<'_>, c: &Conversation, reply: usize| {
        let example = builder.supervised(c).unwrap();
        let span = example.replies.iter().position(|&r| r == reply)?;
        let before = example.tree.trunk()[..example.tree.spans()[span].start].to_vec();
        Some((before, example.references < c.references.len()))
    };
    let (mut compared, mut cut) = (0, 0);
    let pipelines = [
        (setup.pipeline(&setup.plans[1], Policy::Free), QueryPoint::Opening),
        (setup.pipeline(&setup.plans[1], Policy::Anchored), QueryPoint::Middle),
        (setup.by_evidence(Policy::Free), QueryPoint::Opening),
        (setup.by_evidence(Policy::Free), QueryPoint::Second),
        (setup.by_evidence(Policy::Anchored), QueryPoint::Middle),
        (setup.by_evidence(Policy::Greedy), QueryPoint::Last),
        (setup.by_evidence(Policy::Free), QueryPoint::Every),
    ];
    for (pipeline, point) in pipelines {
        for (person, s) in cases(&persons, 61) {
            // As training makes its conversations, and as evaluation does.
            let of = |person: &Person| {
                let of_person = std::slice::from_ref(person);
                let targets = msl_targets(of_person, &pipeline, point, |_| ()).unwrap();
                let trained = targets.into_iter().filter(|t| t.session == s);
                let target = &person.sessions[s];
                let index = pipeline.index(person).unwrap();
                let evaluated = point.parts(target).into_iter().map(|replies| {
                    let context = &target.messages[..replies[0]];
                    let rest = candidates(person, target);
                    let chosen = pipeline.select(&index, &rest, context).unwrap();
                    conversation(target, &replies, person, &chosen)
                });
                trained.map(|t| t.conversation).chain(evaluated).collect::<Vec<_>>()
            };
            let session = &person.sessions[s];
            let before = of(person);
            for reply in session.replies() {
                let mut later = altered(session, |i, _| i >= reply);
                later.messages[reply].content =
                    vec![FACTS[reply % FACTS.len()]; 1 + reply % 3].join(" ");
                let later = with_session(person, s, later);
                let after = of(&later);
                assert_eq!(before.len(), after.len());
                for (before, after) in before.iter().zip(&after) {
                    for builder in &builders {
                        let [Some((was, _)), Some((is, shorter))] =
                            [before, after].map(|c| prompt(builder, c, reply))
                        else {
                            continue;
                        };
                        assert_eq!(was, is, "{}", session.id);
                        compared += 1;
                        cut += usize::from(shorter);
                    }
                    let said = |c: &Conversation| c.target[reply].content.clone();
                    assert_ne!(said(before), said(after));
                }
            }
        }
    }
    assert!(cut > 20 && compared > cut, "{cut} of {compared} were cut");
}

#[test]
fn evaluation_chooses_the_same_references_whatever_the_true_replies_are() {
    let (setup, tokenizer) = (Setup::new(), tokenizer());
    let persons = &persons()[..4];
    let pipeline = setup.pipeline(&setup.plans[0], Policy::Anchored);
    // One target each: altered, it is nobody's reference.
    let config =
        EvaluationConfig { targets: 1, distractors: 3, max_tokens: ROOM, ..Default::default() };
    let chosen = |persons: &[Person]| {
        let found = evaluation_targets(persons, &pipeline, &tokenizer, &config).unwrap();
        found.targets.into_iter().map(|t| (t.person, t.session, t.selection)).collect::<Vec<_>>()
    };
    let before = chosen(persons);
    assert_eq!(before.len(), persons.len());
    let mut changed = persons.to_vec();
    for &(p, s, _) in &before {
        let session = &persons[p].sessions[s];
        let start = QueryPoint::default().parts(session)[0][0];
        changed[p].sessions[s] = altered(session, |i, _| i >= start);
    }
    assert_eq!(chosen(&changed), before);
}

/// The other side of a dialogue, under another id.
fn mirrored(session: &Session) -> Session {
    let mut mirror = session.clone();
    mirror.id.push_str(":mirror");
    for message in &mut mirror.messages {
        message.role = match message.role {
            Role::User => Role::Assistant,
            _ => Role::User,
        };
    }
    mirror
}

#[test]
fn the_other_side_of_the_target_is_never_a_reference() {
    let (setup, tokenizer) = (Setup::new(), tokenizer());
    let pipeline = setup.pipeline(&setup.plans[0], Policy::Free);
    // Everybody also has the other side of everything that was said to the
    // other: whatever is the target, its mirror is at hand, and very near.
    let two = &persons()[..2];
    let with_mirrors = |me: &Person, them: &Person| {
        let mut me = me.clone();
        me.sessions.extend(them.sessions.iter().map(mirrored));
        me
    };
    let both = [with_mirrors(&two[0], &two[1]), with_mirrors(&two[1], &two[0])];
    let everything = Pipeline { references: 100, ..pipeline };
    let config = EvaluationConfig {
        targets: 100,
        ranked_replies: 0,
        max_tokens: ROOM,
        ..EvaluationConfig::default()
    };
    let targets = evaluation_targets(&both, &everything, &tokenizer, &config).unwrap().targets;
    assert_eq!(targets.len(), both[0].sessions.len() + both[1].sessions.len());
    for t in targets {
        // All but the target: its mirror is the other person's.
        assert_eq!(t.selection.references.len(), both[t.person].sessions.len() - 1);
        // The other person's are as many, less the mirror.
        let others = both[1 - t.person].sessions.len();
        assert_eq!(t.references, t.selection.references.len().min(others - 1));
    }

    // Taken for one person, neither side of a dialogue is a reference of the
    // other, though it lacks its end.
    let mut one = two[0].clone();
    one.sessions.push(mirrored(&two[0].sessions[0]));
    let last = one.sessions.len() - 1;
    one.sessions[last].messages.pop();
    let everything = SpiParams::default().references(References::Nearest(100));
    let pipeline = setup.pipeline(&everything, Policy::Free);
    let targets = msl_targets(&[one], &pipeline, QueryPoint::Opening, |_| ()).unwrap();
    assert_eq!(targets.len(), last + 1);
    for t in targets {
        let sides = [0, last].map(|s| t.selection.references.iter().any(|r| r.session == s));
        let leaks = match t.session {
            0 => sides[1],
            s if s == last => sides[0],
            _ => false,
        };
        assert!(!leaks, "{t:?}");
    }
}
