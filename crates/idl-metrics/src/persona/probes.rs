//! Accuracy on questions about persons' facts.

use crate::Result;
use crate::likelihood::Condition;
use crate::persona::{FactAccuracy, names_object};

/// A model's reply to a question that a fact about a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeReply<'a> {
    /// The person asked, whose sessions stand before the question.
    pub person: &'a str,
    /// What the question is about: the relation of the fact.
    pub relation: &'a str,
    /// The object of the fact.
    pub answer: &'a str,
    /// What the model says.
    pub reply: &'a str,
}

/// Judges a model's replies to questions about several persons.
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
/// use idl_metrics::likelihood::Condition;
/// use idl_metrics::persona::{ProbeReply, probe_accuracy};
///
/// let asked = |person, answer, reply| ProbeReply { person, relation: "have_pet", answer, reply };
/// let facts = probe_accuracy(&[
///     asked("ada", "owls", "two owls ."),
///     asked("bo", "pony", "a pony ."),
///     asked("cy", "cat", "owls , i think ."),
/// ])?;
/// // Of the two others, one says that they have owls.
/// assert_eq!(facts.mean(Condition::Own), Some(2.0 / 3.0));
/// assert_eq!(facts.mean(Condition::Other), Some(0.5 / 3.0));
/// # Ok::<(), idl_metrics::Error>(())
/// ```
///
/// # Errors
/// Those of [`FactAccuracy::add`].
pub fn probe_accuracy(asked: &[ProbeReply<'_>]) -> Result<FactAccuracy> {
    let mut facts = FactAccuracy::default();
    for probe in asked {
        facts.add(probe.person, Condition::Own, probe.reply, probe.answer)?;
        let others = || asked.iter().filter(|other| other.person != probe.person);
        let about_it = || others().filter(|other| other.relation == probe.relation);
        let share = |others: &mut dyn Iterator<Item = &ProbeReply<'_>>| {
            let named: Vec<bool> = others.map(|o| names_object(o.reply, probe.answer)).collect();
            let hits = named.iter().filter(|&&n| n).count();
            (!named.is_empty()).then(|| hits as f64 / named.len() as f64)
        };
        if let Some(chance) = share(&mut about_it()).or_else(|| share(&mut others())) {
            facts.add_share(probe.person, Condition::Other, chance)?;
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(person: &'a str, relation: &'a str, answer: &'a str) -> ProbeReply<'a> {
        ProbeReply { person, relation, answer, reply: "" }
    }

    fn people() -> [ProbeReply<'static>; 5] {
        [
            asked("ada", "have_pet", "owls"),
            asked("ada", "like_drink", "tea"),
            asked("bo", "have_pet", "dog"),
            asked("bo", "like_drink", "milk"),
            asked("cy", "has_profession", "baker"),
        ]
    }

    #[test]
    fn one_reply_for_all_scores_its_own_chance_level() {
        let tea = people().map(|p| ProbeReply { reply: "i like strong tea and my dog .", ..p });
        let facts = probe_accuracy(&tea).unwrap();
        // Whose sessions are read makes no difference to this model.
        assert_eq!(facts.mean(Condition::Own), Some(1.0 / 3.0));
        let difference = facts.own_minus_other();
        assert_eq!(difference.persons.len(), 3);
        assert!(difference.mean().unwrap().abs() < 1e-12);
        let nothing = probe_accuracy(&people()).unwrap();
        assert_eq!(nothing.mean(Condition::Own), Some(0.0));
    }

    #[test]
    fn where_nobody_else_is_asked_about_it_every_reply_of_others_counts() {
        let mut all = people();
        all[0].reply = "ask the baker .";
        // One of four replies of others names the trade, none of which is
        // about it.
        let facts = probe_accuracy(&all).unwrap();
        assert_eq!(facts.mean(Condition::Other), Some(0.25 / 3.0));
    }
}
