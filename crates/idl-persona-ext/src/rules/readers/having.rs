//! Belongings, pets and people: had, not had, and named by `my`.

use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::{Class, KIN};
use crate::rules::pattern::adverbs;
use crate::rules::phrase::{ends_object, object, objects, text};
use crate::rules::words::Word;

/// The relation for something or somebody one has.
fn owned_kind(words: &[Word]) -> Option<&'static str> {
    let last = words.last()?;
    match () {
        () if last.has(Class::SIBLING) => Some("have_sibling"),
        () if last.has(Class::CHILD) => Some("have_children"),
        () if last.has(Class::PARTNER | Class::PARENT) => Some("have_family"),
        () if last.has(Class::ANIMAL) => Some("have_pet"),
        () if last.has(Class::VEHICLE) => Some("have_vehicle"),
        () if last.has(Class::HEALTH) => Some("health_status"),
        () if last.has(Class::BODY) => Some("physical_attribute"),
        () if last.text == "degree" || last.text == "phd" => Some("has_degree"),
        () if last.is(&["band", "choir", "club", "league", "orchestra", "team"]) => {
            Some("member_of")
        }
        () if last.has(Class::SCHOOL) => Some("attend_school"),
        () if last.is(&["boy", "boys", "girl", "girls"]) => Some("have_children"),
        () => None,
    }
}

pub(super) fn have(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    // "i have to go", "i have been there", "i have the best time" say nothing.
    let verbal = words.first().is_none_or(|w| {
        w.is(&[
            "already",
            "always",
            "begun",
            "bought",
            "broken",
            "come",
            "done",
            "eaten",
            "enough",
            "fallen",
            "felt",
            "forgotten",
            "found",
            "given",
            "gone",
            "got",
            "gotten",
            "grown",
            "heard",
            "held",
            "kept",
            "known",
            "learnt",
            "led",
            "left",
            "lost",
            "made",
            "met",
            "paid",
            "read",
            "run",
            "said",
            "seen",
            "sold",
            "spent",
            "spoken",
            "sung",
            "swum",
            "taken",
            "taught",
            "that",
            "thought",
            "to",
            "told",
            "too",
            "tried",
            "won",
            "worn",
            "written",
        ]) || (w.text.len() > 3 && w.text.ends_with("ed") && !w.has(Class::DETERMINER))
    });
    if verbal {
        return;
    }
    let have = claim
        .taken()
        .iter()
        .any(|w| w.is(&["have", "has", "own", "owns", "had", "raise", "breed"]));
    let drives = claim.taken().iter().any(|w| w.is(&["drive", "drives", "drove", "ride"]));
    let have = have || drives;
    let mut end = 0;
    for range in objects(words) {
        let owned = &words[range.clone()];
        let before = &words[end..range.start];
        end = range.end;
        if owned.len() == 1 && (owned[0].is_figure() || owned[0].text == "friend") {
            continue;
        }
        // "two boys" are children, "the girls" are not.
        let counted = owned[0].has(Class::NUMBER)
            || owned[0].is_figure()
            || before.iter().any(|w| {
                w.is(&["a", "an", "few", "lot", "lots", "many", "own", "several", "some"])
            });
        match owned_kind(owned) {
            Some("have_pet") => {
                let at = range.end - 1;
                facts.add(claim.subject, "have_pet", text(words, at..range.end));
            }
            Some("have_family") if before.iter().any(|w| w.text == "my") => {}
            Some("have_family") if owned.iter().any(|w| w.has(Class::PARENT)) && !counted => {}
            Some(relation) if have || counted => {
                facts.add(claim.subject, relation, text(words, range));
            }
            // Of all else only what is named by an article or a number, and kept.
            None if drives => {}
            None if (counted || have && owned.len() > 1)
                && !owned.iter().any(|w| w.has(Class::FLEETING)) =>
            {
                facts.add(claim.subject, "own", text(words, range));
            }
            _ => {}
        }
    }
}

pub(super) fn have_no(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    for range in objects(words) {
        let lacked = &words[range.clone()];
        // "no kids , just two cats"
        if lacked[0].has(Class::NUMBER) || lacked[0].is_figure() {
            break;
        }
        let relation = match owned_kind(lacked) {
            Some("have_sibling") => "have_no_sibling",
            Some("have_children") => "have_no_children",
            Some("have_family") => "have_no_family",
            None if lacked.iter().any(|w| w.has(Class::FLEETING)) => continue,
            _ => "have_no",
        };
        facts.add(claim.subject, relation, text(words, range));
    }
}

/// `no kids`, `no pets`: only what is known to be had or not.
pub(super) fn have_none_of(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0)
        && claim.bare
        && owned_kind(&words[range.clone()]).is_some()
        && words.get(range.end).is_none_or(ends_object)
    {
        have_no(claim, facts);
    }
}

/// An answer that is a noun or a status: `just two dogs`, `single`.
pub(super) fn answer(claim: Claim, facts: &mut Facts) {
    if !claim.bare {
        return;
    }
    let words = &claim.rest()[adverbs(claim.rest())..];
    let with = usize::from(words.first().is_some_and(|w| w.is(&["with"])));
    let Some(first) = words.get(with) else { return };
    if first.has(Class::NUMBER) || first.is_figure() {
        for range in objects(&words[with..]) {
            let named = &words[with + range.start..with + range.end];
            let closed = words.get(with + range.end).is_none_or(|w| {
                w.is_mark || w.is(&["and", "named", "called", "from", "who", "in", "but", "too"])
            });
            if let Some(relation) = owned_kind(named)
                && named.len() > 1
                && closed
            {
                facts.add(claim.subject, relation, text(named, 0..named.len()));
            }
        }
        return;
    }
    // "blonde hair , blue eyes"
    if first.has(Class::COLOR | Class::PHYSICAL)
        && let Some(body) = words.get(1).filter(|w| w.has(Class::BODY))
        && words.get(2).is_none_or(ends_object)
    {
        facts.add(claim.subject, "physical_attribute", format!("{} {}", first.text, body.text));
    }
    let closed =
        words.get(1).is_none_or(|w| w.is_mark || w.is(&["and", "with", "but", "now", "for", "no"]));
    if closed && with == 0 {
        if first.has(Class::MARITAL) {
            facts.add(claim.subject, "marital_status", first.text.clone());
        } else if first.has(Class::JOB_STATUS) {
            facts.add(claim.subject, "job_status", first.text.clone());
        }
    }
}

/// Words before the noun that make it another's, or a wish.
const NOT_ONES_OWN: &[&str] = &["dream", "ex", "favorite", "friend", "friends", "local", "next"];

/// What `my` names: adds what its mention tells, and answers with the subject
/// of what follows (`my wife`) and where that begins. None where `my` names
/// nothing that is known.
pub(crate) fn possession(claim: Claim, facts: &mut Facts) -> Option<(String, usize)> {
    let words = claim.rest();
    position(words, facts);
    let whose = KIN
        | Class::ANIMAL
        | Class::BODY
        | Class::BUSINESS
        | Class::HEALTH
        | Class::INSTRUMENT
        | Class::SCHOOL
        | Class::VEHICLE;
    // Some words may stand before the noun ("older", "black").
    let mut noun = words.iter().take(4).position(|w| {
        w.has(whose) || ends_object(w) && !w.has(Class::DETERMINER | Class::ADVERB)
    })?;
    if ends_object(&words[noun]) || words[..noun].iter().any(|w| w.is(NOT_ONES_OWN)) {
        return None;
    }
    // In "my dog food" it is the second.
    if words.get(noun + 1).is_some_and(|w| w.has(whose) && !ends_object(w)) {
        noun += 1;
    }
    let named = &words[noun];
    match owned_kind(&words[noun..=noun]) {
        Some("physical_attribute") => looks(words, noun, facts),
        Some("have_family") if !named.has(Class::PARTNER) => {}
        Some(relation) => facts.add("i", relation, named.text.clone()),
        None => facts.add("i", "own", named.text.clone()),
    }
    Some((format!("my {}", named.text), claim.after + noun + 1))
}

/// `my barista job`, `my senior year`.
fn position(words: &[Word], facts: &mut Facts) {
    if let Some(job) = words.iter().take(4).position(|w| w.is(&["job", "gig"]))
        && words[..job].iter().any(|w| w.has(Class::PROFESSION | Class::INDUSTRY | Class::SCHOOL))
    {
        facts.add("i", "has_profession", text(words, 0..job));
    }
    if let [status, year, ..] = words
        && status.has(Class::STUDENT)
        && year.text == "year"
    {
        facts.add("i", "school_status", status.text.clone());
    }
}

/// `my beard`, `my long hair`, `my hair is blue`: where everybody has the
/// thing, its adjective is the trait.
fn looks(words: &[Word], noun: usize, facts: &mut Facts) {
    if words[noun].is(WORN) {
        facts.add("i", "physical_attribute", words[noun].text.clone());
    } else if noun > 0 {
        facts.add("i", "physical_attribute", text(words, 0..noun + 1));
    } else if words.get(1).is_some_and(|w| w.is(&["is", "are"]))
        && let Some(range) = object(words, 2)
        && !words[range.clone()].iter().any(|w| w.has(Class::STATE))
    {
        facts.add("i", "physical_attribute", text(words, range));
    }
}

/// What not everybody has.
const WORN: &[&str] = &[
    "beard",
    "braces",
    "dreadlocks",
    "freckles",
    "glasses",
    "moustache",
    "mustache",
    "piercings",
    "tattoo",
    "tattoos",
];
