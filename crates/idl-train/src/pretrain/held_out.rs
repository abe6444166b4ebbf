//! Dialogues that are measured on are not learnt, from neither side.

use std::collections::HashSet;

use idl_dialogue::{Person, Session};

/// `persons` without the dialogues of `held_out`, in either view: what a person
/// says there stands in their partner's session, too. Persons without any
/// session left go.
#[must_use]
pub fn apart_from(persons: Vec<Person>, held_out: &[Person]) -> Vec<Person> {
    let unseen: HashSet<Vec<&str>> =
        held_out.iter().flat_map(|person| &person.sessions).map(said).collect();
    let mut kept = persons;
    for person in &mut kept {
        person.sessions.retain(|session| !unseen.contains(&said(session)));
    }
    kept.retain(|person| !person.sessions.is_empty());
    kept
}

fn said(session: &Session) -> Vec<&str> {
    session.messages.iter().map(|m| m.content.as_str()).collect()
}
