//! Likes, dislikes, favorites and games.

use std::ops::Range;

use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::{self, Class};
use crate::rules::phrase::{ends_object, object, objects, text, verb_phrase};
use crate::rules::words::Word;

/// Things liked. `i like to eat pizza`, `i love watching films`: there the verb
/// says what kind, and the object is the verb's.
pub(super) fn like(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let to = usize::from(words.first().is_some_and(|w| w.is(&["to"])));
    like_from(claim, words, to, facts);
}

/// The same, where the pattern has taken the `to`.
pub(super) fn like_to(claim: Claim, facts: &mut Facts) {
    let words = claim.predicate();
    let to = words.len() - claim.rest().len();
    like_from(claim, &words[to - 1..], 1, facts);
}

fn like_from(claim: Claim, words: &[Word], to: usize, facts: &mut Facts) {
    let Some(verb) = words.get(to) else { return };
    if to == 1 || verb.is_gerund() {
        let rest = &words[to + 1..];
        let relation = match &*verb.text {
            "eat" | "eating" => "like_food",
            "drink" | "drinking" => "like_drink",
            "watch" | "watching" => "like_watching",
            "read" | "reading" => "like_read",
            "listen" | "listening" => "like_music",
            "go" | "going" => "like_goto",
            _ => "",
        };
        let found = if relation.is_empty() { Vec::new() } else { destination(rest) };
        if !found.is_empty() {
            for range in found {
                facts.add(claim.subject, relation, text(rest, range));
            }
            return;
        }
        // "to be outdoors", "to go out": the verb alone says too little.
        if verb.is(LIGHT) || verb.has(Class::VAGUE) {
            let phrase = verb_phrase(words, to);
            if phrase.len() > 1 {
                facts.add(claim.subject, "like_activity", text(words, phrase));
            }
            return;
        }
    }
    for (i, range) in objects(&words[to..]).into_iter().enumerate() {
        let mut range = range.start + to..range.end + to;
        if to == 1 && i == 0 && range.len() == 1 {
            range = verb_phrase(words, range.start);
        }
        let kind = liked_kind(&words[range.clone()]);
        let relation = if to == 1 && i == 0 { "like_activity" } else { kind };
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// Verbs that need a complement to say anything.
#[rustfmt::skip]
const LIGHT: &[&str] = &[
    "be", "being", "do", "doing", "get", "getting", "go", "going", "have", "having", "hear",
    "hearing", "know", "make", "making", "meet", "meeting", "say", "see", "seeing", "spend",
    "spending", "stay", "staying", "take", "taking", "think", "try", "trying", "use", "visit",
    "visiting",
];

/// What one goes or listens to: `to the gym`, `fishing`, `jazz`.
fn destination(words: &[Word]) -> Vec<Range<usize>> {
    let to = words.iter().take(2).take_while(|w| w.is(&["to", "out", "on", "about", "at"])).count();
    let found = objects(&words[to..]);
    found.into_iter().map(|range| range.start + to..range.end + to).collect()
}

/// The relation for a thing liked.
pub(super) fn liked_kind(words: &[Word]) -> &'static str {
    let any = |class| words.iter().any(|w| w.has(class));
    let last = |class| words.last().is_some_and(|w| w.has(class));
    match () {
        () if any(Class::COLOR) && words.iter().any(|w| w.is(&["color", "colour"])) => "like_color",
        () if last(Class::MUSIC) => "like_music",
        () if words.first().is_some_and(Word::is_gerund) => "like_activity",
        () if any(Class::SPORT) => "like_sports",
        () if last(Class::FOOD) => "like_food",
        () if last(Class::DRINK) => "like_drink",
        () if last(Class::ANIMAL) => "like_animal",
        () if last(Class::COLOR) => "like_color",
        () => "like_general",
    }
}

pub(super) fn dislike(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    // "i do not like to swim"
    let to = usize::from(words.first().is_some_and(|w| w.is(&["to"])));
    let words = &words[to..];
    let activity = to == 1 || words.first().is_some_and(Word::is_gerund);
    let verb = words.first().filter(|w| activity && (w.is(LIGHT) || w.has(Class::VAGUE)));
    let found = if verb.is_some() { vec![verb_phrase(words, 0)] } else { objects(words) };
    for range in found {
        if verb.is_some() && range.len() == 1 {
            continue;
        }
        let relation = match liked_kind(&words[range.clone()]) {
            "like_food" => "dislike_food",
            "like_animal" => "dislike_animal",
            "like_drink" => "dislike_drink",
            "like_activity" => "dislike_activity",
            _ if to == 1 => "dislike_activity",
            _ => "dislike",
        };
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// `my favorite [key] is [object]`, `[object] is my favorite [key]`, `my
/// favorite [key] [object]`; the key may be some words long.
pub(super) fn favorite(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let key = words.iter().take(4).take_while(|w| !ends_object(w)).count();
    let least = claim.taken().iter().any(|w| w.text == "least");
    let relation = if least { "dislike" } else { relation_of(&words[..key]) };
    // "is", "would be", "has to be", "is when": a verb group, then the object.
    let mut at = key;
    let verb = words.get(at).is_some_and(|w| w.is(&["is", "are", "was", "would", "has"]));
    if verb || words.get(at).is_some_and(|w| w.is(&[",", ":"])) {
        at += 1;
        while words.get(at).is_some_and(|w| {
            w.is(&["to", "be", "have", "probably", "definitely", "by", "far", "always", "from"])
        }) {
            at += 1;
        }
        let rest = &words[at..];
        if verb || key > 0 {
            for range in objects(rest) {
                facts.add(claim.subject, relation, text(rest, range));
            }
        }
    }
    if verb {
        return;
    }
    if let Some(range) = favored_before(claim.before()) {
        facts.add(claim.subject, relation, text(claim.before(), range));
        return;
    }
    // "my favorite food pizza", "my favorite horror movie": what follows the
    // kind of thing, or what stands before it.
    let kind = words[..key].iter().rposition(|w| lexicon::favorite(&w.text).is_some());
    match kind {
        Some(kind) if kind + 1 < key && !words[key - 1].has(Class::ADVERB) => {
            facts.add(claim.subject, relation, text(words, kind + 1..key));
        }
        Some(kind) if kind > 0 => facts.add(claim.subject, relation, text(words, 0..kind)),
        None if key > 0 && words.get(key).is_none_or(|w| w.is_mark) => {
            facts.add(claim.subject, relation, text(words, 0..key));
        }
        _ => {}
    }
}

/// `[object] is my hobby`, `is one of my hobbies`.
pub(super) fn hobby(claim: Claim, facts: &mut Facts) {
    if let Some(range) = favored_before(claim.before()) {
        facts.add(claim.subject, "has_hobby", text(claim.before(), range));
    }
}

/// The relation by the key, from its last word on.
fn relation_of(key: &[Word]) -> &'static str {
    key.iter().rev().find_map(|w| lexicon::favorite(&w.text)).unwrap_or("favorite")
}

/// What stands before `is my favorite`.
fn favored_before(words: &[Word]) -> Option<Range<usize>> {
    let skipped = words
        .iter()
        .rev()
        .take(4)
        .take_while(|w| {
            w.has(Class::ADVERB) || w.is(&["is", "are", "was", "be", ",", "one", "of", "which"])
        })
        .count();
    let end = words.len() - skipped;
    let length = words[..end].iter().rev().take(4).take_while(|w| !ends_object(w)).count();
    let mut start = end - length;
    while start < end && words[start].has(Class::DETERMINER | Class::ADVERB) {
        start += 1;
    }
    let alone = end == start + 1 && words[start].has(Class::VAGUE | Class::CLAUSE_VERB);
    (skipped > 0 && start < end && !alone).then_some(start..end)
}

/// `mine is [object]`, in answer to a question about favorites.
pub(super) fn mine(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let verb = words.first().is_some_and(|w| w.is(&["is", "are", "would", "has"]));
    let be = 1 + words.iter().skip(1).take_while(|w| w.is(&["be", "to", "probably"])).count();
    if verb && let Some(range) = object(words, be) {
        facts.add(claim.subject, "favorite", text(words, range));
    }
}

pub(super) fn play(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    for range in objects(words) {
        let any = |class| words[range.clone()].iter().any(|w| w.has(class));
        let relation = match () {
            () if any(Class::INSTRUMENT) => "has_ability",
            () if any(Class::SPORT) => "like_sports",
            () => "has_hobby",
        };
        facts.add(claim.subject, relation, text(words, range));
    }
}
