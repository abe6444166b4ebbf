//! Splits by person: nobody is on two sides.

use idl_dialogue::{Person, SessionIndex};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::error::{Error, Result};

/// Deals persons at random into parts of the given `fractions`, whose sum is 1.
///
/// The same persons, fractions and seed give the same parts, on every machine.
/// Within a part persons stay in the order of `persons`. A part's size is off
/// its fraction by at most one person. `O(n)` for `n` persons.
///
/// # Errors
/// A fraction that is not a number from 0 to 1, or another sum than 1 (by more
/// than a millionth).
///
/// ```
/// use idl_corpora::split_persons;
/// use idl_dialogue::Person;
///
/// let person = |i: u32| Person { id: i.to_string(), sessions: vec![] };
/// let parts = split_persons((0..10).map(person).collect(), &[0.8, 0.2], 7)?;
/// assert_eq!((parts[0].len(), parts[1].len()), (8, 2));
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn split_persons(
    persons: Vec<Person>,
    fractions: &[f64],
    seed: u64,
) -> Result<Vec<Vec<Person>>> {
    let in_range = fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction));
    if !in_range || (fractions.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
        return Err(Error::Argument {
            name: "fractions",
            expected: "numbers from 0 to 1 whose sum is 1",
            found: format!("{fractions:?}"),
        });
    }
    let mut order: Vec<usize> = (0..persons.len()).collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));

    // Rounding the borders rather than the sizes makes the sizes add up. Halves
    // go up, those too that the sum of fractions leaves a last bit short: or a
    // part between one that goes up and one that goes down would be off by one.
    let mut border = 0.0;
    let borders: Vec<usize> = fractions
        .iter()
        .map(|fraction| {
            border += fraction;
            (border * persons.len() as f64 + 1e-9).round() as usize
        })
        .collect();
    let mut part_of = vec![0; persons.len()];
    for (rank, person) in order.into_iter().enumerate() {
        // The last border may fall short of the end by rounding.
        let part = borders.iter().position(|&border| rank < border);
        part_of[person] = part.unwrap_or(fractions.len() - 1);
    }
    let mut parts = vec![Vec::new(); fractions.len()];
    for (person, part) in persons.into_iter().zip(part_of) {
        parts[part].push(person);
    }
    Ok(parts)
}

/// Removes from `learnt` the sessions whose dialogue has a session among those of
/// `held_out` too, and persons who are left with none. Returns the number of
/// sessions removed.
///
/// Where both speakers of a dialogue are persons, persons alone do not keep parts
/// apart: what a held-out person says is what their partner is answered with, on
/// the other side of the split. `O(sessions)` in all, expected.
///
/// ```
/// use idl_corpora::remove_dialogues_of;
/// use idl_dialogue::{Person, Session, Utterance};
///
/// let hers = vec![Utterance::user("hi !"), Utterance::assistant("hello .")];
/// let his = vec![Utterance::assistant("hi !"), Utterance::user("hello .")];
/// let person = |id: &str, messages| Person {
///     id: id.into(),
///     sessions: vec![Session { messages, ..Session::default() }],
/// };
/// let mut learnt = vec![person("ada", hers)];
/// assert_eq!(remove_dialogues_of(&mut learnt, &[person("bo", his)]), 1);
/// assert!(learnt.is_empty());
/// ```
pub fn remove_dialogues_of(learnt: &mut Vec<Person>, held_out: &[Person]) -> usize {
    let index = SessionIndex::new(held_out.iter().flat_map(|person| &person.sessions));
    let mut removed = 0;
    learnt.retain_mut(|person| {
        let before = person.sessions.len();
        person.sessions.retain(|session| index.same_dialogue(session).next().is_none());
        removed += before - person.sessions.len();
        before == 0 || !person.sessions.is_empty()
    });
    removed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use idl_dialogue::{Role, Session, Utterance};

    fn persons(n: usize) -> Vec<Person> {
        (0..n).map(|i| Person { id: format!("{i:04}"), sessions: vec![] }).collect()
    }

    #[test]
    fn wrong_fractions_are_refused() {
        for wrong in [&[][..], &[0.5], &[0.5, 0.6], &[1.5, -0.5], &[f64::NAN, 1.0]] {
            let error = split_persons(persons(3), wrong, 0).unwrap_err();
            assert!(matches!(error, Error::Argument { name: "fractions", .. }), "{wrong:?}");
        }
    }

    #[test]
    fn the_split_is_always_the_same_and_depends_on_the_seed() {
        let split = |seed| split_persons(persons(20), &[0.5, 0.5], seed).unwrap();
        assert_eq!(split(3), split(3));
        assert_ne!(split(3), split(4));
    }

    #[test]
    fn held_out_dialogues_leave_both_sides() {
        let said = ["hi .", "hello .", "how are you ?", "fine ."];
        let view = |id: &str, first: Role, messages: std::ops::Range<usize>| {
            let second = if first == Role::User { Role::Assistant } else { Role::User };
            let roles = [first, second].into_iter().cycle();
            let all = roles.zip(said).map(|(role, text)| Utterance::new(role, text));
            let messages = all.skip(messages.start).take(messages.len()).collect();
            Session { id: id.to_owned(), messages, ..Session::default() }
        };
        let person = |id: &str, sessions| Person { id: id.to_owned(), sessions };
        let mut other = view("d2", Role::User, 0..4);
        other.messages[1].content.push_str(" it rains .");
        let ada = person("ada", vec![view("d1:b", Role::User, 0..4)]);
        let bo = person("bo", vec![view("d1:a", Role::Assistant, 0..3), other.clone()]);
        let cy = person("cy", vec![view("export", Role::Assistant, 1..4)]);
        let mut learnt = vec![bo, cy, person("di", vec![])];
        assert_eq!(remove_dialogues_of(&mut learnt, &[ada]), 2);
        assert_eq!(learnt, [person("bo", vec![other]), person("di", vec![])]);
    }

    #[test]
    fn borders_at_halves_go_the_same_way() {
        let fractions = [3.0, 6.0, 6.0, 7.0].map(|weight| weight / 22.0);
        let parts = split_persons(persons(55), &fractions, 0).unwrap();
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [8, 15, 15, 17]);
    }

    proptest! {
        #[test]
        fn everybody_is_in_one_part(
            n in 0_usize..60,
            weights in prop::collection::vec(0_u32..10, 1..5),
            seed: u64,
        ) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let fractions: Vec<f64> =
                weights.iter().map(|&w| f64::from(w) / f64::from(total)).collect();
            let parts = split_persons(persons(n), &fractions, seed).unwrap();
            for (part, fraction) in parts.iter().zip(&fractions) {
                prop_assert!((part.len() as f64 - fraction * n as f64).abs() <= 1.0);
                prop_assert!(part.is_sorted_by_key(|p| &p.id));
            }
            let mut all: Vec<_> = parts.concat();
            all.sort_by(|a, b| a.id.cmp(&b.id));
            prop_assert_eq!(all, persons(n));
        }
    }
}
