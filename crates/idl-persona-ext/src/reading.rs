//! What a rule does with the words after its pattern.

mod being;
mod habits;
mod having;
mod tastes;
mod work;

use idl_dialogue::Triple;

use crate::lexicon::Class;
use crate::phrase::{object, objects, text, verb_phrase};
use crate::words::Word;

pub(crate) use having::possession;

/// The triples of an utterance so far.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<Triple>);

impl Facts {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_triples(self) -> Vec<Triple> {
        self.0
    }

    fn add(&mut self, subject: &str, relation: &str, object: impl Into<String>) {
        let triple = Triple::new(subject, relation, object);
        if !self.0.contains(&triple) {
            self.0.push(triple);
        }
    }
}

/// Of whom an utterance says something, and where it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    /// `i`, `my mom`.
    pub(crate) subject: &'a str,
    /// Whether the clause lacks its subject.
    pub(crate) bare: bool,
    words: &'a [Word<'a>],
    start: usize,
    after: usize,
}

impl<'a> Claim<'a> {
    /// What `words` say of `subject` from `start` on.
    pub(crate) fn new(subject: &'a str, words: &'a [Word<'a>], start: usize) -> Self {
        Claim { subject, bare: false, words, start, after: start }
    }

    pub(crate) fn bare(self) -> Self {
        Claim { bare: true, ..self }
    }

    /// With a pattern that took the first `length` words.
    pub(crate) fn matched(self, length: usize) -> Self {
        Claim { after: self.start + length, ..self }
    }

    /// With `count` more words taken.
    fn skipping(self, count: usize) -> Self {
        Claim { after: self.after + count, ..self }
    }

    /// The words from the end of the subject on.
    pub(crate) fn predicate(&self) -> &'a [Word<'a>] {
        &self.words[self.start..]
    }

    /// The words after the pattern.
    fn rest(&self) -> &'a [Word<'a>] {
        &self.words[self.after..]
    }

    /// The words before the subject.
    fn before(&self) -> &'a [Word<'a>] {
        // One word stands between: "my", for which this is asked.
        &self.words[..self.start.saturating_sub(1)]
    }

    /// The words that the pattern took.
    fn taken(&self) -> &'a [Word<'a>] {
        &self.words[self.start..self.after]
    }
}

/// How the words after a pattern are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// Things liked; the relation follows from the thing.
    Like,
    /// Activities liked.
    LikeTo,
    /// Things disliked.
    Dislike,
    /// `favorite X is Y`, `Y is my favorite`.
    Favorite,
    /// `Y is my hobby`.
    Hobby,
    /// `mine is Y`.
    Mine,
    /// Things of this relation.
    Noun(&'static str),
    /// The verb of the pattern with what belongs to it.
    Verb(&'static str),
    /// A verb after the pattern with what belongs to it.
    Action(&'static str),
    /// `as a doctor i ..`
    AsA,
    /// A place of this relation.
    Place(&'static str),
    /// A game, a sport or an instrument.
    Play,
    /// Where one goes.
    Go,
    /// A profession, whatever it is called.
    Profession,
    /// A profession of the past, if it is one.
    Former,
    /// A profession aspired to.
    Dream,
    /// Where somebody works.
    Employer,
    /// How much, when or that somebody works.
    Schedule,
    /// A school.
    School,
    /// Where somebody lives.
    Home,
    /// Where or when somebody was born.
    Born,
    /// Belongings, pets and people.
    Have,
    /// Their absence.
    HaveNo,
    /// The same, of what one would mention without a verb (`no kids`).
    HaveNoneOf,
    /// What somebody can or cannot do.
    Able,
    NotAble,
    /// What somebody does not do.
    NotDo,
    /// What somebody has never done.
    Never,
    /// What somebody has been for some time.
    Been,
    /// A wedding or its end.
    Marriage,
    /// A death.
    Died,
    /// A name.
    Name,
    /// A number of years.
    Age,
    /// What is worn: glasses, not today's shirt.
    Look,
    /// `i am in ..`: a place, a school, a trade, an age.
    Within,
    /// `i am ..`: profession, age, status, attribute.
    Am,
    /// `i am not ..`.
    AmNot,
    /// A verb of hobby or work, or any verb with a sign of habit.
    Habit,
    /// An answer without a verb: `two dogs`, `single`.
    Answer,
}

impl Reading {
    /// Adds the facts in `claim` to `facts`; none where it says nothing.
    pub(crate) fn read(self, claim: Claim, facts: &mut Facts) {
        match self {
            Reading::Like => tastes::like(claim, facts),
            Reading::LikeTo => tastes::like_to(claim, facts),
            Reading::Dislike => tastes::dislike(claim, facts),
            Reading::Favorite => tastes::favorite(claim, facts),
            Reading::Hobby => tastes::hobby(claim, facts),
            Reading::Mine => tastes::mine(claim, facts),
            Reading::Noun(relation) => nouns(claim, relation, facts),
            Reading::Verb(relation) => {
                let words = claim.predicate();
                // "have never smoked": the auxiliaries are no part of it.
                let auxiliary = |w: &&Word| w.has(Class::ADVERB) || w.is(&["have", "has", "was"]);
                let verb = words.iter().take_while(auxiliary).count();
                let phrase = verb_phrase(words, verb.min(words.len() - 1));
                facts.add(claim.subject, relation, text(words, phrase));
            }
            Reading::AsA => work::as_a(claim, facts),
            Reading::Action(relation) => {
                let words = claim.rest();
                if words.first().is_some_and(|w| !w.is_mark) {
                    facts.add(claim.subject, relation, text(words, verb_phrase(words, 0)));
                }
            }
            Reading::Place(relation) => work::place(claim, relation, facts),
            Reading::Play => tastes::play(claim, facts),
            Reading::Go => habits::go(claim, facts),
            Reading::Profession => work::profession(claim, facts),
            Reading::Former => work::former(claim, facts),
            Reading::Dream => work::dream(claim, facts),
            Reading::Employer => work::employer(claim, facts),
            Reading::Schedule => work::schedule(claim, facts),
            Reading::School => work::school(claim, facts),
            Reading::Home => work::home(claim, facts),
            Reading::Born => work::born(claim, facts),
            Reading::Have => having::have(claim, facts),
            Reading::HaveNo => having::have_no(claim, facts),
            Reading::HaveNoneOf => having::have_none_of(claim, facts),
            Reading::Able => habits::able(claim, "has_ability", facts),
            Reading::NotAble => habits::able(claim, "weakness", facts),
            Reading::NotDo => habits::not_do(claim, facts),
            Reading::Never => habits::never(claim, facts),
            Reading::Been => being::been(claim, facts),
            Reading::Marriage => being::marriage(claim, facts),
            Reading::Died => being::died(claim, facts),
            Reading::Name => being::name(claim, facts),
            Reading::Age => being::age(claim, facts),
            Reading::Look => being::look(claim, facts),
            Reading::Within => being::within(claim, facts),
            Reading::Am => being::am(claim, facts),
            Reading::AmNot => being::am_not(claim, facts),
            Reading::Habit => habits::habit(claim, facts),
            Reading::Answer => having::answer(claim, facts),
        }
    }
}

/// Every object of a list, with one relation.
fn nouns(claim: Claim, relation: &str, facts: &mut Facts) {
    let words = claim.rest();
    for range in objects(words) {
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// The first object, with its relation.
fn noun(claim: Claim, relation: &str, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0) {
        facts.add(claim.subject, relation, text(words, range));
    }
}
