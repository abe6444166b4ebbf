//! Which sessions are records of one dialogue: the views of its two speakers, a
//! copy, or a part of one.

use std::collections::{BTreeSet, HashMap};

use crate::hash::stable_hash;
use crate::{Role, Session};

/// What two sessions must have in common to be of one dialogue: a single
/// greeting proves nothing.
const LEAST: usize = 2;

impl Session {
    /// Whether both are records of one dialogue: all that is said in the shorter
    /// one is said, message after message, in the longer one too, by the same
    /// speakers or with the two speakers exchanged. What is to be predicted in the
    /// one can stand in the other, so neither may serve as the other's reference.
    ///
    /// Corpora cut the two views of a dialogue at different ends (ParlAI's view of
    /// the first speaker lacks the closing line), and exports begin and end where
    /// they do, so lengths need not be equal. One message in common is not enough,
    /// unless neither has more. System messages, which nobody says, and spaces
    /// around a message make no difference.
    ///
    /// `O(lengths multiplied)` at worst, hardly more than the longer one's length
    /// where messages differ.
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
        let (mut short, mut long) = (said(self), said(other));
        if short.len() > long.len() {
            std::mem::swap(&mut short, &mut long);
        }
        if short.len() < LEAST && (short.is_empty() || short.len() != long.len()) {
            return false;
        }
        long.windows(short.len()).any(|part| {
            let alike = part[0].0 == short[0].0;
            part.iter().zip(&short).all(|(a, b)| (a.0 == b.0) == alike && a.1 == b.1)
        })
    }
}

/// What the two participants say: who, and what.
fn said(session: &Session) -> Vec<(Role, &str)> {
    let said = session.messages.iter().filter(|m| m.role != Role::System);
    said.map(|m| (m.role, m.content.trim())).collect()
}

/// Sessions by the dialogue that they are records of.
///
/// ```
/// use idl_dialogue::{Session, SessionIndex, Utterance};
///
/// let session = |messages| Session { messages, ..Session::default() };
/// let hers = session(vec![Utterance::user("any pets ?"), Utterance::assistant("owls .")]);
/// let his = session(vec![Utterance::assistant("any pets ?"), Utterance::user("owls .")]);
/// let other = session(vec![Utterance::user("any pets ?"), Utterance::assistant("none .")]);
/// let index = SessionIndex::new([&hers, &other]);
/// assert_eq!(index.same_dialogue(&his).collect::<Vec<_>>(), [&hers]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SessionIndex<'a> {
    sessions: Vec<&'a Session>,
    /// Positions of sessions by the hash of each two messages in a row, or of the
    /// only one: what sessions of one dialogue have in common at least.
    by_pair: HashMap<u64, Vec<usize>>,
}

impl<'a> SessionIndex<'a> {
    /// An index of these sessions. `O(number of messages)`.
    #[must_use]
    pub fn new(sessions: impl IntoIterator<Item = &'a Session>) -> Self {
        let sessions: Vec<&Session> = sessions.into_iter().collect();
        let mut by_pair: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, session) in sessions.iter().enumerate() {
            for pair in pairs(session) {
                let positions = by_pair.entry(pair).or_default();
                if positions.last() != Some(&at) {
                    positions.push(at);
                }
            }
        }
        SessionIndex { sessions, by_pair }
    }

    /// The sessions of the dialogue that `session` is of, in the order in which
    /// they were given; `session` itself is among them if it was given.
    ///
    /// Expected `O(length of the session)`, and a comparison for each session that
    /// has two messages in a row in common with it.
    pub fn same_dialogue(&self, session: &Session) -> impl Iterator<Item = &'a Session> {
        let found = pairs(session).filter_map(|pair| self.by_pair.get(&pair)).flatten();
        // Ascending, each once.
        let candidates: BTreeSet<usize> = found.copied().collect();
        let sessions = candidates.into_iter().map(|at| self.sessions[at]);
        let found: Vec<&'a Session> = sessions.filter(|s| s.same_dialogue(session)).collect();
        found.into_iter()
    }
}

/// The hashes of each two messages in a row, or of the only one.
fn pairs(session: &Session) -> impl Iterator<Item = u64> {
    let hashes: Vec<u64> =
        said(session).into_iter().map(|(_, text)| stable_hash(text.as_bytes())).collect();
    let only = (hashes.len() == 1).then(|| hashes[0]);
    let pairs: Vec<u64> = hashes.windows(2).map(|w| w[0] ^ w[1].rotate_left(1)).collect();
    only.into_iter().chain(pairs)
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
    fn a_record_may_begin_late_and_instructions_are_not_said() {
        let whole = session(Role::User, &["hi !", "hello .", "how are you ?", "fine .", "bye ."]);
        let later = session(Role::User, &["how are you ?", "fine ."]);
        let theirs = session(Role::Assistant, &["how are you ?", "fine .", "bye ."]);
        assert!(whole.same_dialogue(&later) && later.same_dialogue(&whole));
        assert!(whole.same_dialogue(&theirs));
        let mut told = whole.clone();
        told.messages.insert(0, Utterance::new(Role::System, "be brief"));
        assert!(told.same_dialogue(&whole) && told.same_dialogue(&theirs));
        let all = [whole, later, theirs, told];
        let index = SessionIndex::new(&all);
        assert!(all.iter().all(|s| s.same_dialogue(&all[0])));
        assert_eq!(index.same_dialogue(&all[0]).count(), 4);
        // Two parts of one dialogue that have nothing in common are not known.
        assert!(!session(Role::User, &["hi !", "hello ."]).same_dialogue(&all[1]));
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
