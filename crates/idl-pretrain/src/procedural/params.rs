//! From a seed to a person.

use std::borrow::Cow;

use idl_dialogue::{Person, Session, Triple, Utterance};
use rand::Rng;
use rand::seq::SliceRandom;

use super::coined::{self, COINED};
use super::fact::{Fact, other_object};
use super::kinds::{KINDS, Kind};
use super::person::ProceduralPerson;
use super::phrases::{GOODBYES, GREETINGS, MANNERS, REACTIONS};
use crate::draw::{generator, pick};
use crate::error::{Result, require};

/// How many sessions, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProceduralParams {
    /// Sessions of a person (8).
    pub sessions: usize,
    /// Facts of a person (6), at most one of each of 10 kinds.
    pub facts: usize,
    /// Facts that come up in a session (3), at most all.
    pub topics: usize,
    /// Facts besides (0), at most one of each of 6 kinds, whose object is a
    /// name coined for this person: nothing but the sessions tells it.
    pub coined: usize,
}

impl Default for ProceduralParams {
    fn default() -> Self {
        ProceduralParams { sessions: 8, facts: 6, topics: 3, coined: 0 }
    }
}

impl ProceduralParams {
    /// Person number `index` of the endless row that belongs to `seed`: the
    /// same on every machine. O(messages).
    ///
    /// # Errors
    /// [`Error::InvalidSetting`](crate::Error::InvalidSetting) for more facts than there are kinds, or none at all.
    ///
    /// ```
    /// use idl_dialogue::Role;
    /// use idl_pretrain::ProceduralParams;
    ///
    /// let invented = ProceduralParams::default().person(1, 0)?;
    /// assert_eq!(invented.person.sessions.len(), 8);
    /// // Every fact is stated in some session.
    /// for fact in &invented.triples {
    ///     let mut said = invented.person.sessions.iter().flat_map(|s| s.said_by(Role::Assistant));
    ///     assert!(said.any(|text| text.contains(&fact.object)), "{fact}");
    /// }
    /// # Ok::<(), idl_pretrain::Error>(())
    /// ```
    pub fn person(&self, seed: u64, index: u64) -> Result<ProceduralPerson> {
        for (name, expected, number, kinds) in [
            ("facts", "up to 10, one of each kind", self.facts, KINDS),
            ("coined", "up to 6, one of each kind", self.coined, COINED),
        ] {
            require(number <= kinds.len(), name, number as f64, expected)?;
        }
        require(self.facts + self.coined > 0, "facts", 0.0, "at least 1 where `coined` is 0")?;
        let mut rng = generator(seed, index);
        let mut facts = facts(&mut rng, self.facts);
        facts.extend(coined(&mut rng, self.coined));
        let manner = pick(MANNERS, &mut rng);
        let id = format!("procedural-{seed}-{index}");
        // Facts go round, so that each comes up as often as the others.
        let mut row: Vec<usize> = Vec::new();
        let sessions = (0..self.sessions)
            .map(|number| {
                let mut topics: Vec<usize> = Vec::new();
                while topics.len() < self.topics.min(facts.len()) {
                    match row.iter().rposition(|t| !topics.contains(t)) {
                        Some(position) => topics.push(row.remove(position)),
                        None => {
                            let mut next: Vec<usize> = (0..facts.len()).collect();
                            next.shuffle(&mut rng);
                            next.append(&mut row);
                            row = next;
                        }
                    }
                }
                let messages = session(&mut facts, &topics, manner, &mut rng);
                Session { id: format!("{id}:{number}"), messages, ..Session::default() }
            })
            .collect();
        let triples = facts.iter().map(|f| Triple::new("i", f.kind.relation, &*f.object)).collect();
        Ok(ProceduralPerson { person: Person { id, sessions }, triples })
    }
}

/// Some of `kinds`, at random.
fn some(rng: &mut impl Rng, count: usize, kinds: &'static [Kind]) -> Vec<&'static Kind> {
    let mut kinds: Vec<&Kind> = kinds.iter().collect();
    kinds.shuffle(rng);
    kinds.truncate(count);
    kinds
}

fn facts(rng: &mut impl Rng, count: usize) -> Vec<Fact> {
    let kinds = some(rng, count, KINDS).into_iter();
    kinds
        .map(|kind| {
            let (object, hint) = pick(kind.values, rng);
            Fact::new(kind, Cow::Borrowed(object), hint)
        })
        .collect()
}

fn coined(rng: &mut impl Rng, count: usize) -> Vec<Fact> {
    let kinds = some(rng, count, COINED).into_iter();
    kinds.map(|kind| Fact::new(kind, Cow::Owned(coined::name(rng)), "")).collect()
}

/// The messages of one session. A fact that has not come up before is stated
/// outright.
fn session(
    facts: &mut [Fact],
    topics: &[usize],
    manner: (&str, &str),
    rng: &mut impl Rng,
) -> Vec<Utterance> {
    let (hello, answer) = pick(GREETINGS, rng);
    let mut messages =
        vec![Utterance::user(hello), Utterance::assistant(in_manner(answer, manner, rng))];
    for &topic in topics {
        let fact = &mut facts[topic];
        let question = pick(fact.kind.questions, rng);
        // A partner who tells of themself first: what they are, the person is
        // not.
        let asked = if rng.gen_bool(0.4) {
            let object = other_object(fact, rng);
            format!("{} {question}", pick(fact.kind.remarks, rng).replace("{o}", &object))
        } else {
            question.to_owned()
        };
        let outright = !fact.told || rng.gen_bool(0.5);
        let text = if outright { fact.state(rng) } else { fact.come_back(rng) };
        fact.told = true;
        messages.push(Utterance::user(asked));
        messages.push(Utterance::assistant(in_manner(&text, manner, rng)));
        if rng.gen_bool(0.6) {
            messages.push(Utterance::user(pick(REACTIONS, rng)));
            let more = fact.come_back(rng);
            messages.push(Utterance::assistant(in_manner(&more, manner, rng)));
        }
    }
    let (bye, answer) = pick(GOODBYES, rng);
    messages.push(Utterance::user(bye));
    messages.push(Utterance::assistant(in_manner(answer, manner, rng)));
    messages
}

/// Most of what a person says shows their manner.
fn in_manner(text: &str, (before, after): (&str, &str), rng: &mut impl Rng) -> String {
    if !rng.gen_bool(0.7) {
        return text.to_owned();
    }
    let parts = [before, text, after];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use idl_dialogue::Role;

    fn persons(n: u64) -> Vec<ProceduralPerson> {
        (0..n).map(|i| ProceduralParams::default().person(7, i).unwrap()).collect()
    }

    #[test]
    fn a_seed_and_an_index_fix_the_person() {
        assert_eq!(persons(3), persons(3));
        let all = persons(200);
        let distinct: HashSet<_> = all.iter().map(|p| format!("{:?}", p.triples)).collect();
        assert_eq!(distinct.len(), all.len(), "persons repeat");
    }

    #[test]
    fn facts_recur_in_several_sessions_in_other_words() {
        for ProceduralPerson { person, triples } in persons(50) {
            for fact in &triples {
                let about: Vec<&str> = person
                    .sessions
                    .iter()
                    .flat_map(|s| s.said_by(Role::Assistant))
                    .filter(|text| text.contains(&fact.object))
                    .collect();
                assert!(!about.is_empty(), "{}: {fact} is never stated", person.id);
            }
            // 8 sessions of 3 topics over 6 facts: each comes up 4 times.
            let said: Vec<&str> =
                person.sessions.iter().flat_map(|s| s.said_by(Role::Assistant)).collect();
            let distinct: HashSet<_> = said.iter().collect();
            assert!(distinct.len() * 10 > said.len() * 6, "{}: {said:?}", person.id);
        }
    }

    #[test]
    fn partners_never_claim_the_persons_facts() {
        for ProceduralPerson { person, triples } in persons(50) {
            for text in person.sessions.iter().flat_map(|s| s.said_by(Role::User)) {
                for fact in &triples {
                    assert!(!text.contains(&format!(" {} ", fact.object)), "{text}: {fact}");
                }
            }
        }
    }

    #[test]
    fn sessions_are_dialogues() {
        let ids: HashSet<_> =
            persons(20).iter().flat_map(|p| p.person.sessions.clone()).map(|s| s.id).collect();
        assert_eq!(ids.len(), 160);
        for person in persons(20) {
            for session in &person.person.sessions {
                for pair in session.messages.windows(2) {
                    assert_ne!(pair[0].role, pair[1].role, "{}", session.id);
                }
                assert!(session.messages.len() >= 10);
                assert!(session.messages.iter().all(|m| !m.content.contains('{')), "{session:?}");
            }
        }
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let coined = ProceduralParams { coined: 7, ..ProceduralParams::default() };
        assert!(coined.person(0, 0).unwrap_err().to_string().contains("coined"));
        for facts in [0, 11] {
            let params = ProceduralParams { facts, ..ProceduralParams::default() };
            let error = params.person(0, 0).unwrap_err().to_string();
            assert!(error.contains("facts") && error.contains(&facts.to_string()), "{error}");
        }
        let few = ProceduralParams { sessions: 0, facts: 10, topics: 99, coined: 6 }
            .person(0, 0)
            .unwrap();
        assert!(few.person.sessions.is_empty());
    }

    #[test]
    fn coined_names_recur_and_are_nobody_elses() {
        let params = ProceduralParams { facts: 0, coined: 6, ..ProceduralParams::default() };
        let mut names = HashSet::new();
        for index in 0..100 {
            let ProceduralPerson { person, triples } = params.person(9, index).unwrap();
            for fact in &triples {
                names.insert(fact.object.clone());
                let said = person.sessions.iter().flat_map(|s| s.said_by(Role::Assistant));
                let about: HashSet<&str> =
                    said.filter(|text| text.contains(&fact.object)).collect();
                assert!(about.len() >= 3, "{}: {fact}: {about:?}", person.id);
            }
        }
        assert!(names.len() > 595, "{} names for 600 facts", names.len());
        for kind in COINED {
            let phrases = kind.statements.iter().chain(kind.returns).chain(kind.remarks);
            assert!(phrases.into_iter().all(|phrase| phrase.contains("{o}")), "{}", kind.relation);
        }
    }

    #[test]
    fn every_value_can_be_told_from_the_others_of_its_kind() {
        for kind in KINDS {
            let objects: HashSet<_> = kind.values.iter().map(|v| v.0).collect();
            let hints: HashSet<_> = kind.values.iter().map(|v| v.1).collect();
            assert_eq!((objects.len(), hints.len()), (kind.values.len(), kind.values.len()));
            for phrase in kind.statements.iter().chain(kind.remarks) {
                assert!(phrase.contains("{o}"), "{phrase}");
            }
            for phrase in kind.returns {
                assert!(phrase.contains("{h}"), "{phrase}");
            }
        }
    }
}
