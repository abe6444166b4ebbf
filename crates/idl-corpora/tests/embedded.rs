//! The embedded people keep their rules.

#![allow(clippy::unwrap_used)] // helpers of tests fail as tests do

use std::collections::{HashMap, HashSet};

use idl_corpora::{EmbeddedPerson, distractors, embedded};
use idl_dialogue::{Role, Session};

/// Shorter utterances may be said again: `good , and you ?`.
const GREETING_WORDS: usize = 7;

fn people() -> &'static [EmbeddedPerson] {
    embedded().unwrap()
}

/// All rule breaches at once, which is kinder to whoever edits the files.
fn assert_none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

fn sessions() -> impl Iterator<Item = &'static Session> {
    people().iter().flat_map(|p| &p.person.sessions)
}

fn holds_words(text: &str, words: &str) -> bool {
    format!(" {text} ").contains(&format!(" {words} "))
}

#[test]
fn ids_are_unique_and_numbered() {
    let ids: HashSet<_> = people().iter().map(|p| &p.person.id).collect();
    assert_eq!((ids.len(), people().len()), (24, 24));
    for person in people().iter().map(|p| &p.person) {
        for (i, session) in person.sessions.iter().enumerate() {
            assert_eq!(session.id, format!("{}-{i}", person.id));
        }
    }
}

#[test]
fn sessions_are_short_and_alternate() {
    let mut breaches = Vec::new();
    for person in people().iter().map(|p| &p.person) {
        if !(8..=12).contains(&person.sessions.len()) {
            breaches.push(format!("{}: {} sessions", person.id, person.sessions.len()));
        }
    }
    for session in sessions() {
        if !(6..=12).contains(&session.messages.len()) {
            breaches.push(format!("{}: {} messages", session.id, session.messages.len()));
        }
        for (i, message) in session.messages.iter().enumerate() {
            assert_eq!(message.role, [Role::User, Role::Assistant][i % 2]);
        }
    }
    assert_none(breaches);
}

#[test]
fn the_style_is_that_of_the_embedded_base() {
    let styled = |text: &str| {
        let allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " .,?!'".contains(c);
        let spaced = text.split(' ').all(|word| {
            let mark = matches!(word, "." | "," | "?" | "!" | "...");
            mark || (!word.is_empty() && !word.contains(['.', ',', '?', '!']))
        });
        text.chars().all(allowed) && spaced
    };
    let said = sessions().flat_map(|s| s.messages.iter().map(move |m| (&s.id, &m.content)));
    let asked =
        people().iter().flat_map(|p| p.probes.iter().map(move |q| (&p.person.id, &q.question)));
    let breaches = said.chain(asked).filter(|(_, text)| !styled(text));
    assert_none(breaches.map(|(id, text)| format!("{id}: {text}")).collect());
}

#[test]
fn triples_are_told_by_the_person_and_some_recur() {
    let mut breaches = Vec::new();
    for EmbeddedPerson { person, triples, .. } in people() {
        let id = &person.id;
        let different: HashSet<_> = triples.iter().collect();
        if different.len() != triples.len() || triples.len() < 5 {
            breaches.push(format!("{id}: triples repeat or are few"));
        }
        let mut recurring = 0;
        for triple in triples {
            let told = |s: &&Session| {
                s.said_by(Role::Assistant).any(|text| holds_words(text, &triple.object))
            };
            match person.sessions.iter().filter(told).count() {
                0 => breaches.push(format!("{id}: nobody says the object of {triple}")),
                1 => {}
                _ => recurring += 1,
            }
        }
        // Facts also recur in other words, which no string comparison sees.
        if recurring < 2 {
            breaches.push(format!("{id}: {recurring} facts recur word by word"));
        }
    }
    assert_none(breaches);
}

#[test]
fn probes_ask_for_triples() {
    let mut breaches = Vec::new();
    for EmbeddedPerson { person, triples, probes } in people() {
        if probes.len() < 4 {
            breaches.push(format!("{}: {} probes", person.id, probes.len()));
        }
        for probe in probes {
            let answers =
                triples.iter().any(|t| t.relation == probe.relation && t.object == probe.answer);
            if !answers || !probe.question.ends_with(" ?") {
                breaches.push(format!("{}: {probe:?}", person.id));
            }
        }
    }
    assert_none(breaches);
}

#[test]
fn no_utterance_is_said_twice() {
    let mut first: HashMap<&str, &str> = HashMap::new();
    let mut breaches = Vec::new();
    for session in sessions() {
        for text in session.messages.iter().map(|m| m.content.as_str()) {
            if let Some(other) = first.insert(text, &session.id)
                && text.split_whitespace().count() >= GREETING_WORDS
            {
                breaches.push(format!("{other} and {}: {text}", session.id));
            }
        }
    }
    assert_none(breaches);
}

#[test]
fn every_reply_has_nineteen_distractors() {
    let persons: Vec<_> = people().iter().map(|p| p.person.clone()).collect();
    let session = &persons[0].sessions[0];
    for turn in session.replies() {
        let wrong = distractors(&persons, &session.id, turn, 19, 1).unwrap();
        let own: HashSet<_> =
            persons[0].sessions.iter().flat_map(|s| s.said_by(Role::Assistant)).collect();
        assert!(wrong.len() == 19 && wrong.iter().all(|reply| !own.contains(reply)));
    }
}
