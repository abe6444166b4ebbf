//! What a rule does with the words after its pattern.

use idl_dialogue::Triple;

use crate::lexicon::{self as lex, is_profession, known};
use crate::pattern::adverbs;
use crate::phrase::{ends_object, object, objects, text};
use crate::words::Word;

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

/// How the words after a pattern are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reading {
    /// Things liked; the relation follows from the thing.
    Like,
    /// Things disliked.
    Dislike,
    /// Things of this relation.
    Noun(&'static str),
    /// `my favorite X is Y`.
    Favorite,
    /// A game, a sport or an instrument.
    Play,
    /// A profession, whatever it is called.
    Profession,
    /// A profession of the past, if it is one.
    FormerProfession,
    /// Where somebody works.
    Employer,
    /// A school.
    School,
    /// Where somebody lives.
    Home,
    /// A place of this relation.
    Place(&'static str),
    /// Belongings, pets and people.
    Have,
    /// Their absence.
    HaveNo,
    /// `my dog ..`, `my wife is a ..`.
    Relative,
    /// A name.
    Name,
    /// A number of years.
    Age,
    /// `i am ..`: profession, age, status, attribute.
    Am,
}

impl Reading {
    /// Adds the facts in `words` to `facts`; none where they say nothing.
    pub(crate) fn read(self, words: &[Word], facts: &mut Facts) {
        match self {
            Reading::Like => like(words, facts),
            Reading::Dislike => dislike(words, facts),
            Reading::Place(relation) => {
                let place = object(words, 0).filter(|range| {
                    // "born in 1982" names no place.
                    !words[range.start].text.starts_with(|c: char| c.is_ascii_digit())
                });
                if let Some(range) = place {
                    facts.add("i", relation, text(words, range));
                }
            }
            Reading::Noun(relation) => {
                for range in objects(words) {
                    facts.add("i", relation, text(words, range));
                }
            }
            Reading::Favorite => favorite(words, facts),
            Reading::Play => play(words, facts),
            Reading::Profession => {
                if let Some(range) = object(words, 0) {
                    facts.add("i", "has_profession", text(words, range));
                }
            }
            Reading::FormerProfession => {
                if let Some(range) = object(words, 0)
                    && words[range.clone()].iter().any(|w| is_profession(&w.text))
                {
                    facts.add("i", "previous_profession", text(words, range));
                }
            }
            Reading::Employer => employer("i", words, facts),
            Reading::School => {
                if let Some(range) = object(words, 0)
                    && words[range.clone()].iter().any(|w| known(&w.text, lex::SCHOOLS))
                {
                    facts.add("i", "attend_school", text(words, range));
                }
            }
            Reading::Home => home(words, facts),
            Reading::Have => have(words, facts),
            Reading::HaveNo => have_no(words, facts),
            Reading::Relative => relative(words, facts),
            Reading::Name => name("i", words, facts),
            Reading::Age => age(words, facts),
            Reading::Am => am("i", words, facts),
        }
    }
}

fn like(words: &[Word], facts: &mut Facts) {
    // "i like to eat pizza", "i love watching films": the verb says what kind.
    let to = words.first().is_some_and(|w| w.is(&["to"]));
    let at = usize::from(to);
    let relation = words.get(at).and_then(|verb| match verb.text.as_str() {
        "eat" | "eating" => Some("like_food"),
        "drink" | "drinking" => Some("like_drink"),
        "watch" | "watching" => Some("like_watching"),
        "read" | "reading" => Some("like_read"),
        _ => None,
    });
    if let Some(relation) = relation {
        let found = objects(&words[at + 1..]);
        if !found.is_empty() {
            for range in found {
                facts.add("i", relation, text(&words[at + 1..], range));
            }
            return;
        }
    }
    for (i, range) in objects(words).into_iter().enumerate() {
        let relation =
            if to && i == 0 { "like_activity" } else { liked_kind(&words[range.clone()]) };
        facts.add("i", relation, text(words, range));
    }
}

/// The relation for a thing liked.
fn liked_kind(words: &[Word]) -> &'static str {
    let any = |list| words.iter().any(|w| known(&w.text, list));
    let last = |list| words.last().is_some_and(|w| known(&w.text, list));
    match () {
        () if last(lex::MUSIC) => "like_music",
        () if any(lex::SPORTS) => "like_sports",
        () if words.first().is_some_and(|w| w.text.len() > 5 && w.text.ends_with("ing")) => {
            "like_activity"
        }
        () if last(lex::FOODS) => "like_food",
        () if last(lex::DRINKS) => "like_drink",
        () if last(lex::ANIMALS) => "like_animal",
        () if last(lex::COLORS) => "like_color",
        () => "like_general",
    }
}

fn dislike(words: &[Word], facts: &mut Facts) {
    for range in objects(words) {
        let relation = match liked_kind(&words[range.clone()]) {
            "like_food" => "dislike_food",
            "like_animal" => "dislike_animal",
            "like_drink" => "dislike_drink",
            _ => "dislike",
        };
        facts.add("i", relation, text(words, range));
    }
}

/// `my favorite [key] is [object]`; the key may be some words long.
fn favorite(words: &[Word], facts: &mut Facts) {
    let key = words.iter().take(4).take_while(|w| !ends_object(w)).count();
    let Some(verb) = words.get(key) else { return };
    let is = verb.is(&["is", "are", "was", "would", "has"]);
    if key == 0 || !is {
        return;
    }
    // "would be", "has to be", "is when": a verb group, then the object.
    let mut at = key + 1;
    while words
        .get(at)
        .is_some_and(|w| w.is(&["to", "be", "have", "probably", "definitely", "by", "far"]))
    {
        at += 1;
    }
    let kind = words[..key].iter().rev().find_map(|w| {
        lex::FAVORITES
            .iter()
            .find(|(name, _)| known(&w.text, &[name]))
            .map(|&(_, relation)| relation)
    });
    let rest = &words[at..];
    for range in objects(rest) {
        facts.add("i", kind.unwrap_or("favorite"), text(rest, range));
    }
}

fn play(words: &[Word], facts: &mut Facts) {
    for range in objects(words) {
        let any = |list| words[range.clone()].iter().any(|w| known(&w.text, list));
        let relation = match () {
            () if any(lex::INSTRUMENTS) => "has_ability",
            () if any(lex::SPORTS) => "like_sports",
            () => "has_hobby",
        };
        facts.add("i", relation, text(words, range));
    }
}

fn employer(subject: &str, words: &[Word], facts: &mut Facts) {
    let generic = words.first().is_some_and(|w| w.is(lex::DETERMINERS));
    if let Some(range) = object(words, 0) {
        let relation = if generic { "employed_by_general" } else { "employed_by_company" };
        facts.add(subject, relation, text(words, range));
    }
}

fn home(words: &[Word], facts: &mut Facts) {
    if let Some(range) = object(words, 0) {
        let generic = words[range.clone()].last().is_some_and(|w| known(&w.text, lex::DWELLINGS));
        let relation = if generic { "live_in_general" } else { "live_in_citystatecountry" };
        facts.add("i", relation, text(words, range));
    }
}

/// The relation for something or somebody one has, and whether it is told by
/// its last word alone (`two old dogs` are `dogs`).
fn owned_kind(words: &[Word]) -> Option<&'static str> {
    let last = &words.last()?.text;
    let is = |list| known(last, list);
    match () {
        () if is(lex::ANIMALS) => Some("have_pet"),
        () if is(lex::SIBLINGS) => Some("have_sibling"),
        () if is(lex::CHILDREN) => Some("have_children"),
        () if is(lex::FAMILY) => Some("have_family"),
        () if is(lex::VEHICLES) => Some("have_vehicle"),
        () if is(lex::BODY) => Some("physical_attribute"),
        () => None,
    }
}

fn have(words: &[Word], facts: &mut Facts) {
    // "i have to go", "i have been there", "i have the best time" say nothing.
    let verbal = words.first().is_none_or(|w| {
        w.is(&["to", "heard", "seen", "tried", "gone", "never", "thought", "always", "got", "lost"])
            || (w.text.len() > 3 && w.text.ends_with("ed"))
    });
    if verbal {
        return;
    }
    for range in objects(words) {
        let owned = &words[range.clone()];
        match owned_kind(owned) {
            Some("have_pet") => {
                let at = range.end - 1;
                facts.add("i", "have_pet", text(words, at..range.end));
            }
            Some(relation) => facts.add("i", relation, text(words, range)),
            // Of all else only what is named by an article or a number.
            None if words[range.start.saturating_sub(1)].is(&["a", "an", "my", "own"])
                || owned.len() > 1 && owned[0].is(lex::NUMBERS) =>
            {
                facts.add("i", "own", text(words, range));
            }
            None => {}
        }
    }
}

fn have_no(words: &[Word], facts: &mut Facts) {
    for range in objects(words) {
        let relation = match owned_kind(&words[range.clone()]) {
            Some("have_sibling") => "have_no_sibling",
            Some("have_children") => "have_no_children",
            Some("have_family") => "have_no_family",
            _ => "have_no",
        };
        facts.add("i", relation, text(words, range));
    }
}

/// What follows `my`: `two dogs`, `wife is a nurse`, `dog is called rex`.
fn relative(words: &[Word], facts: &mut Facts) {
    // One or two words may stand before the noun ("older", "black").
    let Some(noun) = (0..words.len().min(3))
        .find(|&i| !ends_object(&words[i]) && owned_kind(&words[i..=i]).is_some())
    else {
        return;
    };
    if words[..noun].iter().any(ends_object) {
        return;
    }
    // In "my mother bakes" the fact is elsewhere; in "my dog food" as well.
    let next = words.get(noun + 1);
    if next.is_some_and(|w| !ends_object(w) && owned_kind(std::slice::from_ref(w)).is_some()) {
        return;
    }
    match owned_kind(&words[noun..=noun]) {
        Some("have_family") | Some("physical_attribute") | None => {}
        Some(relation) => facts.add("i", relation, words[noun].text.clone()),
    }
    let subject = format!("my {}", words[noun].text);
    let rest = &words[noun + 1..];
    let Some(verb) = rest.first() else { return };
    let after = |n: usize| rest.get(n..).unwrap_or(&[]);
    match verb.text.as_str() {
        "named" | "called" => name(&subject, after(1), facts),
        "name" if rest.get(1).is_some_and(|w| w.is(&["is"])) => name(&subject, after(2), facts),
        "is" | "was" if rest.get(1).is_some_and(|w| w.is(&["named", "called"])) => {
            name(&subject, after(2), facts);
        }
        "is" => am(&subject, after(1), facts),
        "works" => match rest.get(1).map(|w| w.text.as_str()) {
            Some("as") => am(&subject, after(2), facts),
            Some("at" | "for" | "in") => employer(&subject, after(2), facts),
            _ => {}
        },
        _ => {}
    }
}

/// A name is one word, or two where the second ends the clause.
fn name(subject: &str, words: &[Word], facts: &mut Facts) {
    if let Some(range) = object(words, 0)
        && range.start == 0
        && range.len() <= 2
    {
        facts.add(subject, "name", text(words, range));
    }
}

fn age(words: &[Word], facts: &mut Facts) {
    if let Some(years) = years(words) {
        facts.add("i", "has_age", years);
    }
}

/// A plausible age at the beginning of `words`, followed by `years` or by the
/// end of the clause.
fn years(words: &[Word]) -> Option<String> {
    let number = words.first().filter(|w| {
        w.text.parse::<u32>().is_ok_and(|n| (3..=110).contains(&n)) || w.is(lex::NUMBERS)
    })?;
    let tail = words.get(1).filter(|w| w.is(lex::NUMBERS));
    let length = 1 + usize::from(tail.is_some());
    let closed = words.get(length).is_none_or(|w| {
        w.is(&["years", "year", "yrs", "yr", "old", "and", "so", "now", "but", "almost", "in"])
            || w.is_mark
    });
    closed.then(|| match tail {
        Some(tail) => format!("{} {}", number.text, tail.text),
        None => number.text.clone(),
    })
}

fn am(subject: &str, words: &[Word], facts: &mut Facts) {
    let words = &words[adverbs(words)..];
    if let Some(years) = years(words) {
        facts.add(subject, "has_age", years);
        return;
    }
    let article = words.first().is_some_and(|w| w.is(&["a", "an", "the"]));
    let Some(range) = object(words, 0) else { return };
    let described = &words[range.clone()];
    let find =
        |list: &[&str]| described.iter().find(|w| known(&w.text, list)).map(|w| w.text.clone());
    let Some(last) = described.last() else { return };
    // "a dog lover" likes dogs.
    if described.len() > 1 && last.is(&["lover", "fan", "person", "enthusiast"]) {
        let thing = &described[..described.len() - 1];
        facts.add(subject, liked_kind(thing), text(described, 0..described.len() - 1));
        return;
    }
    let attributes = [
        (lex::STUDENTS, "school_status"),
        (lex::DIETS, "diet"),
        (lex::MARITAL, "marital_status"),
        (lex::JOB_STATUS, "job_status"),
        (lex::BELIEFS, "belief"),
    ];
    if let Some((word, relation)) = attributes.iter().find_map(|(l, r)| Some((find(l)?, r))) {
        facts.add(subject, relation, word);
        return;
    }
    if article && described.iter().any(|w| is_profession(&w.text)) {
        let is_one = |range: &std::ops::Range<usize>| {
            words[range.clone()].iter().any(|w| is_profession(&w.text))
        };
        for range in objects(words).into_iter().filter(is_one) {
            facts.add(subject, "has_profession", text(words, range));
        }
        return;
    }
    let looks =
        [(lex::GENDERS, "gender"), (lex::NATIONS, "race"), (lex::PHYSICAL, "physical_attribute")];
    if let Some((word, relation)) = looks.iter().find_map(|(l, r)| Some((find(l)?, r))) {
        facts.add(subject, relation, word);
    }
}
