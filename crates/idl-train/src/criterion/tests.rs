//! What is built is what it says it is.

use std::collections::BTreeSet;

use idl_dialogue::{Person, Role, Session};
use idl_encoder::TfIdfEncoder;
use idl_persona_ext::{RuleExtractor, extract_triples};

use super::compare::differs;
use super::said::{Fact, fact};
use super::{BuildStats, PreferenceCorpus};
use crate::data::{Alternatives, CriterionKind, CriterionReply};
use crate::error::Error;
use crate::rejected::RejectedSource;

fn persons() -> Vec<Person> {
    idl_corpora::embedded().unwrap().iter().map(|e| e.person.clone()).collect()
}

fn encoder() -> TfIdfEncoder {
    TfIdfEncoder::new(512).unwrap()
}

fn all(seed: u64, n: usize) -> (Vec<(usize, usize, Vec<Alternatives>)>, BuildStats) {
    let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
    let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, seed).unwrap();
    let mut stats = BuildStats::default();
    let mut out = Vec::new();
    for (p, person) in persons.iter().enumerate().take(n) {
        for (s, session) in person.sessions.iter().enumerate() {
            let replies: Vec<usize> = session.replies().collect();
            let found = corpus.alternatives(p, s, &replies, &mut stats).unwrap();
            out.push((p, s, found));
        }
    }
    (out, stats)
}

#[test]
fn every_kind_is_built_and_nothing_is_empty_or_equal() {
    let persons = persons();
    let (all, stats) = all(1, 6);
    assert!(stats.built.iter().all(|&n| n > 10), "{stats:?}");
    for (p, s, alternatives) in &all {
        for a in alternatives {
            let chosen = &persons[*p].sessions[*s].messages[a.reply].content;
            let criterion = &a.criterion.as_ref().unwrap().text;
            assert!(differs(&a.rejected, chosen) && differs(criterion, chosen));
            assert!(differs(&a.rejected, criterion));
        }
    }
}

#[test]
fn a_criterion_is_what_its_kind_says() {
    let persons = persons();
    let extractor = RuleExtractor::default();
    for (p, s, alternatives) in all(2, 6).0 {
        let said = |role| -> Vec<&str> {
            persons[p].sessions.iter().flat_map(|s| s.said_by(role)).collect()
        };
        for a in alternatives {
            let chosen = &persons[p].sessions[s].messages[a.reply].content;
            let own: BTreeSet<Fact> = extract_triples(&said(Role::Assistant), &extractor)
                .unwrap()
                .iter()
                .flatten()
                .map(fact)
                .collect();
            let CriterionReply { text, kind } = a.criterion.as_ref().unwrap();
            let stated: Vec<Fact> = extractor.extract_one(text).iter().map(fact).collect();
            match kind {
                CriterionKind::Inconsistency => {
                    // The reply but for one object.
                    let words = |t: &str| t.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
                    assert!(words(chosen).intersection(&words(text)).count() > 0);
                    assert!(!said(Role::Assistant).contains(&text.as_str()));
                }
                CriterionKind::Fabrication => {
                    assert!(!stated.is_empty(), "{text}");
                    assert!(stated.iter().all(|f| !own.contains(f)), "{text}");
                }
                CriterionKind::Inversion => {
                    assert!(said(Role::User).contains(&text.as_str()));
                }
            }
        }
    }
}

/// Both views of every dialogue between neighbours among the embedded people,
/// the second one without its end.
fn both_views() -> Vec<Person> {
    let mut all = persons();
    let count = all.len();
    for p in 0..count {
        for session in all[p].sessions.clone().into_iter().filter(|s| !s.id.ends_with(":mirror")) {
            let mut mirror = Session { id: format!("{}:mirror", session.id), ..session };
            mirror.messages.pop();
            for message in &mut mirror.messages {
                let user = message.role == Role::User;
                message.role = if user { Role::Assistant } else { Role::User };
            }
            all[(p + 1) % count].sessions.push(mirror);
        }
    }
    all
}

#[test]
fn no_alternative_is_what_the_partner_says_later_or_elsewhere_in_the_dialogue() {
    let (persons, extractor, encoder) = (both_views(), RuleExtractor::default(), encoder());
    let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 0).unwrap();
    let mut kinds = [0; 3];
    for (p, person) in persons.iter().enumerate().take(4) {
        for (s, session) in person.sessions.iter().enumerate() {
            let replies: Vec<usize> = session.replies().collect();
            let found = corpus.alternatives(p, s, &replies, &mut BuildStats::default()).unwrap();
            let said = |text: &str| session.messages.iter().any(|m| !differs(&m.content, text));
            for a in found {
                assert!(!said(&a.rejected), "{}: {}", session.id, a.rejected);
                let CriterionReply { text, kind } = a.criterion.unwrap();
                kinds[kind as usize] += 1;
                match kind {
                    CriterionKind::Inconsistency => {}
                    CriterionKind::Fabrication => assert!(!said(&text), "{text}"),
                    CriterionKind::Inversion => {
                        let before = session.messages[..a.reply].iter();
                        let heard = before.filter(|m| m.role == Role::User);
                        let elsewhere = person
                            .sessions
                            .iter()
                            .filter(|other| !other.same_dialogue(session))
                            .flat_map(|other| other.said_by(Role::User));
                        assert!(
                            heard.map(|m| m.content.as_str()).chain(elsewhere).any(|t| t == text),
                            "{}: the partner says {text} after the reply only",
                            session.id
                        );
                    }
                }
            }
        }
    }
    assert!(kinds.iter().all(|&n| n > 10), "{kinds:?}");
}

#[test]
fn where_rejected_replies_come_from_changes_no_criterion() {
    let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
    let replies: Vec<usize> = persons[0].sessions[0].replies().collect();
    let id = &persons[0].sessions[0].id;
    let candidates =
        replies.iter().map(|&r| ((id.clone(), r), vec![String::from("of no use")])).collect();
    let criteria = |source| {
        let corpus = PreferenceCorpus::new(&persons, &extractor, &encoder, 0).unwrap();
        let corpus = corpus.rejected_from(source);
        let found = corpus.alternatives(0, 0, &replies, &mut BuildStats::default()).unwrap();
        found.into_iter().map(|a| (a.reply, a.criterion)).collect::<Vec<_>>()
    };
    let with = criteria(RejectedSource::Candidates(&candidates));
    assert!(with.len() > 2);
    assert_eq!(criteria(RejectedSource::Distractor), with);
}

#[test]
fn a_seed_gives_the_same_and_another_something_else() {
    assert_eq!(all(3, 2).0, all(3, 2).0);
    assert_ne!(all(3, 2).0, all(4, 2).0);
}

#[test]
fn one_person_has_nobody_to_be_confused_with() {
    let (persons, extractor, encoder) = (persons(), RuleExtractor::default(), encoder());
    let error = PreferenceCorpus::new(&persons[..1], &extractor, &encoder, 0);
    assert!(matches!(error, Err(Error::Data(_))));
}
