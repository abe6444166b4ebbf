//! What a person's own sessions are worth to a model that has never seen them.

use idl_dialogue::{Person, Session};
use idl_lm::{CausalLm, ChatTokenizer};
use idl_train::{Conversation, Example, ExampleBuilder, Reference};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use tch::Kind;

use crate::draw::generator;
use crate::error::{Error, Result, require};
use crate::measure::Measure;

/// What is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionCheckConfig {
    /// Dialogues of each person whose replies are scored (2).
    pub targets: usize,
    /// Sessions in front, chosen at random (5).
    pub references: usize,
    /// The share of the window that is kept free for what follows a dialogue's
    /// opening, in `(0, 1)` (0.4).
    pub reserve: f64,
    /// Which dialogues, sessions and other persons (0).
    pub seed: u64,
}

impl Default for SessionCheckConfig {
    fn default() -> Self {
        SessionCheckConfig { targets: 2, references: 5, reserve: 0.4, seed: 0 }
    }
}

/// Dialogues of persons, each behind sessions of its own person, as many of
/// another person, and none; every reply is scored.
///
/// Measures: `nll/own`, `nll/other`, `nll/none` (a token, means over persons),
/// `sensitivity` (other minus own) and `gain` (none minus own).
#[derive(Debug)]
pub struct SessionCheck {
    /// Person, and the examples with own, other and no sessions.
    targets: Vec<(String, [Example; 3])>,
}

/// What a model made of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonNll {
    /// The person's id.
    pub person: String,
    /// NLL a token of their replies behind own, other and no sessions.
    pub nll: [f64; 3],
}

impl SessionCheck {
    /// Chooses targets and sessions of `persons`, for a window of `context`
    /// tokens. Targets that do not fit behind any session are left out. All
    /// three conditions score the same replies, and own and other sessions are
    /// equally many.
    ///
    /// # Errors
    /// [`Error::Data`] with fewer than two persons of two sessions, or where no
    /// target fits; [`Error::InvalidSetting`]; the tokenizer's.
    pub fn new(
        tokenizer: &ChatTokenizer,
        persons: &[Person],
        context: usize,
        config: &SessionCheckConfig,
    ) -> Result<Self> {
        let share = config.reserve;
        let inside = share > 0.0 && share < 1.0;
        require(inside, "reserve", share, "in (0, 1)")?;
        let reserve = (share * context as f64) as usize;
        let builder = ExampleBuilder { tokenizer, max_tokens: context, reserve };
        let persons: Vec<&Person> = persons.iter().filter(|p| p.sessions.len() > 1).collect();
        if persons.len() < 2 {
            return Err(Error::Data(format!(
                "another person's sessions need 2 persons of 2 sessions, there are {}",
                persons.len()
            )));
        }
        let mut targets = Vec::new();
        for (number, person) in persons.iter().enumerate() {
            let mut rng = generator(config.seed, number as u64);
            let other = persons[(number + rng.gen_range(1..persons.len())) % persons.len()];
            let mut order: Vec<usize> = (0..person.sessions.len()).collect();
            order.shuffle(&mut rng);
            for &session in order.iter().take(config.targets) {
                let target = &person.sessions[session];
                if let Some(three) = three(&builder, person, other, target, config, &mut rng)? {
                    targets.push((person.id.clone(), three));
                }
            }
        }
        if targets.is_empty() {
            return Err(Error::Data(format!(
                "no dialogue fits into a window of {context} tokens behind a session"
            )));
        }
        Ok(SessionCheck { targets })
    }

    /// The number of dialogues that are scored, under each condition.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets.len()
    }

    /// The NLL person by person.
    ///
    /// # Errors
    /// The model's.
    pub fn persons(&self, model: &CausalLm) -> Result<Vec<PersonNll>> {
        let _guard = tch::no_grad_guard();
        let mut found: Vec<(&str, [f64; 3], usize)> = Vec::new();
        for (person, three) in &self.targets {
            let mut sums = [0.0; 3];
            for (sum, example) in sums.iter_mut().zip(three) {
                for span in &example.tree.logprobs(model)?.spans {
                    *sum -= span.f_sum(Kind::Double)?.f_double_value(&[])?;
                }
            }
            let tokens = three[0].completion_tokens();
            match found.last_mut() {
                Some((last, nll, count)) if *last == person => {
                    for (all, sum) in nll.iter_mut().zip(sums) {
                        *all += sum;
                    }
                    *count += tokens;
                }
                _ => found.push((person, sums, tokens)),
            }
        }
        let person = |(person, sums, tokens): (&str, [f64; 3], usize)| PersonNll {
            person: person.to_owned(),
            nll: sums.map(|sum| sum / tokens.max(1) as f64),
        };
        Ok(found.into_iter().map(person).collect())
    }
}

/// The target behind own, other and no sessions; nothing where no session or
/// no reply fits.
fn three(
    builder: &ExampleBuilder<'_>,
    person: &Person,
    other: &Person,
    target: &Session,
    config: &SessionCheckConfig,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Option<[Example; 3]>> {
    let replies: Vec<usize> = target.replies().collect();
    if replies.is_empty() {
        return Ok(None);
    }
    // Neither the target itself nor the partner's view of it.
    let mut draw = |of: &Person| -> Vec<Reference> {
        let mut free: Vec<&Session> = of
            .sessions
            .iter()
            .filter(|s| s.id != target.id && !s.same_dialogue(target) && !s.messages.is_empty())
            .collect();
        free.shuffle(rng);
        let drawn = free.into_iter().take(config.references);
        drawn.map(|s| Reference { messages: s.messages.clone(), distance: 0.0 }).collect()
    };
    let sets = [draw(person), draw(other), Vec::new()];
    let mut conversations = sets.map(|references| Conversation {
        id: target.id.clone(),
        references,
        target: target.messages.clone(),
        replies: replies.clone(),
        leading_context: None,
    });
    // What one condition has no room for no other has.
    let mut kept = replies.len();
    let mut references = usize::MAX;
    for (i, conversation) in conversations.iter().enumerate() {
        let fits = match builder.supervised(conversation) {
            Ok(example) => example,
            Err(idl_train::Error::Conversation { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        kept = kept.min(fits.replies.len());
        if i < 2 {
            references = references.min(fits.references);
        }
    }
    if references == 0 {
        return Ok(None);
    }
    for conversation in &mut conversations {
        conversation.replies.truncate(kept);
        conversation.keep_nearest(references);
    }
    let [own, other, none] = &conversations;
    let example = |conversation| builder.supervised(conversation);
    Ok(Some([example(own)?, example(other)?, example(none)?]))
}

impl Measure for SessionCheck {
    fn measure(&self, model: &CausalLm) -> Result<Vec<(String, f64)>> {
        let persons = self.persons(model)?;
        let mean =
            |i: usize| persons.iter().map(|p| p.nll[i]).sum::<f64>() / persons.len().max(1) as f64;
        let [own, other, none] = [mean(0), mean(1), mean(2)];
        let values = [
            ("nll/own", own),
            ("nll/other", other),
            ("nll/none", none),
            ("sensitivity", other - own),
            ("gain", none - own),
        ];
        Ok(values.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }
}
