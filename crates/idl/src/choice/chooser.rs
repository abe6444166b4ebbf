//! Which sessions stand before a dialogue, and why.

use std::cmp::Reverse;

use idl_dialogue::Triple;
use serde::{Deserialize, Serialize};

use super::bank::SessionBank;
use super::evidence::{Evidence, evidence, standardise_column};
use super::reader::{Ask, Query};
use crate::error::{Error, Result};

/// How sessions are chosen.
///
/// `score = sum over the kinds of evidence of weight * standardised evidence`.
/// The default weights were found on persons of ConvAI2's train part
/// (docs/choice.md has the search).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChoiceParams {
    /// How many sessions are chosen.
    pub count: usize,
    /// Which utterances of the context ask.
    pub ask: Ask,
    /// How much each kind of evidence counts.
    pub weights: Evidence,
    /// How much better on average other sessions must be than those that stand
    /// there, before a live choice changes: in units of the score.
    pub margin: f64,
}

impl Default for ChoiceParams {
    /// Five sessions, as the paper has.
    fn default() -> Self {
        ChoiceParams {
            count: 5,
            ask: Ask::default(),
            weights: Evidence {
                whole: 0.5,
                words: 1.0,
                utterances: 1.0,
                company: 0.5,
                recency: 0.0,
            },
            margin: 0.25,
        }
    }
}

impl ChoiceParams {
    /// Refuses what is no choice.
    ///
    /// # Errors
    /// [`Error::Choice`] for a weight or margin that is negative or not finite,
    /// and where no evidence counts.
    pub fn check(self) -> Result<Chooser> {
        for (name, weight) in self.weights.named().into_iter().chain([("margin", self.margin)]) {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::Choice(format!("`{name}`: expected 0 or more, found {weight}")));
            }
        }
        if self.weights.sum() == 0.0 {
            return Err(Error::Choice("`weights`: all are 0, so that nothing is chosen by".into()));
        }
        Ok(Chooser { params: self })
    }
}

/// A session that was chosen, and what spoke for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChosenSession {
    /// Its place in the bank.
    pub place: usize,
    /// Its id.
    pub id: String,
    /// The sum of the evidence.
    pub score: f64,
    /// The score by kind of evidence: how many standard deviations it stands out
    /// among the candidates, times the kind's weight.
    pub evidence: Evidence,
    /// Facts that both the session and the context tell.
    pub shared: Vec<Triple>,
}

/// Chooses sessions by what has been said so far.
#[derive(Clone, Copy, Debug)]
pub struct Chooser {
    params: ChoiceParams,
}

impl Chooser {
    /// How it chooses.
    #[must_use]
    pub fn params(&self) -> &ChoiceParams {
        &self.params
    }

    /// The same, for another number of sessions.
    #[must_use]
    pub fn count(self, count: usize) -> Self {
        Chooser { params: ChoiceParams { count, ..self.params } }
    }

    /// The best of `candidates`, which are places in the bank, best first; of equal
    /// ones the earlier first. Where nothing has been said (no `query`) the latest
    /// sessions, of known time before others, and else the last ones. `now`, in
    /// seconds since 1970, tells how long ago a session was.
    ///
    /// `O(candidates * d)`, and `O(utterances that ask * utterances of the session * d)`
    /// for each candidate; of more than 512 for the best by words and by the whole, and
    /// the others are not chosen.
    ///
    /// # Errors
    /// [`Error::NoSession`] for a candidate that is not there; the store's where
    /// the query's vectors are of another size than the bank's.
    pub fn choose(
        &self,
        bank: &SessionBank,
        candidates: &[usize],
        query: Option<&Query>,
        now: Option<i64>,
    ) -> Result<Vec<ChosenSession>> {
        let mut ranked = self.rank(bank, candidates, query, now)?;
        ranked.truncate(self.params.count);
        Ok(ranked
            .into_iter()
            .map(|(place, evidence)| chosen(bank, query, place, evidence))
            .collect())
    }

    /// The best of the candidates, unless those that were chosen before are hardly
    /// worse: then these, with the evidence as it is now. Whether they changed
    /// comes with them. What was chosen before and is no candidate anymore counts
    /// for nothing.
    ///
    /// # Errors
    /// As [`choose`](Self::choose).
    pub fn choose_again(
        &self,
        bank: &SessionBank,
        candidates: &[usize],
        query: Option<&Query>,
        now: Option<i64>,
        before: &[usize],
    ) -> Result<(Vec<ChosenSession>, bool)> {
        let mut ranked = self.rank(bank, candidates, query, now)?;
        let count = self.params.count.min(ranked.len());
        let mean = |of: &[(usize, Evidence)]| {
            of.iter().map(|(_, evidence)| evidence.sum()).sum::<f64>() / of.len() as f64
        };
        let stays: Vec<_> =
            ranked.iter().filter(|(place, _)| before.contains(place)).copied().collect();
        let keeps = stays.len() == count
            && before.len() == count
            && (count == 0 || mean(&ranked[..count]) - mean(&stays) <= self.params.margin);
        if keeps {
            ranked = stays;
        }
        ranked.truncate(count);
        let same = keeps || {
            let mut places: Vec<usize> = ranked.iter().map(|(place, _)| *place).collect();
            let mut were = before.to_vec();
            places.sort_unstable();
            were.sort_unstable();
            places == were
        };
        let chosen = ranked.into_iter().map(|(place, e)| chosen(bank, query, place, e)).collect();
        Ok((chosen, !same))
    }

    /// All candidates with their weighted evidence, best first.
    fn rank(
        &self,
        bank: &SessionBank,
        candidates: &[usize],
        query: Option<&Query>,
        now: Option<i64>,
    ) -> Result<Vec<(usize, Evidence)>> {
        if let Some(&session) = candidates.iter().find(|&&place| place >= bank.len()) {
            return Err(Error::NoSession { session, sessions: bank.len() });
        }
        let Some(query) = query else {
            let mut latest = candidates.to_vec();
            latest.sort_by_key(|&place| Reverse((bank.sessions()[place].time, place)));
            return Ok(latest.into_iter().map(|place| (place, Evidence::default())).collect());
        };
        let weights = &self.params.weights;
        let mut found = evidence(bank, candidates, query, now, self.params.count)?;
        if weights.company > 0.0 && self.params.count > 0 {
            let scores: Vec<f64> = found.iter().map(|(_, e)| e.weighted(weights).sum()).collect();
            let places: Vec<usize> = found.iter().map(|(place, _)| *place).collect();
            let company = company(bank, &places, &scores, self.params.count)?;
            for ((_, evidence), company) in found.iter_mut().zip(company) {
                evidence.company = company;
            }
        }
        let mut ranked: Vec<(usize, Evidence)> =
            found.iter().map(|(place, e)| (*place, e.weighted(weights))).collect();
        ranked.sort_by(|(_, a), (_, b)| b.sum().total_cmp(&a.sum()));
        Ok(ranked)
    }
}

/// How near each candidate is to the sum of the best ones but itself,
/// standardised: `O(candidates * d)`.
fn company(
    bank: &SessionBank,
    candidates: &[usize],
    scores: &[f64],
    count: usize,
) -> Result<Vec<f64>> {
    let mut best: Vec<usize> = (0..candidates.len()).collect();
    best.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    best.truncate(count);
    let vector = |i: usize| bank.sessions()[candidates[i]].embeddings.session().to_vec();
    let mut sum: Vec<f32> = Vec::new();
    for &i in &best {
        let vector = vector(i);
        sum.resize(vector.len(), 0.0);
        for (sum, x) in sum.iter_mut().zip(vector) {
            *sum += x;
        }
    }
    let mut company = Vec::with_capacity(candidates.len());
    for (i, &candidate) in candidates.iter().enumerate() {
        let mut others = sum.clone();
        let mut number = best.len();
        if best.contains(&i) {
            number -= 1;
            for (sum, x) in others.iter_mut().zip(vector(i)) {
                *sum -= x;
            }
        }
        let session = bank.sessions()[candidate].embeddings.session();
        company.push(f64::from(session.dot(&others)?) / number.max(1) as f64);
    }
    standardise_column(&mut company);
    Ok(company)
}

fn chosen(
    bank: &SessionBank,
    query: Option<&Query>,
    place: usize,
    evidence: Evidence,
) -> ChosenSession {
    let session = &bank.sessions()[place];
    let asked = query.map_or(&[][..], |query| &query.facts);
    let shared = session.facts.iter().filter(|fact| asked.contains(fact)).cloned().collect();
    ChosenSession { place, id: session.id.clone(), score: evidence.sum(), evidence, shared }
}
