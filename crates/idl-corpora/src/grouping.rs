//! Who is who: sessions to persons.
//!
//! Corpora such as ConvAI2 do not name their persons; their profiles tell. One
//! person appears there with varying subsets of their sentences, so that equal
//! profiles alone break a person into fragments: [`shared_profile`] joins
//! profiles that have enough sentences in common.
//!
//! Persons are numbered in the order in which they first appear, sessions stay
//! in theirs: the same input gives the same persons, whatever the machine.

use std::collections::HashMap;

use idl_dialogue::{Person, Session, stable_hash};

use crate::error::{Error, Result};
use crate::text::normalized;
use crate::union::Union;

/// One person for each set of profile sentences.
///
/// Sentences are compared by their letters and digits, lower-cased; their order
/// does not count.
///
/// # Errors
/// A session without a profile.
pub fn exact_profile(sessions: Vec<Session>) -> Result<Vec<Person>> {
    Profiles::exact(sessions.iter().map(|s| &s.profile)).group(sessions)
}

/// One person for all profiles that share at least `n` sentences, directly or
/// through other profiles.
///
/// To look sessions up among the profiles of a larger set, use [`Profiles`].
///
/// # Errors
/// A session without a profile; `n` of 0.
///
/// ```
/// use idl_corpora::grouping::shared_profile;
/// use idl_dialogue::Session;
///
/// let session = |id: &str, profile: &[&str]| Session {
///     id: id.into(),
///     profile: profile.iter().map(|s| s.to_string()).collect(),
///     ..Session::default()
/// };
/// let persons = shared_profile(vec![
///     session("s0", &["i row.", "i bake bread."]),
///     session("s1", &["i have two owls."]),
///     session("s2", &["I bake bread .", "my car is red."]),
/// ], 1)?;
/// assert_eq!(persons.len(), 2);
/// assert_eq!(persons[0].sessions[1].id, "s2");
/// # Ok::<(), idl_corpora::Error>(())
/// ```
pub fn shared_profile(sessions: Vec<Session>, n: usize) -> Result<Vec<Person>> {
    Profiles::shared(sessions.iter().map(|s| &s.profile), n)?.group(sessions)
}

/// One person for each name that stands with the sessions.
pub fn by_id(sessions: impl IntoIterator<Item = (String, Session)>) -> Vec<Person> {
    let mut persons: Vec<Person> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (id, session) in sessions {
        let position = *positions.entry(id).or_insert_with_key(|id| {
            persons.push(Person { id: id.clone(), sessions: Vec::new() });
            persons.len() - 1
        });
        persons[position].sessions.push(session);
    }
    persons
}

/// Who a character is, where names alone do not tell: a world has many cooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Character {
    /// The name, with or without an article.
    pub name: String,
    /// How the character is described; empty where the name is enough.
    pub persona: String,
}

impl Character {
    /// What is compared of the name: lower-cased words, without an article in
    /// front.
    fn plain_name(&self) -> String {
        let lower = self.name.to_lowercase();
        let mut words: Vec<&str> = lower.split_whitespace().collect();
        if words.len() > 1 && matches!(words[0], "a" | "an" | "the") {
            words.remove(0);
        }
        words.join("-")
    }

    /// An id that is the same in every file and on every machine: the plain
    /// name and, where there is a persona, 16 hexadecimal digits for it.
    ///
    /// ```
    /// use idl_corpora::grouping::Character;
    ///
    /// let id = |name: &str, persona: &str| Character { name: name.into(), persona: persona.into() }.id();
    /// assert_eq!(id("The old Cook", ""), "old-cook");
    /// assert_eq!(id("a cook", "I cook ."), id("Cook", "i cook."));
    /// ```
    #[must_use]
    pub fn id(&self) -> String {
        let (name, persona) = (self.plain_name(), normalized(&self.persona));
        if persona.is_empty() {
            return name;
        }
        format!("{name}-{:016x}", stable_hash(persona.as_bytes()))
    }
}

/// One person for each character: for each name, compared in lower case and
/// without an article in front, and persona, compared by its letters and
/// digits. Ids are [`Character::id`].
pub fn by_character(sessions: impl IntoIterator<Item = (Character, Session)>) -> Vec<Person> {
    by_id(sessions.into_iter().map(|(character, session)| (character.id(), session)))
}

/// Which profiles are the same person's.
#[derive(Clone, Debug)]
pub struct Profiles {
    /// The number of each normalised sentence.
    sentences: HashMap<String, usize>,
    /// The person of each set of sentences, whose numbers ascend.
    person_of: HashMap<Vec<usize>, usize>,
    persons: usize,
}

impl Profiles {
    /// Equal sets of sentences are one person's. `O(total length)`.
    ///
    /// Profiles without any word are nobody's.
    pub fn exact<P: AsRef<[S]>, S: AsRef<str>>(profiles: impl IntoIterator<Item = P>) -> Self {
        let (sentences, sets) = distinct(profiles);
        let persons = sets.len();
        Profiles { sentences, person_of: sets.into_iter().zip(0..).collect(), persons }
    }

    /// Sets that have at least `n` sentences in common are one person's, and
    /// so are those that such steps connect. A profile of fewer than `n`
    /// sentences is joined to its equals only.
    ///
    /// `O(sum over sentences of the square of the number of different profiles
    /// that have it)` time; profiles without any word are nobody's.
    ///
    /// # Errors
    /// `n` of 0, which would make everybody one person.
    pub fn shared<P: AsRef<[S]>, S: AsRef<str>>(
        profiles: impl IntoIterator<Item = P>,
        n: usize,
    ) -> Result<Self> {
        if n == 0 {
            return Err(Error::Argument { name: "n", expected: "1 or more", found: "0".into() });
        }
        let (sentences, sets) = distinct(profiles);
        let mut union = Union::new();
        let mut sets_with = vec![Vec::new(); sentences.len()];
        let mut common: HashMap<usize, usize> = HashMap::new();
        for set in &sets {
            let this = union.push();
            common.clear();
            for &sentence in set {
                let earlier = &mut sets_with[sentence];
                for &other in earlier.iter() {
                    *common.entry(other).or_default() += 1;
                }
                earlier.push(this);
            }
            for (&other, _) in common.iter().filter(|&(_, &count)| count >= n) {
                union.join(this, other);
            }
        }
        let numbers = union.numbers();
        let persons = numbers.iter().max().map_or(0, |last| last + 1);
        Ok(Profiles { sentences, person_of: sets.into_iter().zip(numbers).collect(), persons })
    }

    /// The number of persons, those included who have no session.
    #[must_use]
    pub fn len(&self) -> usize {
        self.persons
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.persons == 0
    }

    /// The number of the person whose profile this is, below
    /// [`len`](Self::len), if it is among those that were grouped.
    pub fn person_of<S: AsRef<str>>(&self, profile: &[S]) -> Option<usize> {
        let set: Option<Vec<usize>> =
            normal_forms(profile).map(|sentence| self.sentences.get(&sentence).copied()).collect();
        self.person_of.get(&sorted_set(set?)).copied()
    }

    /// The persons who occur in `sessions`, in the order of their numbers; the
    /// id of number 7 is `person-7`.
    ///
    /// # Errors
    /// A session whose profile is empty or not among those that were grouped.
    pub fn group(&self, sessions: Vec<Session>) -> Result<Vec<Person>> {
        let mut sessions_of: Vec<Vec<Session>> = vec![Vec::new(); self.persons];
        for session in sessions {
            match self.person_of(&session.profile) {
                Some(person) => sessions_of[person].push(session),
                None if normal_forms(&session.profile).next().is_none() => {
                    return Err(Error::NoProfile { session: session.id });
                }
                None => return Err(Error::UnknownProfile { session: session.id }),
            }
        }
        let numbered = sessions_of.into_iter().enumerate();
        Ok(numbered
            .filter(|(_, sessions)| !sessions.is_empty())
            .map(|(number, sessions)| Person { id: format!("person-{number}"), sessions })
            .collect())
    }
}

/// The normal forms of a profile's sentences, those without a word left out.
fn normal_forms<S: AsRef<str>>(profile: &[S]) -> impl Iterator<Item = String> + '_ {
    profile.iter().map(|s| normalized(s.as_ref())).filter(|s| !s.is_empty())
}

fn sorted_set(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The different sentences, numbered, and the different sets of them in the
/// order in which they first appear.
fn distinct<P: AsRef<[S]>, S: AsRef<str>>(
    profiles: impl IntoIterator<Item = P>,
) -> (HashMap<String, usize>, Vec<Vec<usize>>) {
    let mut sentences: HashMap<String, usize> = HashMap::new();
    let mut number_of_set: HashMap<Vec<usize>, usize> = HashMap::new();
    for profile in profiles {
        let set = normal_forms(profile.as_ref()).map(|sentence| {
            let next = sentences.len();
            *sentences.entry(sentence).or_insert(next)
        });
        let set = sorted_set(set.collect());
        if !set.is_empty() {
            let next = number_of_set.len();
            number_of_set.entry(set).or_insert(next);
        }
    }
    let mut sets: Vec<_> = number_of_set.into_iter().collect();
    sets.sort_unstable_by_key(|&(_, number)| number);
    (sentences, sets.into_iter().map(|(set, _)| set).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn session(id: usize, profile: &[&str]) -> Session {
        let profile = profile.iter().map(ToString::to_string).collect();
        Session { id: id.to_string(), profile, ..Session::default() }
    }

    fn sessions(profiles: &[&[&str]]) -> Vec<Session> {
        profiles.iter().enumerate().map(|(id, profile)| session(id, profile)).collect()
    }

    /// The ids of the sessions of each person.
    fn ids(persons: &[Person]) -> Vec<Vec<&str>> {
        persons.iter().map(|p| p.sessions.iter().map(|s| s.id.as_str()).collect()).collect()
    }

    const PROFILES: &[&[&str]] = &[
        &["i row.", "i bake.", "i sing."],
        &["i ski.", "i paint."],
        &["I bake .", "i sing", "i dig."],
        &["I sing!", "i bake.", "i  row"],
        &["i dig.", "i sing.", "i hum."],
    ];

    #[test]
    fn exact_profiles_are_sets_of_normalised_sentences() {
        let persons = exact_profile(sessions(PROFILES)).unwrap();
        assert_eq!(ids(&persons), [vec!["0", "3"], vec!["1"], vec!["2"], vec!["4"]]);
        assert_eq!(persons[3].id, "person-3");
    }

    #[test]
    fn shared_profiles_join_transitively() {
        let persons = shared_profile(sessions(PROFILES), 2).unwrap();
        assert_eq!(ids(&persons), [vec!["0", "2", "3", "4"], vec!["1"]]);
        let persons = shared_profile(sessions(PROFILES), 3).unwrap();
        assert_eq!(ids(&persons), [vec!["0", "3"], vec!["1"], vec!["2"], vec!["4"]]);
    }

    #[test]
    fn a_sentence_said_twice_is_shared_once() {
        let twice = sessions(&[&["i row.", "i row !", "i ski."], &["i row.", "i row", "i dig."]]);
        assert_eq!(shared_profile(twice, 2).unwrap().len(), 2);
    }

    #[test]
    fn a_larger_set_of_profiles_connects_and_counts() {
        let profiles = Profiles::shared(PROFILES, 2).unwrap();
        assert_eq!(profiles.len(), 2);
        assert_eq!(profiles.person_of(&["i paint.", "i ski."]), Some(1));
        assert_eq!(profiles.person_of(&["i paint."]), None);
        let some = profiles.group(sessions(&PROFILES[4..])).unwrap();
        assert_eq!(some[0].id, "person-0");
        let unknown = profiles.group(sessions(&[&["i fly."]])).unwrap_err();
        assert!(matches!(unknown, Error::UnknownProfile { .. }));
    }

    #[test]
    fn nobody_is_made_of_empty_profiles() {
        for profile in [&[][..], &["", " ... "]] {
            let error = shared_profile(sessions(&[profile]), 1).unwrap_err();
            assert!(matches!(error, Error::NoProfile { .. }));
        }
        assert!(matches!(shared_profile(vec![], 0), Err(Error::Argument { .. })));
        assert!(shared_profile(vec![], 1).unwrap().is_empty());
        assert!(Profiles::exact([["..."]]).is_empty());
    }

    #[test]
    fn by_id_keeps_the_order() {
        let named = ["b", "a", "b"].into_iter().enumerate();
        let persons = by_id(named.map(|(i, name)| (name.to_owned(), session(i, &[]))));
        assert_eq!(persons[0].id, "b");
        assert_eq!(ids(&persons), [vec!["0", "2"], vec!["1"]]);
    }

    #[test]
    fn characters_are_names_without_articles_and_personas() {
        let of =
            |name: &str, persona: &str| Character { name: name.into(), persona: persona.into() };
        let characters = [
            of("the cook", "I cook at the inn."),
            of("A  Cook", "i cook at the inn"),
            of("cook", "I am new here."),
            of("the", "I cook at the inn."),
            of("cook", ""),
        ];
        let named = characters.into_iter().enumerate();
        let persons = by_character(named.map(|(i, who)| (who, session(i, &[]))));
        assert_eq!(ids(&persons), [vec!["0", "1"], vec!["2"], vec!["3"], vec!["4"]]);
        assert_eq!(persons[0].id, "cook-d0d596328c55ae52");
        assert_eq!(persons[3].id, "cook");
    }

    proptest! {
        /// The same persons as by comparing all pairs and closing transitively.
        #[test]
        fn shared_agrees_with_all_pairs(
            profiles in prop::collection::vec(prop::collection::btree_set("[a-h]", 1..5), 0..12),
            n in 1_usize..4,
        ) {
            let count = profiles.len();
            let mut same = vec![vec![false; count]; count];
            for i in 0..count {
                for j in 0..count {
                    same[i][j] = profiles[i] == profiles[j]
                        || profiles[i].intersection(&profiles[j]).count() >= n;
                }
            }
            for k in 0..count {
                for i in 0..count {
                    for j in 0..count {
                        same[i][j] |= same[i][k] && same[k][j];
                    }
                }
            }
            let lists: Vec<Vec<_>> = profiles.iter().map(|p| p.iter().cloned().collect()).collect();
            let grouped = Profiles::shared(&lists, n).unwrap();
            for i in 0..count {
                for j in 0..count {
                    let together = grouped.person_of(&lists[i]) == grouped.person_of(&lists[j]);
                    prop_assert_eq!(together, same[i][j]);
                }
            }
        }
    }
}
