//! Replies of other persons: the wrong candidates of hits@1 and the rejected
//! replies of preference data.

use std::collections::{HashMap, HashSet};

use idl_dialogue::{Person, Role, Session, SessionIndex, stable_hash};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::error::{Error, Result};
use crate::text::normalized;

/// `n` distractors for one reply; see [`Distractors::draw`], which is faster
/// for many.
///
/// # Errors
/// Those of [`Distractors::new`] and [`Distractors::draw`].
///
/// ```
/// let persons: Vec<_> = idl_corpora::embedded()?.iter().map(|e| e.person.clone()).collect();
/// let session = &persons[0].sessions[0];
/// let turn = session.replies().next().unwrap();
/// let wrong = idl_corpora::distractors(&persons, &session.id, turn, 19, 0)?;
/// assert_eq!(wrong.len(), 19);
/// assert!(!wrong.contains(&session.messages[turn].content.as_str()));
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn distractors<'a>(
    persons: &'a [Person],
    session: &str,
    turn: usize,
    n: usize,
    seed: u64,
) -> Result<Vec<&'a str>> {
    Distractors::new(persons)?.draw(session, turn, n, seed)
}

/// A pool of replies to draw distractors from.
#[derive(Clone, Debug)]
pub struct Distractors<'a> {
    /// All replies, each with the position of its person.
    pool: Vec<(usize, &'a str)>,
    /// Every session and the position of its person.
    sessions: HashMap<&'a str, (usize, &'a Session)>,
    /// The records of each dialogue.
    dialogues: SessionIndex<'a>,
}

impl<'a> Distractors<'a> {
    /// The replies of `persons`: what they say in answer to something.
    /// `O(total length)`.
    ///
    /// # Errors
    /// Two sessions with one id.
    pub fn new(persons: &'a [Person]) -> Result<Self> {
        let mut pool = Vec::new();
        let mut sessions = HashMap::new();
        for (owner, person) in persons.iter().enumerate() {
            for session in &person.sessions {
                let replies = session.replies().map(|i| session.messages[i].content.as_str());
                pool.extend(replies.map(|reply| (owner, reply)));
                if sessions.insert(session.id.as_str(), (owner, session)).is_some() {
                    return Err(Error::DuplicateSession { session: session.id.clone() });
                }
            }
        }
        let dialogues = SessionIndex::new(persons.iter().flat_map(|person| &person.sessions));
        Ok(Distractors { pool, sessions, dialogues })
    }

    /// `n` replies of other persons, all different, for message `turn` of the
    /// session of id `session`, in random order.
    ///
    /// Nothing that is said in the dialogue itself is among them, be it the true
    /// reply, an utterance of the partner, or one that only another record of the
    /// dialogue has ([`Session::same_dialogue`]); letter case, spaces and
    /// punctuation make no difference.
    /// The same persons, session, turn and seed give the same distractors; a
    /// common reply is drawn as often as it is said.
    ///
    /// Expected `O(n + length of the session)`, if most of the pool fits.
    ///
    /// # Errors
    /// No such session; a message that is not a reply of the person; fewer than
    /// `n` fitting replies.
    pub fn draw(&self, session: &str, turn: usize, n: usize, seed: u64) -> Result<Vec<&'a str>> {
        let Some(&(owner, found)) = self.sessions.get(session) else {
            return Err(Error::UnknownSession { session: session.to_owned() });
        };
        let is_reply =
            turn > 0 && found.messages.get(turn).is_some_and(|m| m.role == Role::Assistant);
        if !is_reply {
            return Err(Error::NotAReply { session: session.to_owned(), turn });
        }
        let mut used: HashSet<String> = self
            .dialogues
            .same_dialogue(found)
            .chain([found])
            .flat_map(|record| &record.messages)
            .map(|message| normalized(&message.content))
            .collect();
        let turn_seed = stable_hash(format!("{seed} {turn} {session}").as_bytes());
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(turn_seed);

        // Fisher-Yates, of which only the touched places are kept: draws
        // without replacement from a pool of any size.
        let mut moved: HashMap<usize, usize> = HashMap::new();
        let mut drawn = Vec::new();
        for next in 0..self.pool.len() {
            if drawn.len() == n {
                break;
            }
            let pick = rng.gen_range(next..self.pool.len());
            let at_next = moved.get(&next).copied().unwrap_or(next);
            let at_pick = moved.insert(pick, at_next).unwrap_or(pick);
            let (person, reply) = self.pool[at_pick];
            if person != owner && used.insert(normalized(reply)) {
                drawn.push(reply);
            }
        }
        if drawn.len() < n {
            let session = session.to_owned();
            return Err(Error::TooFewReplies { session, wanted: n, found: drawn.len() });
        }
        Ok(drawn)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use idl_dialogue::Utterance;

    fn person(id: &str, sessions: &[&[&str]]) -> Person {
        let session = |(i, said): (usize, &&[&str])| Session {
            id: format!("{id}-{i}"),
            messages: said
                .iter()
                .enumerate()
                .map(|(i, text)| match i % 2 {
                    0 => Utterance::user(*text),
                    _ => Utterance::assistant(*text),
                })
                .collect(),
            ..Session::default()
        };
        Person { id: id.into(), sessions: sessions.iter().enumerate().map(session).collect() }
    }

    fn persons() -> Vec<Person> {
        vec![
            person("a", &[&["hi", "hello", "tea ?", "no thanks ."], &["so ?", "my own words"]]),
            person("b", &[&["hi", "Hello !", "tea ?", "yes"], &["oh", "yes", "x", "hi"]]),
            person("c", &[&["what", "nothing", "what", "maybe"]]),
        ]
    }

    #[test]
    fn only_replies_of_others_that_the_session_lacks() {
        let persons = persons();
        // Not `Hello !` (the gold) or `hi` (said in the session), `yes` once.
        let mut drawn = distractors(&persons, "a-0", 1, 3, 5).unwrap();
        drawn.sort_unstable();
        assert_eq!(drawn, ["maybe", "nothing", "yes"]);
        assert_eq!(
            distractors(&persons, "a-0", 1, 4, 5).unwrap_err().to_string(),
            "session `a-0`: expected 4 distractors, found 3 fit replies of others"
        );
    }

    /// The partner's view has a closing line that the person's lacks.
    #[test]
    fn what_only_the_other_record_of_the_dialogue_has_is_no_distractor() {
        let mut persons = persons();
        let mut other = persons[0].sessions[0].clone();
        other.id = "b-2".into();
        for message in &mut other.messages {
            let user = message.role == Role::User;
            message.role = if user { Role::Assistant } else { Role::User };
        }
        other.messages.push(Utterance::assistant("see you !"));
        persons[1].sessions.push(other);
        let pool = Distractors::new(&persons).unwrap();
        for seed in 0..50 {
            assert!(!pool.draw("a-0", 1, 3, seed).unwrap().contains(&"see you !"));
        }
        let elsewhere =
            (0..50).any(|seed| pool.draw("a-1", 1, 3, seed).unwrap().contains(&"see you !"));
        assert!(elsewhere);
    }

    #[test]
    fn what_cannot_be_drawn_for_is_refused() {
        let mut persons = persons();
        let draw = |session: &str, turn| distractors(&persons, session, turn, 1, 0);
        assert!(matches!(draw("z-0", 1), Err(Error::UnknownSession { .. })));
        for turn in [0, 2, 4, usize::MAX] {
            assert!(matches!(draw("a-0", turn), Err(Error::NotAReply { .. })), "{turn}");
        }
        persons.push(persons[0].clone());
        assert!(matches!(Distractors::new(&persons), Err(Error::DuplicateSession { .. })));
    }

    #[test]
    fn all_replies_are_drawn_equally_often() {
        let persons = persons();
        let pool = Distractors::new(&persons).unwrap();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for seed in 0..3000 {
            for reply in pool.draw("a-1", 1, 1, seed).unwrap() {
                *counts.entry(reply).or_default() += 1;
            }
        }
        // Six replies of others, two of which are `yes`; 3000 draws put each
        // expected count below within 5 standard deviations.
        for (reply, expected) in [("Hello !", 500), ("yes", 1000), ("maybe", 500), ("hi", 500)] {
            assert!(counts[reply].abs_diff(expected) < 130, "{reply}: {}", counts[reply]);
        }
    }

    proptest! {
        #[test]
        fn draws_are_distinct_and_repeatable(seed: u64, n in 0_usize..=3) {
            let persons = persons();
            let pool = Distractors::new(&persons).unwrap();
            let drawn = pool.draw("a-0", 3, n, seed).unwrap();
            prop_assert_eq!(drawn.len(), n);
            prop_assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), n);
            prop_assert_eq!(drawn, pool.draw("a-0", 3, n, seed).unwrap());
        }
    }
}
