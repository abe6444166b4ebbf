//! Habits, hobbies, abilities, and what one does not do.

use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::Class;
use crate::rules::pattern::adverbs;
use crate::rules::phrase::{object, text, verb_phrase};
use crate::rules::words::Word;

/// `i go fishing`, `i go to the gym`.
pub(super) fn go(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let Some(first) = words.first() else { return };
    if first.is_gerund() {
        facts.add(claim.subject, "like_activity", text(words, verb_phrase(words, 0)));
    } else if first.is(&["to", "by"])
        && let Some(range) = object(words, 1)
    {
        let relation = if first.is(&["by"]) { "name" } else { "like_goto" };
        let nowhere = words[range.clone()].iter().any(|w| w.is(&["bed", "sleep", "work", "home"]));
        if !nowhere {
            facts.add(claim.subject, relation, text(words, range));
        }
    } else {
        habit(claim.matched(adverbs(claim.predicate())), facts);
    }
}

/// Other verbs whose negation tells something of a person.
#[rustfmt::skip]
const HABITUAL: &[&str] = &[
    "attend", "believe", "celebrate", "consume", "cook", "date", "do", "drink", "drive",
    "driven", "drove", "eat", "exercise", "follow", "get", "go", "hear", "learned", "listen",
    "live", "mind", "own", "play", "read", "see", "sleep", "smoked", "socialize", "swim",
    "talk", "travel", "trust", "use", "walk", "watch", "wear", "work",
];

/// `i can swim`, `i can not drive`.
pub(super) fn able(claim: Claim, relation: &str, facts: &mut Facts) {
    let words = &claim.rest()[adverbs(claim.rest())..];
    let said = words.first().is_some_and(|w| {
        w.has(Class::ACTIVITY) || w.is(&["play", "drive", "read", "walk", "make", "hear", "see"])
    });
    let what = words.get(1).is_some_and(|w| w.has(Class::DETERMINER) || !w.has(Class::STOP));
    let seeing = words.first().is_some_and(|w| w.is(&["see", "hear", "make", "read", "walk"]));
    if said && (what || !seeing) && !(seeing && relation == "weakness" && words.len() > 3) {
        facts.add(claim.subject, relation, text(words, verb_phrase(words, 0)));
    }
}

/// `i do not drive`, `never smoked`.
pub(super) fn not_do(claim: Claim, facts: &mut Facts) {
    let words = &claim.rest()[adverbs(claim.rest())..];
    let Some(verb) = words.first() else { return };
    let phrase = verb_phrase(words, 0);
    let about_children = words[phrase.clone()].iter().any(|w| w.has(Class::CHILD));
    if verb.is(&["want", "plan"]) && about_children {
        facts.add(claim.subject, "want_no", text(words, phrase));
    } else if verb.has(Class::ACTIVITY)
        || verb.is(HABITUAL)
            && (phrase.len() > 1 || !verb.is(&["get", "do", "mind", "see", "hear", "talk"]))
    {
        facts.add(claim.subject, "do_not_do", text(words, phrase));
    }
}

/// `i have never ..`, save what tells of the talk alone.
pub(super) fn never(claim: Claim, facts: &mut Facts) {
    let words = &claim.rest()[adverbs(claim.rest())..];
    let fleeting = words.first().is_none_or(|w| {
        w.is_mark
            || (w.has(Class::STOP) && w.text != "been")
            || w.is(&[
                "asked",
                "heard",
                "known",
                "met",
                "read",
                "said",
                "saw",
                "seen",
                "tasted",
                "thought",
                "told",
                "tried",
                "understood",
                "watched",
            ])
    });
    if !fleeting {
        facts.add(claim.subject, "do_not_do", text(words, verb_phrase(words, 0)));
    }
}

/// A verb of hobby or work in the simple present, or any verb with a sign of
/// habit in its clause (`i usually get up at 4`).
pub(super) fn habit(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let Some(verb) = words.first() else { return };
    if verb.is_mark
        || verb.has(Class::STOP)
        || verb.is(TRANSIENT)
        || verb.text.ends_with("ed") && !for_years(words)
    {
        return;
    }
    // "i do yoga": the verb is taken for an auxiliary.
    let does = claim.taken().last().is_some_and(|w| w.is(&["do", "does"]))
        && (verb.has(Class::SPORT) || verb.is_gerund() || verb.is(DONE));
    let mut adverbs = claim.taken().iter().chain(claim.before().last());
    if claim.bare {
    } else if (verb.has(Class::ACTIVITY) || does)
        && (verb.text != "manage" || words.get(1).is_none_or(|w| w.text != "to"))
    {
        facts.add(claim.subject, "has_hobby", text(words, verb_phrase(words, 0)));
    } else if adverbs.any(|w| w.has(Class::HABIT)) || recurs(words) || for_years(words) {
        facts.add(claim.subject, "misc_attribute", text(words, verb_phrase(words, 0)));
    }
}

/// What one does without another verb.
const DONE: &[&str] = &[
    "construction",
    "crafts",
    "crosswords",
    "karate",
    "makeup",
    "photography",
    "puzzles",
    "research",
    "volunteer",
];

/// Verbs of thinking, of the past and of the moment.
#[rustfmt::skip]
const TRANSIENT: &[&str] = &[
    "agree", "ai", "am", "appreciate", "assume", "ate", "been", "bet", "bought", "broke",
    "came", "change", "did", "doubt", "dream", "even", "fell", "feel", "felt", "find", "forget",
    "forgot", "found", "get", "give", "got", "guess", "grew", "had", "hear", "heard", "hope",
    "imagine", "just", "keep", "knew", "know", "let", "lost", "made", "mean", "met", "miss",
    "must", "need", "plan", "promise", "put", "ran", "said", "saw", "say", "see", "seem",
    "should", "sure", "suppose", "take", "tell", "thank", "think", "thought", "told", "took",
    "try", "understand", "want", "was", "went", "were", "wish", "wonder", "would",
];

/// Whether a clause speaks of years: `i waited tables for years`.
fn for_years(words: &[Word]) -> bool {
    words
        .windows(3)
        .take_while(|w| !w[0].is_mark)
        .any(|w| w[0].text == "for" && (w[1].text == "years" || w[2].text == "years"))
}

/// Whether a clause has a sign of habit.
fn recurs(words: &[Word]) -> bool {
    let clause = words.iter().position(|w| w.is_mark).unwrap_or(words.len());
    let clause = &words[..clause];
    clause.iter().enumerate().skip(1).any(|(i, word)| {
        let next = |options: &[&str]| clause.get(i + 1).is_some_and(|w| w.is(options));
        let then = |options: &[&str]| clause.get(i + 2).is_some_and(|w| w.is(options));
        match &*word.text {
            "every" | "each" => next(TIMES) || then(TIMES),
            "all" => next(&["the", "day"]) && clause.get(i + 2).is_none_or(|w| w.is(&["time"])),
            "most" => next(TIMES),
            "when" | "whenever" => next(&["i"]) && !then(&["was", "were", "had"]),
            "for" => next(&["fun", "a"]) && clause.get(i + 2).is_none_or(|w| w.is(&["living"])),
            "on" | "at" | "in" => {
                next(&["weekends", "sundays", "saturdays", "fridays", "nights", "mornings"])
                    || next(&["the", "my"])
                        && then(&["weekends", "weekend", "side", "spare", "free", "mornings"])
            }
            "times" | "once" | "twice" | "days" | "hours" => next(&["a", "per"]) && then(TIMES),
            "daily" | "everyday" | "weekly" | "regularly" | "professionally" | "often"
            | "constantly" | "frequently" => true,
            _ => false,
        }
    })
}

#[rustfmt::skip]
const TIMES: &[&str] = &[
    "christmas", "day", "days", "evening", "friday", "hour", "month", "morning", "mornings",
    "night", "nights", "saturday", "spring", "summer", "sunday", "time", "week", "weekend",
    "weekends", "winter", "year",
];
