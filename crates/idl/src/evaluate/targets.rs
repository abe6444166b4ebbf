//! What is scored, chosen without a model.

use std::collections::HashSet;

use idl_corpora::Distractors;
use idl_dialogue::{Person, Session, Utterance};
use idl_lm::ChatTokenizer;
use idl_train::{
    Alternatives, BuildStats, Conversation, Example, ExampleBuilder, PreferenceCorpus,
};
use rand::Rng;

use super::config::{EvaluationConfig, References};
use super::pair::Pair;
use super::verbatim::Prompt;
use crate::draw::{key, stream};
use crate::error::{Error, Result};
use crate::learn::{candidates, conversation};
use crate::pipeline::{PersonIndex, Pipeline, Selection};

/// One target dialogue, ready to be scored by any system.
#[derive(Debug)]
pub struct EvaluationTarget {
    /// The person's position.
    pub person: usize,
    /// The target's position among the person's sessions.
    pub session: usize,
    /// The position of the person whose sessions are the other ones.
    pub other: usize,
    /// The references among the person's own sessions, before any cut.
    pub selection: Selection,
    /// How many references stand in front of the target: as many own ones as
    /// ones of the other person.
    pub references: usize,
    /// The target behind own, other and no sessions, in the order of
    /// [`Condition::ALL`](idl_metrics::likelihood::Condition::ALL). Branches: two for each
    /// of `ordered`, rejected and criterion; with own sessions then the
    /// distractors.
    pub(super) examples: [Example; 3],
    /// The replies that have alternatives.
    pub(super) ordered: Vec<Ordered>,
    /// The spans that are ranked, and how many distractors each has.
    pub(super) ranked: Vec<(usize, usize)>,
}

/// A reply with alternatives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ordered {
    pub(super) span: usize,
    /// Whether the true, the criterion and the rejected reply stand verbatim in
    /// front of the reply, behind own or other sessions.
    pub(super) verbatim: [bool; 3],
}

impl Ordered {
    /// Whether neither of the two can be copied.
    pub(super) fn counts(&self, pair: Pair) -> bool {
        let (left, right) = pair.sides();
        !self.verbatim[left] && !self.verbatim[right]
    }
}

impl EvaluationTarget {
    /// How many replies are scored, under each condition.
    #[must_use]
    pub fn replies(&self) -> usize {
        self.examples[0].replies.len()
    }

    /// The positions of the messages that are ranked among distractors,
    /// ascending.
    #[must_use]
    pub fn ranked_replies(&self) -> Vec<usize> {
        self.ranked.iter().map(|&(span, _)| self.examples[0].replies[span]).collect()
    }
}

/// All targets, and those that cannot be scored.
#[derive(Debug, Default)]
pub struct EvaluationTargets {
    /// To be scored, by person.
    pub targets: Vec<EvaluationTarget>,
    /// Not to be scored, by no system.
    pub left_out: Vec<LeftOut>,
}

/// A target that cannot be scored.
#[derive(Debug)]
pub struct LeftOut {
    /// The person's id.
    pub person: String,
    /// The dialogue's id.
    pub dialogue: String,
    /// Why: mostly that it is too long.
    pub reason: Error,
}

/// Chooses targets, references, distractors and alternatives, without a model.
///
/// A target that is too long, for the token budget or for the positions, is
/// left out and named.
///
/// # Errors
/// [`Error::Evaluation`] with fewer than two persons, and where no target is
/// left; what pipeline and data refuse.
pub fn evaluation_targets(
    persons: &[Person],
    pipeline: &Pipeline<'_>,
    tokenizer: &ChatTokenizer,
    config: &EvaluationConfig,
) -> Result<EvaluationTargets> {
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
    let mut found = EvaluationTargets::default();
    for (person, data) in persons.iter().enumerate() {
        let parts = setup.sessions(data).into_iter().flat_map(|session| {
            let parts = config.point.parts(&data.sessions[session]);
            parts.into_iter().map(move |replies| (session, replies))
        });
        for (session, replies) in parts {
            match setup.target(person, session, &replies) {
                Ok(target) => found.targets.push(target),
                Err(reason @ Error::Train(idl_train::Error::Conversation { .. })) => {
                    let dialogue = data.sessions[session].id.clone();
                    let person = data.id.clone();
                    found.left_out.push(LeftOut { person, dialogue, reason });
                }
                Err(error) => return Err(error),
            }
        }
    }
    match found.left_out.first() {
        Some(first) if found.targets.is_empty() => Err(Error::Evaluation(format!(
            "all {} targets are left out, first {} of {}: {}",
            found.left_out.len(),
            first.dialogue,
            first.person,
            first.reason
        ))),
        _ => Ok(found),
    }
}

/// What all targets share.
struct Setup<'a> {
    persons: &'a [Person],
    indices: Vec<PersonIndex<'a>>,
    pipeline: &'a Pipeline<'a>,
    builder: ExampleBuilder<'a>,
    corpus: PreferenceCorpus<'a>,
    pool: Distractors<'a>,
    config: &'a EvaluationConfig,
}

impl Setup<'_> {
    /// The sessions of a person that are targets.
    fn sessions(&self, person: &Person) -> Vec<usize> {
        let all = &person.sessions;
        let mut sessions: Vec<usize> = (0..all.len())
            .filter(|&s| all.len() > 1 && all[s].replies().next().is_some())
            .collect();
        sessions.sort_by_key(|&s| key(self.config.seed, "target", &[&person.id, &all[s].id]));
        sessions.truncate(self.config.targets);
        sessions.sort_unstable();
        sessions
    }

    /// The person whose sessions are the other ones: one drawn, or the next of whom
    /// no session is one of this person's too, as persons of several sides may have.
    fn other(&self, person: usize, target: &Session) -> Result<usize> {
        let me = &self.persons[person];
        let own: HashSet<&str> = me.sessions.iter().map(|s| s.id.as_str()).collect();
        let mut rng = stream(self.config.seed, "other person", &[&me.id, &target.id]);
        let others = rng.gen_range(1..self.persons.len());
        let count = self.persons.len();
        // All but the person, from the one that was drawn on.
        (0..count - 1)
            .map(|step| (person + 1 + (others - 1 + step) % (count - 1)) % count)
            .find(|&o| self.persons[o].sessions.iter().all(|s| !own.contains(s.id.as_str())))
            .ok_or_else(|| {
                Error::Evaluation(format!("every other person shares a session with {}", me.id))
            })
    }

    fn target(&self, person: usize, session: usize, replies: &[usize]) -> Result<EvaluationTarget> {
        let me = &self.persons[person];
        let target = &me.sessions[session];
        let draw = |purpose| stream(self.config.seed, purpose, &[&me.id, &target.id]);
        let other = self.other(person, target)?;
        let them = &self.persons[other];
        let context = &target.messages[..replies[0]];
        let most = self.pipeline.references;
        let mut rng = draw("own references");
        let selection = self.select(person, &candidates(me, target), most, context, &mut rng)?;
        // As many of the other's, chosen by the same rule.
        let most = selection.references.len();
        let mut rng = draw("other references");
        let others = self.select(other, &candidates(them, target), most, context, &mut rng)?;

        let mut three = [
            conversation(target, replies, me, &selection),
            conversation(target, replies, them, &others),
            conversation(target, replies, me, &Selection::default()),
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
        let mut coverage = BuildStats::default();
        let alternatives = self.corpus.alternatives(person, session, &kept, &mut coverage)?;
        let [own, other_side, none] = &three;
        let mut examples = [
            self.example(own, &alternatives)?,
            self.example(other_side, &alternatives)?,
            self.example(none, &alternatives)?,
        ];
        let prompts = [Prompt::new(own, &examples[0]), Prompt::new(other_side, &examples[1])];
        let ordered = alternatives
            .iter()
            .filter_map(|a| {
                let span = kept.iter().position(|&reply| reply == a.reply)?;
                Some(Ordered { span, verbatim: verbatim(&prompts, target, a) })
            })
            .collect();
        let ranked = self.add_distractors(me, own, &mut examples[0])?;
        Ok(EvaluationTarget {
            person,
            session,
            other,
            selection,
            references,
            examples,
            ordered,
            ranked,
        })
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
            References::Shuffled => Ok(selection.shuffled(rng)),
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
        self.check_positions(conversation, example.tree.trunk().len())?;
        for a in alternatives {
            let span = example.replies.iter().position(|&reply| reply == a.reply);
            let Some(span) = span else { continue };
            for text in a.texts() {
                self.add_branch(conversation, &mut example, span, text)?;
            }
        }
        Ok(example)
    }

    fn add_distractors(
        &self,
        person: &Person,
        own: &Conversation,
        example: &mut Example,
    ) -> Result<Vec<(usize, usize)>> {
        let mut spans: Vec<usize> = (0..example.replies.len()).collect();
        spans.sort_by_key(|&span| {
            let reply = example.replies[span].to_string();
            key(self.config.seed, "ranked reply", &[&person.id, &own.id, &reply])
        });
        spans.truncate(self.config.ranked_replies);
        spans.sort_unstable();
        let mut ranked = Vec::new();
        for span in spans {
            let reply = example.replies[span];
            let drawn =
                self.pool.draw(&own.id, reply, self.config.distractors, self.config.seed)?;
            for text in &drawn {
                self.add_branch(own, example, span, text)?;
            }
            ranked.push((span, drawn.len()));
        }
        Ok(ranked)
    }

    /// Another text in the place of a span.
    fn add_branch(
        &self,
        conversation: &Conversation,
        example: &mut Example,
        span: usize,
        text: &str,
    ) -> Result<()> {
        let at = example.tree.spans()[span].start;
        let ids = self.builder.branch(conversation, example, at, text)?;
        self.check_positions(conversation, at + ids.len())?;
        Ok(example.tree.add_branch(at, ids)?)
    }

    fn check_positions(&self, conversation: &Conversation, tokens: usize) -> Result<()> {
        let positions = self.config.positions;
        if tokens <= positions {
            return Ok(());
        }
        let message = format!("it needs {tokens} tokens, and the model has {positions} positions");
        Err(idl_train::Error::Conversation { id: conversation.id.clone(), message }.into())
    }
}

/// Which of the true, the criterion and the rejected reply stand in a prompt.
fn verbatim(prompts: &[Prompt; 2], target: &Session, a: &Alternatives) -> [bool; 3] {
    let criterion = a.criterion.as_ref().map_or("", |c| c.text.as_str());
    [target.messages[a.reply].content.as_str(), criterion, a.rejected.as_str()]
        .map(|text| prompts.iter().any(|prompt| prompt.has(a.reply, text)))
}
