//! The draws: a rejected reply, and a criterion of each kind.

use idl_dialogue::Triple;
use idl_persona_ext::{contains_object, replace_object};
use rand::Rng;
use rand::seq::SliceRandom;

use super::compare::differs;
use super::said::{Said, fact};
use super::turn::Turn;

/// `m` of the paper: how many of the most similar utterances fabrication draws
/// from.
pub(super) const NEIGHBOURS: usize = 100;

/// How many tries a random draw has before it is given up.
const TRIES: usize = 50;

impl Said {
    pub(super) fn distractor(&self, turn: &Turn<'_>, rng: &mut impl Rng) -> Option<String> {
        (0..TRIES)
            .filter_map(|_| self.utterances.choose(rng))
            .find(|u| u.person != turn.person && !turn.says(&u.text))
            .map(|u| u.text.clone())
    }

    pub(super) fn inconsistency(&self, turn: &Turn<'_>, rng: &mut impl Rng) -> Option<String> {
        let own = &self.facts[turn.person].objects;
        let mut triples: Vec<&Triple> = turn.triples.iter().collect();
        triples.shuffle(rng);
        triples.into_iter().find_map(|t| {
            let key = (t.subject.to_lowercase(), t.relation.clone());
            let mine = own.get(&t.relation);
            let others: Vec<&String> = self
                .objects
                .get(&key)?
                .iter()
                // Neither one of the person's objects nor a part of one.
                .filter(|&o| {
                    mine.is_none_or(|mine| {
                        mine.iter().all(|m| !contains_object(m, o) && !contains_object(o, m))
                    })
                })
                .collect();
            replace_object(turn.chosen, &t.object, others.choose(rng)?)
        })
    }

    pub(super) fn fabrication(
        &self,
        turn: &Turn<'_>,
        rejected: &str,
        rng: &mut impl Rng,
    ) -> Option<String> {
        let own = &self.facts[turn.person].facts;
        let mut near: Vec<(f32, usize)> = self
            .utterances
            .iter()
            .enumerate()
            .filter(|(_, u)| u.person != turn.person && !u.triples.is_empty())
            .filter(|(_, u)| u.triples.iter().all(|t| !own.contains(&fact(t))))
            .filter(|(_, u)| !turn.says(&u.text))
            .map(|(row, _)| (turn.embedding.dot(&self.embeddings.row(row)), row))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near.truncate(NEIGHBOURS);
        // In an order that knows nothing of the rejected reply.
        near.shuffle(rng);
        let texts = near.into_iter().map(|(_, row)| &self.utterances[row].text);
        texts.into_iter().find(|text| differs(text, rejected)).cloned()
    }

    pub(super) fn inversion(&self, turn: &Turn<'_>, rejected: &str) -> Option<String> {
        self.partners[turn.person]
            .iter()
            .filter(|u| differs(&u.text, turn.chosen) && differs(&u.text, rejected))
            .filter(|u| turn.has_heard(u))
            .map(|u| (turn.embedding.dot(&self.partner_embeddings.row(u.row)), &u.text))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
            .map(|(_, text)| text.clone())
    }
}
