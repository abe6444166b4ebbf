//! What a system makes of persons it was not trained on.
//!
//! Every reply of a target dialogue that has a message before it is scored with
//! the person's own sessions in front, with another person's, and with none: as
//! many sessions, chosen by the same rule, under the same token budget. What
//! the own sessions bring over the others is what the system knows of the
//! person rather than of the language.

use idl_dialogue::{Distractors, Person, Utterance};
use idl_lm::{CausalLm, ChatTokenizer};
use idl_metrics::{Condition, hits_at_k};
use idl_train::{Alternatives, Conversation, Coverage, Example, ExampleBuilder, PreferenceCorpus};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::learn::{candidates, conversation, opening};
use crate::pipeline::{PersonIndex, Pipeline, Selection};

/// Which sessions stand in front of a target: what the pipeline says, or an
/// ablation of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum References {
    /// The nearest to the context, in the pipeline's order.
    #[default]
    Selected,
    /// The nearest to the context, in random order: without DPI.
    Shuffled,
    /// As many at random, in random order: without SPI and DPI.
    Random,
}

/// What to evaluate on, the same for every system.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationConfig {
    /// Target dialogues of each person.
    pub targets: usize,
    /// Replies of each target that are ranked among distractors for hits@1.
    pub ranked_replies: usize,
    /// Distractors of each of them.
    pub distractors: usize,
    /// The most tokens of sessions and target together.
    pub max_tokens: usize,
    /// How many of them are kept free for what follows the opening of the
    /// target; see [`ExampleBuilder`].
    pub reserve: usize,
    /// Which sessions stand in front of a target, own and other alike.
    pub references: References,
    /// Which targets, replies, distractors and other persons.
    pub seed: u64,
}

impl Default for EvaluationConfig {
    /// Two targets a person, two ranked replies a target, 19 distractors a
    /// reply.
    fn default() -> Self {
        EvaluationConfig {
            targets: 2,
            ranked_replies: 2,
            distractors: 19,
            max_tokens: 1024,
            reserve: 320,
            references: References::Selected,
            seed: 0,
        }
    }
}

/// One target dialogue, ready to be scored by any system.
#[derive(Debug)]
pub struct EvaluationTarget {
    /// The person's position.
    pub person: usize,
    /// The target's position among the person's sessions.
    pub session: usize,
    /// The references among the person's own sessions, before any cut.
    pub selection: Selection,
    /// How many references stand in front of the target: as many own ones as
    /// ones of the other person.
    pub references: usize,
    /// The target behind own, other and no sessions, in the order of
    /// [`Condition::ALL`]. Branches: two for each of `ordered`, rejected and
    /// criterion; with own sessions then the distractors.
    examples: [Example; 3],
    /// The spans that have alternatives.
    ordered: Vec<usize>,
    /// The spans that are ranked, and how many distractors each has.
    ranked: Vec<(usize, usize)>,
}

impl EvaluationTarget {
    /// How many replies are scored, under each condition.
    #[must_use]
    pub fn replies(&self) -> usize {
        self.examples[0].replies.len()
    }
}

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
    /// Replies with alternatives.
    pub ordered: usize,
    /// Of them, correctly ordered pairs (chosen over criterion, criterion over
    /// rejected, chosen over rejected) by mean log-probability a token, in the
    /// order of [`Condition::ALL`].
    pub order: [[usize; 3]; 3],
}

impl PersonScores {
    /// Negative log-likelihood a token.
    #[must_use]
    pub fn nll_per_token(&self, sessions: Condition) -> f64 {
        self.nll[position(sessions)] / self.tokens.max(1) as f64
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

    /// The share of correctly ordered pairs, where there are any.
    #[must_use]
    pub fn order_accuracy(&self, sessions: Condition) -> Option<f64> {
        let right: usize = self.order[position(sessions)].iter().sum();
        (self.ordered > 0).then(|| right as f64 / (3 * self.ordered) as f64)
    }
}

fn position(condition: Condition) -> usize {
    Condition::ALL.iter().position(|&c| c == condition).unwrap_or_default()
}

/// Chooses targets, references, distractors and alternatives, without a model.
///
/// # Errors
/// [`Error::Evaluation`] with fewer than two persons; what pipeline and data
/// refuse, a target too long for the budget among it.
pub fn evaluation_targets(
    persons: &[Person],
    pipeline: &Pipeline<'_>,
    tokenizer: &ChatTokenizer,
    config: &EvaluationConfig,
) -> Result<Vec<EvaluationTarget>> {
    if persons.len() < 2 {
        return Err(Error::Evaluation(format!(
            "another person's sessions need at least 2 persons, there are {}",
            persons.len()
        )));
    }
    let setup = Setup {
        persons,
        indices: persons.iter().map(|p| pipeline.index(p)).collect::<Result<_>>()?,
        pipeline,
        builder: ExampleBuilder {
            tokenizer,
            max_tokens: config.max_tokens,
            reserve: config.reserve,
        },
        corpus: PreferenceCorpus::new(persons, pipeline.extractor, pipeline.encoder, config.seed)?,
        pool: Distractors::new(persons)?,
        config,
    };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(config.seed);
    let mut targets = Vec::new();
    for (person, data) in persons.iter().enumerate() {
        let mut sessions: Vec<usize> = (0..data.sessions.len())
            .filter(|&s| data.sessions.len() > 1 && data.sessions[s].replies().next().is_some())
            .collect();
        sessions.shuffle(&mut rng);
        sessions.truncate(config.targets);
        sessions.sort_unstable();
        for session in sessions {
            let other = (person + rng.gen_range(1..persons.len())) % persons.len();
            targets.push(setup.target(person, session, other, &mut rng)?);
        }
    }
    Ok(targets)
}

/// What all targets share.
struct Setup<'a> {
    persons: &'a [Person],
    indices: Vec<PersonIndex>,
    pipeline: &'a Pipeline<'a>,
    builder: ExampleBuilder<'a>,
    corpus: PreferenceCorpus<'a>,
    pool: Distractors<'a>,
    config: &'a EvaluationConfig,
}

impl Setup<'_> {
    fn target(
        &self,
        person: usize,
        session: usize,
        other: usize,
        rng: &mut impl Rng,
    ) -> Result<EvaluationTarget> {
        let (me, them) = (&self.persons[person], &self.persons[other]);
        let target = &me.sessions[session];
        let context = opening(target);
        let rest = candidates(me, target);
        // A stream of its own: the other draws are the same in every ablation.
        let stream = (person as u64) << 32 | session as u64;
        let mut order = Xoshiro256PlusPlus::seed_from_u64(self.config.seed ^ stream);
        let most = self.pipeline.references;
        let selection = self.select(person, &rest, most, context, &mut order)?;
        // As many of the other's, chosen by the same rule.
        let most = selection.references.len();
        let others = self.select(other, &candidates(them, target), most, context, &mut order)?;

        let mut three = [
            conversation(target, me, &selection),
            conversation(target, them, &others),
            conversation(target, me, &Selection::default()),
        ];
        // The same conditions for all: what one has no room for no other has.
        let mut kept = three[0].replies.clone();
        let mut references = usize::MAX;
        for (i, conversation) in three.iter().enumerate() {
            let fits = self.builder.supervised(conversation)?;
            kept.truncate(fits.replies.len());
            if i < 2 {
                references = references.min(fits.references);
            }
        }
        for conversation in &mut three {
            conversation.replies.clone_from(&kept);
            conversation.keep_nearest(references);
        }
        let mut coverage = Coverage::default();
        let alternatives = self.corpus.alternatives(person, session, &kept, &mut coverage)?;
        let [own, other, none] = &three;
        let mut examples = [
            self.example(own, &alternatives)?,
            self.example(other, &alternatives)?,
            self.example(none, &alternatives)?,
        ];
        let ranked = self.add_distractors(own, &mut examples[0], rng)?;
        let ordered = alternatives
            .iter()
            .filter_map(|a| kept.iter().position(|&reply| reply == a.reply))
            .collect();
        Ok(EvaluationTarget { person, session, selection, references, examples, ordered, ranked })
    }

    /// At most `most` of the candidates among a person's sessions.
    fn select(
        &self,
        person: usize,
        candidates: &[usize],
        most: usize,
        context: &[Utterance],
        rng: &mut impl Rng,
    ) -> Result<Selection> {
        let index = &self.indices[person];
        if self.config.references == References::Random {
            return Selection::random(index, candidates, most, rng);
        }
        let pipeline = Pipeline { references: most, ..*self.pipeline };
        let selection = pipeline.select(index, candidates, context)?;
        match self.config.references {
            References::Shuffled => selection.shuffled(index, rng),
            _ => Ok(selection),
        }
    }

    /// All replies, with branches for those that have alternatives.
    fn example(
        &self,
        conversation: &Conversation,
        alternatives: &[Alternatives],
    ) -> Result<Example> {
        let mut example = self.builder.supervised(conversation)?;
        for a in alternatives {
            let span = example.replies.iter().position(|&reply| reply == a.reply);
            let Some(at) = span.map(|s| example.tree.spans()[s].start) else { continue };
            for text in a.texts() {
                let ids = self.builder.branch(conversation, &example, at, text)?;
                example.tree.add_branch(at, ids)?;
            }
        }
        Ok(example)
    }

    fn add_distractors(
        &self,
        own: &Conversation,
        example: &mut Example,
        rng: &mut impl Rng,
    ) -> Result<Vec<(usize, usize)>> {
        let mut spans: Vec<usize> = (0..example.replies.len()).collect();
        spans.shuffle(rng);
        spans.truncate(self.config.ranked_replies);
        spans.sort_unstable();
        let mut ranked = Vec::new();
        for span in spans {
            let reply = example.replies[span];
            let at = example.tree.spans()[span].start;
            let drawn =
                self.pool.draw(&own.id, reply, self.config.distractors, self.config.seed)?;
            for text in &drawn {
                let ids = self.builder.branch(own, example, at, text)?;
                example.tree.add_branch(at, ids)?;
            }
            ranked.push((span, drawn.len()));
        }
        Ok(ranked)
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
        score.tokens += target.examples[0].completion_tokens();
        score.ordered += target.ordered.len();
        for (condition, example) in target.examples.iter().enumerate() {
            let scored = example.tree.logprobs(model)?;
            for span in &scored.spans {
                score.nll[condition] -= number(span.f_sum(Kind::Double))?;
            }
            let mut branches = scored.branches.iter();
            for &span in &target.ordered {
                let w = mean(&scored.spans[span])?;
                let l = branches.next().map_or(Ok(f64::NAN), mean)?;
                let c = branches.next().map_or(Ok(f64::NAN), mean)?;
                for (count, holds) in score.order[condition].iter_mut().zip([w > c, c > l, w > l]) {
                    *count += usize::from(holds);
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
        progress(done + 1);
    }
    scores.retain(|s| s.tokens > 0);
    Ok(scores)
}

fn mean(logprobs: &Tensor) -> Result<f64> {
    number(logprobs.f_mean(Kind::Double))
}

fn number(tensor: std::result::Result<Tensor, tch::TchError>) -> Result<f64> {
    Ok(tensor.and_then(|t| t.f_double_value(&[])).map_err(idl_lm::Error::from)?)
}
