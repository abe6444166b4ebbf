//! Which sessions are records of one dialogue: the views of its two speakers, a
//! copy, or a record that goes on where another ends.

use std::collections::HashMap;

use crate::hash::stable_hash;
use crate::{Role, Session};

/// What two sessions must have in common to be of one dialogue: a single
/// greeting proves nothing.
const LEAST: usize = 2;

impl Session {
    /// Whether both are records of one dialogue: all that is said in the shorter
    /// one is said at the beginning of the longer one, by the same speakers or
    /// with the two speakers exchanged. What is to be predicted in the one can
    /// stand in the other, so neither may serve as the other's reference.
    ///
    /// Corpora cut the two views of a dialogue at different ends (ParlAI's view of
    /// the first speaker lacks the closing line), so lengths need not be equal.
    /// One message in common is not enough, unless neither has more. Spaces around
    /// a message make no difference.
    ///
    /// `O(length of the shorter session)`.
    ///
    /// ```
    /// use idl_dialogue::{Session, Utterance};
    ///
    /// let session = |messages| Session { messages, ..Session::default() };
    /// let hers = session(vec![
    ///     Utterance::user("hi !"),
    ///     Utterance::assistant("hello ."),
    ///     Utterance::user("bye ."),
    /// ]);
    /// let his = session(vec![Utterance::assistant("hi !"), Utterance::user("hello .")]);
    /// assert!(hers.same_dialogue(&his));
    /// ```
    #[must_use]
    pub fn same_dialogue(&self, other: &Session) -> bool {
        let (a, b) = (&self.messages, &other.messages);
        let common = a.len().min(b.len());
        if common < LEAST && (common == 0 || a.len() != b.len()) {
            return false;
        }
        let exchanged = |role| match role {
            Role::System => Role::System,
            Role::User => Role::Assistant,
            Role::Assistant => Role::User,
        };
        let (mut alike, mut mirrored) = (true, true);
        a.iter().zip(b).all(|(a, b)| {
            alike &= a.role == b.role;
            mirrored &= a.role == exchanged(b.role);
            (alike || mirrored) && a.content.trim() == b.content.trim()
        })
    }
}

/// Sessions by the dialogue that they are records of.
///
/// ```
/// use idl_dialogue::SessionIndex;
///
/// let people = idl_dialogue::embedded()?;
/// let sessions = || people.iter().flat_map(|p| &p.person.sessions);
/// let index = SessionIndex::new(sessions());
/// for session in sessions() {
///     assert_eq!(index.same_dialogue(session).collect::<Vec<_>>(), [session]);
/// }
/// # Ok::<(), idl_dialogue::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SessionIndex<'a> {
    /// By the hash of what sessions of one dialogue have in common at least.
    by_beginning: HashMap<u64, Vec<&'a Session>>,
}

impl<'a> SessionIndex<'a> {
    /// An index of these sessions. `O(number of sessions)`.
    #[must_use]
    pub fn new(sessions: impl IntoIterator<Item = &'a Session>) -> Self {
        let mut by_beginning: HashMap<_, Vec<_>> = HashMap::new();
        for session in sessions {
            if let Some(key) = beginning(session) {
                by_beginning.entry(key).or_default().push(session);
            }
        }
        SessionIndex { by_beginning }
    }

    /// The sessions of the dialogue that `session` is of, in the order in which
    /// they were given; `session` itself is among them if it was given.
    ///
    /// Expected `O(length of the session)` for each session that begins with the
    /// same two messages.
    pub fn same_dialogue(&self, session: &Session) -> impl Iterator<Item = &'a Session> {
        let found = beginning(session).and_then(|key| self.by_beginning.get(&key));
        found.into_iter().flatten().copied().filter(|other| other.same_dialogue(session))
    }
}

/// A hash of the first two messages, or of the only one.
fn beginning(session: &Session) -> Option<u64> {
    let mut said = session.messages.iter().map(|m| m.content.trim());
    let (first, second) = (said.next()?, said.next());
    Some(
        stable_hash(first.as_bytes())
            ^ second.map_or(0, |t| stable_hash(t.as_bytes()).rotate_left(1)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Utterance;

    fn session(first: Role, said: &[&str]) -> Session {
        let second = if first == Role::User { Role::Assistant } else { Role::User };
        let roles = [first, second].into_iter().cycle();
        let messages = said.iter().zip(roles).map(|(text, role)| Utterance::new(role, *text));
        Session { messages: messages.collect(), ..Session::default() }
    }

    #[test]
    fn the_other_side_is_found_whichever_end_it_lacks() {
        let b = session(Role::User, &["hi !", "hello .", "how are you ?", "bye ."]);
        for cut in 2..=4 {
            let mut a = session(Role::Assistant, &["hi !", "hello .", "how are you ?", "bye ."]);
            a.messages.truncate(cut);
            assert!(a.same_dialogue(&b) && b.same_dialogue(&a), "{cut}");
        }
        assert!(!session(Role::Assistant, &["hi !", "hey .", "bye ."]).same_dialogue(&b));
        assert!(!session(Role::Assistant, &["hi !", "hello .", "bye ."]).same_dialogue(&b));
    }

    #[test]
    fn copies_and_records_that_go_on_are_of_one_dialogue() {
        let whole = session(Role::User, &["hi !", "hello .", "how are you ?"]);
        let begun = session(Role::User, &["hi ! ", " hello ."]);
        assert!(whole.same_dialogue(&whole) && whole.same_dialogue(&begun));
        let mut mixed = whole.clone();
        mixed.messages[1].role = Role::User;
        assert!(!mixed.same_dialogue(&whole), "the roles are neither the same nor exchanged");
    }

    #[test]
    fn one_greeting_proves_nothing() {
        let greeting = session(Role::User, &["hi !"]);
        assert!(!greeting.same_dialogue(&session(Role::User, &["hi !", "hello ."])));
        assert!(greeting.same_dialogue(&session(Role::Assistant, &["hi !"])));
        let nothing = Session::default();
        assert!(!nothing.same_dialogue(&nothing) && !nothing.same_dialogue(&greeting));
    }

    #[test]
    fn instructions_stay_instructions() {
        let mut a = session(Role::User, &["be brief", "hi !", "hello ."]);
        let mut b = session(Role::User, &["be brief", "hi !", "hello ."]);
        a.messages[0].role = Role::System;
        b.messages[0].role = Role::System;
        assert!(a.same_dialogue(&b));
        b.messages[1].role = Role::User;
        b.messages[2].role = Role::Assistant;
        assert!(a.same_dialogue(&b));
        b.messages[0].role = Role::User;
        assert!(!a.same_dialogue(&b));
    }

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_finds(
            all in prop::collection::vec(
                (any::<bool>(), prop::collection::vec("[a-b]", 0..4)),
                0..8,
            ),
        ) {
            let all: Vec<Session> = all
                .iter()
                .map(|(me, said)| {
                    let first = if *me { Role::Assistant } else { Role::User };
                    session(first, &said.iter().map(String::as_str).collect::<Vec<_>>())
                })
                .collect();
            let index = SessionIndex::new(&all);
            for session in &all {
                let found: Vec<&Session> = index.same_dialogue(session).collect();
                let expected: Vec<&Session> =
                    all.iter().filter(|other| other.same_dialogue(session)).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
