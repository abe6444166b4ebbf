//! Work, school and places.

use super::nouns::noun;
use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::Class;
use crate::rules::phrase::{object, objects, text, verb_phrase};
use crate::rules::words::Word;

pub(super) fn place(claim: Claim, relation: &str, facts: &mut Facts) {
    // "in 1982" names no place.
    if object(claim.rest(), 0).is_some_and(|range| !claim.rest()[range.start].is_figure()) {
        noun(claim, relation, facts);
    }
}

pub(super) fn profession(claim: Claim, facts: &mut Facts) {
    // "my job is hard", "is in the city": the job's name is a noun's.
    let words = claim.rest();
    let named = claim.taken().last().is_some_and(|w| w.is(&["as", "being"]))
        || object(words, 0).is_some_and(|range| words[range].iter().any(is_job));
    if named {
        noun(claim, "has_profession", facts);
    }
}

fn is_job(word: &Word) -> bool {
    word.has(Class::PROFESSION) && !word.has(Class::NO_PROFESSION)
        || word.has(Class::INDUSTRY)
        || word.is_gerund()
}

/// Whether a profession is named among `words`.
pub(super) fn names_profession(words: &[Word]) -> bool {
    words.iter().any(|w| w.has(Class::PROFESSION) && !w.has(Class::NO_PROFESSION))
}

/// `i was a ..`, `i used to be a ..`: a former profession or standing.
pub(super) fn former(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let Some(range) = object(words, 0) else { return };
    let described = &words[range.clone()];
    // "i was young": of oneself only what an article names.
    let article = claim.taken().last().is_some_and(|w| w.is(&["a", "an", "be"]));
    if !article && claim.subject == "i" {
        return;
    }
    if names_profession(described) {
        facts.add(claim.subject, "previous_profession", text(words, range));
    } else if described.iter().any(|w| {
        w.has(
            Class::STUDENT
                | Class::TRAIT
                | Class::DIET
                | Class::BELIEF
                | Class::JOB_STATUS
                | Class::MARITAL,
        )
    }) {
        facts.add(claim.subject, "used_to", text(words, range));
    }
}

/// `i want to be a ..`: a profession, and not `happy`.
pub(super) fn dream(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let article = words.first().is_some_and(|w| w.is(&["a", "an", "the"]));
    let Some(range) = object(words, 0) else { return };
    let named = &words[range.clone()];
    if names_profession(named)
        || article && !named.iter().any(|w| w.has(Class::STATE | Class::PARENT | Class::ANIMAL))
    {
        facts.add(claim.subject, "want_job", text(words, range));
    }
}

pub(super) fn employer(claim: Claim, facts: &mut Facts) {
    // "at this shop"
    let this = usize::from(claim.rest().first().is_some_and(|w| w.is(&["this", "these"])));
    let claim = claim.skipping(this);
    let words = claim.rest();
    let generic = this == 1 || words.first().is_some_and(|w| w.has(Class::DETERMINER));
    let relation = if generic { "employed_by_general" } else { "employed_by_company" };
    if object(words, 0).is_some_and(|range| !words[range.start].is_figure()) {
        noun(claim, relation, facts);
    }
}

/// `i work nights`, `i work a lot`, `i work`: that somebody works at all is
/// told where the clause ends with it.
pub(super) fn schedule(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if words.first().is_some_and(|w| w.is(&["is", "was", "has", "and"])) {
        return;
    }
    let measured = words.iter().take(4).take_while(|w| !w.is_mark).any(|w| {
        w.is_figure()
            || w.has(Class::HABIT | Class::NUMBER)
            || w.is(&[
                "alot",
                "construction",
                "every",
                "freelance",
                "full",
                "full-time",
                "hard",
                "home",
                "hours",
                "in",
                "job",
                "jobs",
                "long",
                "lot",
                "much",
                "myself",
                "night",
                "nights",
                "online",
                "overnight",
                "overnights",
                "overtime",
                "part",
                "part-time",
                "remotely",
                "retail",
                "sales",
                "security",
                "shift",
                "shifts",
                "too",
                "weekends",
            ])
    });
    let verb = claim.taken().last().filter(|w| w.text != "working" || measured);
    if let Some(verb) = verb
        && measured
    {
        let phrase = verb_phrase(words, 0);
        let end = phrase.end.min(words.len());
        let object = match text(words, 0..end) {
            tail if words[0].is_mark || tail.is_empty() => verb.text.to_string(),
            tail => format!("{} {tail}", verb.text),
        };
        facts.add(claim.subject, "work_schedule", object);
    }
}

pub(super) fn school(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0)
        && words[range.clone()].iter().any(|w| w.has(Class::SCHOOL))
    {
        facts.add(claim.subject, "attend_school", text(words, range));
    }
}

/// The relation for a home of this description.
pub(super) fn home_kind(words: &[Word]) -> &'static str {
    let generic = words.last().is_some_and(|w| {
        w.has(Class::DWELLING | Class::PARENT | Class::PARTNER | Class::CHILD | Class::SIBLING)
    });
    if generic { "live_in_general" } else { "live_in_citystatecountry" }
}

pub(super) fn home(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let last = claim.taken().last();
    if let Some(range) = object(words, 0) {
        // Whom one lives with is no town, whoever it is.
        let company = last.is_some_and(|word| word.is(&["with"]));
        let kind = if company { "live_in_general" } else { home_kind(&words[range.clone()]) };
        facts.add(claim.subject, kind, text(words, range));
    } else if let Some(word) = last
        && word.is(&["alone", "outside"])
    {
        facts.add(claim.subject, "live_in_general", word.text.clone());
    }
}

/// A place, or a year (`in 1982`, `in the early 80s`).
pub(super) fn born(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0) {
        let year = words[range.clone()].iter().any(Word::is_figure);
        let relation = if year { "has_age" } else { "place_origin" };
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// Whether any of the objects in a row is a profession, with their ranges.
pub(super) fn professions(words: &[Word]) -> Vec<std::ops::Range<usize>> {
    objects(words).into_iter().filter(|range| names_profession(&words[range.clone()])).collect()
}

/// `as a doctor , i ..`
pub(super) fn as_a(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0)
        && names_profession(&words[range.clone()])
        && words[range.end..].iter().take(2).any(|w| w.is(&["i", "my"]))
    {
        facts.add(claim.subject, "has_profession", text(words, range));
    }
}
