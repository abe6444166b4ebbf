//! Persons of several sides.

use idl_dialogue::Person;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// What stands between the ids of the sides in the id of a joined person.
const BETWEEN: &str = "+";

/// Joins `n` persons at a time into one, drawn by the seed; those that are left
/// over are left out. `O(sessions)`.
///
/// A person of a corpus such as ConvAI2 has one profile, so that any of their
/// sessions serves a dialogue as well as another. A joined person has several
/// sides, and a dialogue belongs to one of them: a choice of sessions has something
/// to choose, and is right or wrong. The sides' sessions stand one after the other
/// under their own ids.
///
/// ```
/// use idl_corpora::join_sides;
/// use idl_dialogue::{Person, Session};
///
/// let session = |id: &str| Session { id: id.into(), ..Session::default() };
/// let person = |id: &str| Person { id: id.into(), sessions: vec![session(id)] };
/// let joined = join_sides(vec![person("ada"), person("bo"), person("cleo")], 2, 7);
/// assert_eq!(joined.len(), 1);
/// assert_eq!(joined[0].sessions.len(), 2);
/// ```
#[must_use]
pub fn join_sides(persons: Vec<Person>, n: usize, seed: u64) -> Vec<Person> {
    if n == 0 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..persons.len()).collect();
    order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    order.chunks_exact(n).map(|sides| joined(sides.iter().map(|&side| &persons[side]))).collect()
}

fn joined<'a>(sides: impl Iterator<Item = &'a Person>) -> Person {
    let (mut ids, mut sessions) = (Vec::new(), Vec::new());
    for side in sides {
        ids.push(side.id.as_str());
        sessions.extend(side.sessions.iter().cloned());
    }
    Person { id: ids.join(BETWEEN), sessions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idl_dialogue::Session;

    fn persons(n: usize) -> Vec<Person> {
        let session = |id: String| Session { id, ..Session::default() };
        let person = |i: usize| Person {
            id: format!("p{i}"),
            sessions: (0..=i % 3).map(|s| session(format!("p{i}-{s}"))).collect(),
        };
        (0..n).map(person).collect()
    }

    #[test]
    fn everybody_is_a_side_once_but_for_those_left_over() {
        let joined = join_sides(persons(11), 4, 3);
        assert_eq!(joined.len(), 2);
        let mut ids: Vec<&str> = joined.iter().flat_map(|p| p.id.split(BETWEEN)).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 8);
        for person in &joined {
            let of_sides: Vec<&str> = person.id.split(BETWEEN).collect();
            assert!(of_sides.iter().all(|side| {
                let whole = persons(11).into_iter().find(|p| p.id == **side).unwrap();
                whole.sessions.iter().all(|s| person.sessions.contains(s))
            }));
        }
    }

    #[test]
    fn the_seed_decides_and_nothing_else() {
        assert_eq!(join_sides(persons(12), 3, 5), join_sides(persons(12), 3, 5));
        assert_ne!(join_sides(persons(12), 3, 5), join_sides(persons(12), 3, 6));
        assert!(join_sides(persons(3), 4, 0).is_empty());
        assert!(join_sides(persons(3), 0, 0).is_empty());
    }
}
