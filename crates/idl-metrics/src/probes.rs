//! Persona-fact accuracy on idl-dialogue's invented people.

use idl_dialogue::EmbeddedPerson;

use crate::{Condition, Error, FactAccuracy, Result, names_object};

/// Judges a model's replies to the probe questions of `people`, where
/// `replies[i][j]` answers question `j` of person `i` with that person's
/// sessions before it.
///
/// [`Condition::Own`] holds a reply against the person's own fact. The chance
/// row, [`Condition::Other`], holds against the same fact what every *other*
/// person's model replies to its question about that relation (to any
/// question, where nobody else is asked about it): the share of those replies
/// that name it is what answering as somebody else would score, at no further
/// cost. A model that replies the same whoever it speaks for scores the same
/// on both. (Replies to the very question with somebody else's sessions, or
/// with none, go to [`FactAccuracy::add`].)
///
/// Time O(P²) for P questions.
///
/// ```
/// use idl_metrics::{Condition, probe_accuracy};
///
/// let people = idl_dialogue::embedded()?;
/// // A model that knows everything: it replies with the answers.
/// let replies: Vec<Vec<String>> = people
///     .iter()
///     .map(|p| p.probes.iter().map(|probe| format!("{} .", probe.answer)).collect())
///     .collect();
/// let facts = probe_accuracy(people, &replies)?;
/// assert_eq!(facts.mean(Condition::Own), Some(1.0));
/// assert!(facts.mean(Condition::Other) < Some(0.1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Lengths`] where persons or questions and replies differ in number,
/// and those of [`FactAccuracy::add`].
pub fn probe_accuracy(people: &[EmbeddedPerson], replies: &[Vec<String>]) -> Result<FactAccuracy> {
    let same = |what, left, right| {
        if left == right { Ok(()) } else { Err(Error::Lengths { what, left, right }) }
    };
    same("persons", people.len(), replies.len())?;
    let mut asked = Vec::new();
    for (person, replies) in people.iter().zip(replies) {
        same("probe questions and replies", person.probes.len(), replies.len())?;
        asked.extend(person.probes.iter().zip(replies).map(|(p, r)| (&person.person.id, p, r)));
    }
    let mut facts = FactAccuracy::default();
    for &(person, probe, reply) in &asked {
        facts.add(person, Condition::Own, reply, &probe.answer)?;
        let others = || asked.iter().filter(|(other, ..)| *other != person);
        let about_it = || others().filter(|(_, asked, _)| asked.relation == probe.relation);
        let share = |replies: &mut dyn Iterator<Item = &String>| {
            let named: Vec<bool> = replies.map(|r| names_object(r, &probe.answer)).collect();
            let hits = named.iter().filter(|&&n| n).count();
            (!named.is_empty()).then(|| hits as f64 / named.len() as f64)
        };
        let chance = share(&mut about_it().map(|(.., reply)| *reply))
            .or_else(|| share(&mut others().map(|(.., reply)| *reply)));
        if let Some(chance) = chance {
            facts.add_share(person, Condition::Other, chance)?;
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(of: impl Fn(usize, usize) -> String) -> Vec<Vec<String>> {
        let people = idl_dialogue::embedded().unwrap();
        let all = people.iter().enumerate();
        all.map(|(i, p)| (0..p.probes.len()).map(|j| of(i, j)).collect()).collect()
    }

    #[test]
    fn one_reply_for_all_scores_its_own_chance_level() {
        let people = idl_dialogue::embedded().unwrap();
        let tea = replies(|_, _| "i like strong tea and my dog .".to_owned());
        let facts = probe_accuracy(people, &tea).unwrap();
        // Whose sessions are read makes no difference to this model.
        let difference = facts.own_minus_other();
        assert!(!difference.persons.is_empty());
        assert!(difference.mean().unwrap().abs() < 1e-12);
        let nothing = probe_accuracy(people, &replies(|_, _| String::new())).unwrap();
        assert_eq!(nothing.mean(Condition::Own), Some(0.0));
    }

    #[test]
    fn a_missing_reply_is_an_error() {
        let people = idl_dialogue::embedded().unwrap();
        let mut short = replies(|_, _| String::new());
        short[3].pop();
        assert!(matches!(probe_accuracy(people, &short), Err(Error::Lengths { .. })));
        assert!(matches!(probe_accuracy(people, &short[1..]), Err(Error::Lengths { .. })));
    }
}
