//! What a rule does with the words after its pattern.

mod being;
mod habits;
mod having;
mod nouns;
mod tastes;
mod work;

pub(crate) use having::possession;

use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::Class;
use crate::rules::phrase::{text, verb_phrase};
use crate::rules::reading::Reading;
use crate::rules::words::Word;

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
            Reading::Noun(relation) => nouns::nouns(claim, relation, facts),
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
