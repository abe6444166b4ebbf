//! What somebody is: `i am ..` and the like.

use super::tastes::liked_kind;
use super::work::{home_kind, names_profession, professions};
use crate::rules::claim::{Claim, Facts};
use crate::rules::lexicon::Class;
use crate::rules::pattern::adverbs;
use crate::rules::phrase::{object, text, verb_phrase};
use crate::rules::words::Word;

/// A name is one word, or two where the second ends the clause.
pub(super) fn name(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    if let Some(range) = object(words, 0)
        && range.start == 0
        && range.len() <= 2
        && !words[0].is_figure()
    {
        facts.add(claim.subject, "name", text(words, range));
    }
}

pub(super) fn age(claim: Claim, facts: &mut Facts) {
    if let Some(years) = years(claim.rest()) {
        facts.add(claim.subject, "has_age", years);
    }
}

/// A plausible age at the beginning of `words`, followed by `years` or by the
/// end of the clause.
fn years(words: &[Word]) -> Option<String> {
    let is_age = |w: &Word| w.text.parse::<u32>().is_ok_and(|n| (3..=110).contains(&n));
    let number = words.first().filter(|w| is_age(w) || w.has(Class::NUMBER))?;
    let tail = words.get(1).filter(|w| w.has(Class::NUMBER));
    let length = 1 + usize::from(tail.is_some());
    let closed = words.get(length).is_none_or(|w| {
        w.is_mark
            || w.is(&[
                "years",
                "year",
                "yrs",
                "yr",
                "yo",
                "old",
                "and",
                "so",
                "now",
                "but",
                "almost",
                "in",
                "this",
                "today",
                "next",
                "soon",
                "lol",
                "with",
                "male",
                "female",
                "which",
                "or",
                "because",
                "though",
                "too",
                "years-old",
                "year-old",
                "tomorrow",
            ])
    });
    closed.then(|| match tail {
        Some(tail) => format!("{} {}", number.text, tail.text),
        None => number.text.to_string(),
    })
}

/// Statuses that hold for a while, by the word that tells them.
const STATUSES: &[(Class, &str)] = &[
    (Class::STUDENT, "school_status"),
    (Class::DIET, "diet"),
    (Class::MARITAL, "marital_status"),
    (Class::JOB_STATUS, "job_status"),
    (Class::BELIEF, "belief"),
    (Class::HEALTH, "health_status"),
];

const LOOKS: &[(Class, &str)] = &[
    (Class::NATION, "race"),
    (Class::PHYSICAL, "physical_attribute"),
    (Class::TRAIT, "misc_attribute"),
];

pub(super) fn am(claim: Claim, facts: &mut Facts) {
    let mut words = &claim.rest()[adverbs(claim.rest())..];
    if let [a, bit, of, rest @ ..] = words
        && (a.text == "a" && bit.is(&["bit", "kind", "sort"]) && of.text == "of")
    {
        words = rest;
    }
    let subject = claim.subject;
    // "over 60", "about 6 feet": a measure.
    let measure =
        usize::from(words.first().is_some_and(|w| w.is(&["over", "about", "only", "under"])));
    if let Some(years) = years(&words[measure..]) {
        facts.add(subject, "has_age", years);
        return;
    }
    if let Some(measured) = height(&words[measure..]) {
        facts.add(subject, "physical_attribute", measured);
        return;
    }
    let article = words.first().is_some_and(|w| w.is(&["a", "an", "the"]));
    let Some(mut range) = object(words, 0) else { return };
    // "a 35 year old nurse": an age, and what follows it.
    if let [years, unit, ..] = &words[range.clone()]
        && years.is_figure()
        && unit.is(&["year", "yr", "years"])
    {
        facts.add(subject, "has_age", years.text.clone());
        let old = usize::from(words.get(range.start + 2).is_some_and(|w| w.text == "old"));
        words = &words[range.start + 2 + old..];
        let Some(rest) = object(words, 0) else { return };
        range = rest;
    }
    let described = &words[range.clone()];
    let found = facts.len();
    // "a dog lover"
    let lover = [
        "buff",
        "collector",
        "drinker",
        "eater",
        "enthusiast",
        "fan",
        "fanatic",
        "fans",
        "lover",
        "lovers",
    ];
    if described.len() > 1 && described.last().is_some_and(|w| w.is(&lover)) {
        let thing = &described[..described.len() - 1];
        let thing = match thing {
            [first, rest @ ..] if !rest.is_empty() && first.is(&["big", "huge", "avid"]) => rest,
            _ => thing,
        };
        facts.add(subject, liked_kind(thing), text(thing, 0..thing.len()));
        return;
    }
    if described.first().is_some_and(|w| w.has(Class::ONGOING)) {
        facts.add(subject, "doing", text(words, verb_phrase(words, range.start)));
        return;
    }
    // "i am sorry", "i am bored": the first word says that it will pass.
    let passing = described.first().is_none_or(|w| w.has(Class::STATE) || w.is_gerund());
    if passing && !article {
        // "i am always late", "sometimes i am late"
        let said = &claim.predicate()[..claim.predicate().len() - words.len()];
        if said.iter().chain(claim.before().last()).any(|w| {
            w.is(&["always", "never", "often", "sometimes", "usually", "constantly", "rarely"])
        }) {
            let length = range.len().max(verb_phrase(words, range.start).len());
            let phrase = range.start..range.start + length;
            facts.add(subject, "misc_attribute", text(words, phrase));
        }
        return;
    }
    let word = |class| described.iter().find(|w| w.has(class)).map(|w| w.text.clone());
    for &(class, relation) in STATUSES {
        if let Some(word) = word(class) {
            facts.add(subject, relation, word);
        }
    }
    if facts.len() == found && (article || described.len() == 1) {
        let jobs = if article { professions(words) } else { Vec::new() };
        for range in jobs {
            facts.add(subject, "has_profession", text(words, range));
        }
        if !article && described.len() == 1 && described[0].has(Class::PROFESSION) {
            let known =
                names_profession(described) && words.get(range.end).is_none_or(|w| w.is_mark);
            if known {
                facts.add(subject, "has_profession", described[0].text.clone());
            }
        }
    }
    if facts.len() > found {
        return;
    }
    if article && let Some(word) = word(Class::GENDER) {
        facts.add(subject, "gender", word);
    }
    for &(class, relation) in LOOKS {
        if let Some(word) = word(class) {
            facts.add(subject, relation, word);
            return;
        }
    }
    if !article && described[0].has(Class::NAME | Class::GENDER) {
        let relation = if described[0].has(Class::NAME) { "name" } else { "gender" };
        facts.add(subject, relation, described[0].text.clone());
    }
    let vague =
        described.last().is_none_or(|w| w.has(Class::STATE | Class::FLEETING | Class::VAGUE))
            || described[0].text == "bit"
            || described.len() == 1 && described[0].text == "person";
    if article && facts.len() == found && !vague {
        facts.add(subject, "misc_attribute", text(described, 0..described.len()));
    }
}

/// `6 feet tall`, `5 ' 4`, `200 pounds`.
fn height(words: &[Word]) -> Option<String> {
    let number = words.first()?;
    if number.is_figure() && number.text.contains('\'') {
        return Some(number.text.to_string());
    }
    let unit = words.get(1)?;
    if number.is_figure() && unit.is_figure() {
        return Some(format!("{} {}", number.text, unit.text));
    }
    let counted = number.has(Class::NUMBER) || number.is_figure();
    (counted && unit.is(&["feet", "foot", "ft", "'", "pounds", "lbs", "inches"]))
        .then(|| format!("{} {}", number.text, unit.text))
}

/// `i am not married`; a profession or a name denied tells nothing.
pub(super) fn am_not(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let at = adverbs(words);
    let lasting = Class::MARITAL
        | Class::JOB_STATUS
        | Class::BELIEF
        | Class::DIET
        | Class::PHYSICAL
        | Class::TRAIT;
    if let Some(word) = words.get(at).filter(|w| w.has(lasting) && !w.has(Class::STATE)) {
        let relation = STATUSES.iter().chain(LOOKS).find(|&&(class, _)| word.has(class));
        let relation = relation.map_or("misc_attribute", |&(_, relation)| relation);
        facts.add(claim.subject, relation, format!("not {}", text(words, 0..at + 1)));
    } else if at > 0
        && words[at - 1].is(&["very", "that"])
        && words.get(at).is_some_and(|w| {
            !w.is_mark && !w.has(Class::STATE | Class::STOP | Class::DETERMINER) && !w.is_gerund()
        })
    {
        // "not very fast"
        facts.add(claim.subject, "misc_attribute", format!("not {}", text(words, 0..at + 1)));
    }
}

/// `i have been married for years`, `i have been playing the cello since ..`.
pub(super) fn been(claim: Claim, facts: &mut Facts) {
    let words = &claim.rest()[adverbs(claim.rest())..];
    let Some(first) = words.first() else { return };
    let lasts = words
        .iter()
        .take_while(|w| !w.ends_sentence())
        .any(|w| w.is(&["since", "years", "months", "decades", "life", "always"]));
    if first.text == "in" {
        let length = claim.predicate().len() - words.len() + 1;
        within(claim.matched(length), facts);
        return;
    }
    if first.text == "in" {
        let length = claim.predicate().len() - words.len() + 1;
        within(claim.matched(length), facts);
    } else if first.has(Class::MARITAL | Class::JOB_STATUS | Class::DIET) || first.is(&["a", "an"])
    {
        am(claim, facts);
    } else if first.is_gerund()
        && lasts
        && !first.is(&["thinking", "meaning", "waiting", "trying", "looking", "feeling", "having"])
    {
        facts.add(claim.subject, "has_hobby", text(words, verb_phrase(words, 0)));
    }
}

/// `i got married`, `i married my teacher`.
pub(super) fn marriage(claim: Claim, facts: &mut Facts) {
    if let Some(word) = claim.taken().last() {
        facts.add(claim.subject, "marital_status", word.text.clone());
    }
}

/// Of kin only: the speaker has them no more.
pub(super) fn died(claim: Claim, facts: &mut Facts) {
    if let Some(kin) = claim.subject.strip_prefix("my ") {
        facts.add("i", "have_no_family", kin);
    }
}

/// `i wear glasses`, `i dyed my hair`.
pub(super) fn look(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let habit = claim.taken().iter().any(|w| w.has(Class::HABIT) || w.is(&["wear", "wears"]));
    if let Some(range) = object(words, 0)
        && (habit || words[range.clone()].iter().any(|w| w.has(Class::BODY)))
    {
        facts.add(claim.subject, "physical_attribute", text(words, range));
    }
}

/// `i am in my 30s`, `in college`, `in the army`, `in texas`.
pub(super) fn within(claim: Claim, facts: &mut Facts) {
    let words = claim.rest();
    let Some(range) = object(words, 0) else { return };
    let named = &words[range.clone()];
    let any = |class| named.iter().any(|w| w.has(class));
    let on = claim.taken().last().is_some_and(|w| w.text == "on");
    let decade = words[0].text == "my" && named[0].is_figure()
        || named.iter().any(|w| {
            w.is(&[
                "20s",
                "30s",
                "40s",
                "50s",
                "60s",
                "70s",
                "80s",
                "90s",
                "20's",
                "30's",
                "40's",
                "twenties",
                "thirties",
                "forties",
                "fifties",
                "sixties",
                "seventies",
                "teens",
            ])
        });
    let relation = match () {
        () if named.iter().any(|w| w.is(&["diet", "disability", "spectrum"])) => "health_status",
        () if decade => "has_age",
        () if on => return,
        () if any(Class::SCHOOL) => "attend_school",
        () if any(Class::INDUSTRY) => "employed_by_general",
        () if any(Class::PLACE) => "live_in_citystatecountry",
        () if named
            .iter()
            .any(|w| w.is(&["band", "choir", "orchestra", "club", "league", "team"])) =>
        {
            "member_of"
        }
        () if any(Class::SPORT) => "like_sports",
        () if named.iter().any(|w| w.text == "relationship") => "relationship",
        () if any(Class::DWELLING) => home_kind(named),
        () => return,
    };
    facts.add(claim.subject, relation, text(words, range));
}
