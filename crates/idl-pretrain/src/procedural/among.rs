//! Invented sessions among real talk.

use idl_dialogue::{Person, Role, Session, Utterance};
use rand::Rng;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::person::ProceduralPerson;

/// The most real exchanges that go into one session.
const MOST: usize = 6;

impl ProceduralPerson {
    /// The person with exchanges of `talk` between their own: session `i` takes
    /// up to six successive ones of `talk[i]`, round and round where there are
    /// fewer. The order of either side stays, so that facts and real
    /// conversation take turns. Without `talk` the person stays as they are.
    ///
    /// What is taken is put in as it stands: it may contradict a fact, as
    /// people do.
    ///
    /// ```
    /// use idl_dialogue::{Session, Utterance};
    /// use idl_pretrain::ProceduralParams;
    ///
    /// let real = Session {
    ///     messages: vec![Utterance::user("how is the sea ?"), Utterance::assistant("cold .")],
    ///     ..Session::default()
    /// };
    /// let invented = ProceduralParams::default().person(1, 0)?;
    /// let person = invented.among(&[&real], 1);
    /// for (session, pure) in person.sessions.iter().zip(&invented.person.sessions) {
    ///     assert_eq!(session.messages.len(), pure.messages.len() + 2);
    ///     assert!(session.messages.iter().any(|m| m.content == "cold ."));
    /// }
    /// # Ok::<(), idl_pretrain::Error>(())
    /// ```
    #[must_use]
    pub fn among(&self, talk: &[&Session], seed: u64) -> Person {
        let mut person = self.person.clone();
        if talk.is_empty() {
            return person;
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        for (session, real) in person.sessions.iter_mut().zip(talk.iter().cycle()) {
            session.messages = woven(&session.messages, &real.messages, &mut rng);
        }
        person
    }
}

/// Both in their own order, in turns at random.
fn woven(own: &[Utterance], real: &[Utterance], rng: &mut impl Rng) -> Vec<Utterance> {
    let real = exchanges(real);
    let count = real.len().min(MOST);
    let from = rng.gen_range(0..=real.len() - count);
    let mut real = real[from..from + count].iter().copied().peekable();
    let mut own = exchanges(own).into_iter().peekable();
    let mut messages = Vec::new();
    loop {
        let (left, right) = (own.len(), real.len());
        let next = match left + right {
            0 => return messages,
            all if rng.gen_range(0..all) < left => own.next(),
            _ => real.next(),
        };
        messages.extend(next.into_iter().flatten().cloned());
    }
}

/// What the partner says, with the person's answer.
fn exchanges(messages: &[Utterance]) -> Vec<&[Utterance]> {
    let mut found = Vec::new();
    let mut rest = messages;
    while let [first, second, ..] = rest {
        if (first.role, second.role) == (Role::User, Role::Assistant) {
            found.push(&rest[..2]);
            rest = &rest[2..];
        } else {
            rest = &rest[1..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedural::params::ProceduralParams;

    fn talk(first: Role, n: usize) -> Session {
        let second = if first == Role::User { Role::Assistant } else { Role::User };
        let roles = [first, second].into_iter().cycle();
        let messages =
            roles.take(n).enumerate().map(|(i, role)| Utterance::new(role, i.to_string()));
        Session { messages: messages.collect(), ..Session::default() }
    }

    #[test]
    fn both_sides_keep_their_order_and_their_turns() {
        let invented = ProceduralParams::default().person(3, 1).unwrap();
        let (long, odd) = (talk(Role::User, 30), talk(Role::Assistant, 8));
        let person = invented.among(&[&long, &odd], 5);
        assert_eq!(person, invented.among(&[&long, &odd], 5));
        assert_ne!(person, invented.among(&[&long, &odd], 6));
        for (number, (session, pure)) in
            person.sessions.iter().zip(&invented.person.sessions).enumerate()
        {
            let is_real = |m: &&Utterance| m.content.parse::<usize>().is_ok();
            let real: Vec<usize> = session
                .messages
                .iter()
                .filter(is_real)
                .map(|m| m.content.parse().unwrap())
                .collect();
            // Of the second, which the person opens, 1 to 6 are exchanges.
            assert_eq!(real.len(), if number % 2 == 0 { 2 * MOST } else { 6 });
            assert!(real.windows(2).all(|pair| pair[1] == pair[0] + 1), "{real:?}");
            let own: Vec<_> = session.messages.iter().filter(|m| !is_real(m)).collect();
            assert_eq!(own, pure.messages.iter().collect::<Vec<_>>());
            assert!(
                session
                    .messages
                    .chunks(2)
                    .all(|pair| pair[0].role == Role::User && pair[1].role == Role::Assistant)
            );
        }
        assert_eq!(invented.among(&[], 0), invented.person);
        assert_eq!(invented.among(&[&talk(Role::User, 1)], 0), invented.person);
    }
}
