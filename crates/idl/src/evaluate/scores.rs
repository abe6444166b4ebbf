//! What a system made of persons.

use idl_dialogue::Person;
use idl_lm::CausalLm;
use idl_metrics::likelihood::Condition;
use idl_metrics::ranking::hits_at_k;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::pair::Pair;
use super::targets::EvaluationTarget;
use crate::error::{Error, Result};

/// What a system made of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonScores {
    /// The person's id.
    pub person: String,
    /// Summed negative log-likelihood of the replies in nats, in the order of
    /// [`Condition::ALL`].
    pub nll: [f64; 3],
    /// Tokens of the replies, the same under all three.
    pub tokens: usize,
    /// Replies that were ranked among distractors with the own sessions.
    pub ranked: usize,
    /// Of them, those with the highest mean log-probability; ties are misses.
    pub hits: usize,
    /// Replies with a criterion and a rejected reply beside the true one.
    pub alternatives: usize,
    /// How many of their texts (true, criterion, rejected) stand verbatim in a
    /// prompt, behind own or other sessions: no pair has them.
    pub verbatim: [usize; 3],
    /// The pairs that remain, in the order of [`Pair::ALL`].
    pub pairs: [usize; 3],
    /// Of them, the correctly ordered ones by mean log-probability a token:
    /// first in the order of [`Condition::ALL`], then in that of [`Pair::ALL`].
    /// Ties are misses.
    pub order: [[usize; 3]; 3],
}

impl PersonScores {
    /// Negative log-likelihood a token.
    #[must_use]
    pub fn nll_per_token(&self, sessions: Condition) -> f64 {
        self.nll[sessions as usize] / self.tokens.max(1) as f64
    }

    /// How much worse another person's sessions serve: other minus own.
    #[must_use]
    pub fn sensitivity(&self) -> f64 {
        self.nll_per_token(Condition::Other) - self.nll_per_token(Condition::Own)
    }

    /// How much worse no sessions serve: none minus own.
    #[must_use]
    pub fn gain_over_none(&self) -> f64 {
        self.nll_per_token(Condition::None) - self.nll_per_token(Condition::Own)
    }

    /// The share of ranked replies that came first, where any was ranked.
    #[must_use]
    pub fn hits_at_1(&self) -> Option<f64> {
        (self.ranked > 0).then(|| self.hits as f64 / self.ranked as f64)
    }

    /// The share of correctly ordered pairs of one kind, where there are any.
    #[must_use]
    pub fn order_accuracy(&self, pair: Pair, sessions: Condition) -> Option<f64> {
        let of = self.pairs[pair as usize];
        let right = self.order[sessions as usize][pair as usize];
        (of > 0).then(|| right as f64 / of as f64)
    }

    /// The same behind own minus behind other sessions: what the person's own
    /// bring to the order. Nothing of it is copied.
    #[must_use]
    pub fn order_gain(&self, pair: Pair) -> Option<f64> {
        let [own, other] =
            [Condition::Own, Condition::Other].map(|sessions| self.order_accuracy(pair, sessions));
        Some(own? - other?)
    }
}

/// Scores the targets with whatever adapter of `model` is active; `progress` is
/// called after each target with how many are done.
///
/// # Errors
/// [`Error::Evaluation`] for targets of other persons; the model's.
pub fn evaluate(
    model: &CausalLm,
    persons: &[Person],
    targets: &[EvaluationTarget],
    mut progress: impl FnMut(usize),
) -> Result<Vec<PersonScores>> {
    let _guard = tch::no_grad_guard();
    let mut scores: Vec<PersonScores> = persons
        .iter()
        .map(|p| PersonScores { person: p.id.clone(), ..PersonScores::default() })
        .collect();
    for (done, target) in targets.iter().enumerate() {
        let Some(score) = scores.get_mut(target.person) else {
            return Err(Error::Evaluation(format!(
                "a target is of person {}, but there are {} persons",
                target.person,
                persons.len()
            )));
        };
        add(score, model, target)?;
        progress(done + 1);
    }
    scores.retain(|s| s.tokens > 0);
    Ok(scores)
}

/// Scores one target for its person.
fn add(score: &mut PersonScores, model: &CausalLm, target: &EvaluationTarget) -> Result<()> {
    score.tokens += target.examples[0].completion_tokens();
    score.alternatives += target.ordered.len();
    for ordered in &target.ordered {
        for (count, shown) in score.verbatim.iter_mut().zip(ordered.verbatim) {
            *count += usize::from(shown);
        }
        for (count, pair) in score.pairs.iter_mut().zip(Pair::ALL) {
            *count += usize::from(ordered.counts(pair));
        }
    }
    for (condition, example) in target.examples.iter().enumerate() {
        let scored = example.tree.logprobs(model)?;
        for span in &scored.spans {
            score.nll[condition] -= number(span.f_sum(Kind::Double))?;
        }
        let mut branches = scored.branches.iter();
        for ordered in &target.ordered {
            let chosen = mean(&scored.spans[ordered.span])?;
            let rejected = branches.next().map_or(Ok(f64::NAN), mean)?;
            let criterion = branches.next().map_or(Ok(f64::NAN), mean)?;
            let likely = [chosen, criterion, rejected];
            for (count, pair) in score.order[condition].iter_mut().zip(Pair::ALL) {
                let (left, right) = pair.sides();
                *count += usize::from(ordered.counts(pair) && likely[left] > likely[right]);
            }
        }
        if condition == 0 {
            for &(span, distractors) in &target.ranked {
                let mut candidates = vec![mean(&scored.spans[span])?];
                for branch in branches.by_ref().take(distractors) {
                    candidates.push(mean(branch)?);
                }
                score.ranked += 1;
                score.hits += usize::from(hits_at_k(&candidates, 0, 1)?);
            }
        }
    }
    Ok(())
}

fn mean(logprobs: &Tensor) -> Result<f64> {
    number(logprobs.f_mean(Kind::Double))
}

fn number(tensor: std::result::Result<Tensor, tch::TchError>) -> Result<f64> {
    Ok(tensor.and_then(|t| t.f_double_value(&[])).map_err(idl_lm::Error::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_counted_among_those_that_remain() {
        let scores = PersonScores {
            alternatives: 9,
            verbatim: [1, 4, 0],
            pairs: [4, 5, 0],
            order: [[3, 1, 0], [1, 5, 0], [0, 0, 0]],
            ..PersonScores::default()
        };
        let own = |pair| scores.order_accuracy(pair, Condition::Own);
        assert_eq!(own(Pair::TrueOverCriterion), Some(0.75));
        assert_eq!(own(Pair::CriterionOverRejected), Some(0.2));
        assert_eq!(own(Pair::TrueOverRejected), None);
        assert_eq!(scores.order_gain(Pair::TrueOverCriterion), Some(0.5));
        assert_eq!(scores.order_gain(Pair::TrueOverRejected), None);
    }
}
