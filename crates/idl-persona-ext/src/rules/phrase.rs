//! Where an object begins and ends.

use std::ops::Range;

use crate::rules::lexicon::Class;
use crate::rules::words::Word;

/// The longest object, in words.
const LONGEST: usize = 4;

/// The objects that `words` begin with: one, or several joined by `and`, `or`
/// and commas. None where the first does not begin at once.
pub(crate) fn objects(words: &[Word]) -> Vec<Range<usize>> {
    let Some(first) = object(words, 0) else { return Vec::new() };
    let mut found = vec![first];
    while let Some(last) = found.last() {
        let Some(next) = next_in_list(words, last.end) else { break };
        found.push(next);
    }
    found
}

/// The object that begins at `from`, without leading determiners; neither a
/// bare number nor a single vague word is one.
pub(crate) fn object(words: &[Word], from: usize) -> Option<Range<usize>> {
    let skipped = words.get(from..)?.iter().take_while(|w| w.has(Class::DETERMINER)).count();
    // "new york" keeps its first word.
    let named = skipped > 0
        && words[from + skipped - 1].text == "new"
        && words.get(from + skipped).is_some_and(|w| w.has(Class::PLACE));
    let start = from + skipped - usize::from(named);
    let rest = &words[start..];
    // "one" is a number here, and a pronoun only when nothing follows it.
    let numbered = rest.first().is_some_and(|w| w.has(Class::NUMBER));
    let mut length = rest
        .iter()
        .take(LONGEST)
        .enumerate()
        .take_while(|&(i, w)| !ends_object(w) || (i == 0 && numbered))
        .count();
    while length > 0 && rest[length - 1].is(&["of", "ever"]) {
        length -= 1;
    }
    let empty = length == 1 && (numbered || rest[0].has(Class::VAGUE));
    (length > 0 && !empty).then_some(start..start + length)
}

/// A verb with what belongs to it (`walk the dog`, `go to the gym`): up to six
/// words from `from`, articles and one preposition among them. Always at least
/// the verb.
pub(crate) fn verb_phrase(words: &[Word], from: usize) -> Range<usize> {
    let rest = words.get(from + 1..).unwrap_or(&[]);
    // "in my spare time" says how often, not what.
    let leisure = rest.iter().take(3).any(|w| w.is(&["spare", "free"]));
    let particle = usize::from(rest.first().is_some_and(|w| w.is(PARTICLES)) && !leisure);
    let mut length = particle
        + rest[particle..]
            .iter()
            .take(LONGEST)
            .take_while(|w| {
                !w.is_mark
                    && (!ends_object(w) || w.has(Class::DETERMINER))
                    && !w.is(&["all", "each", "every"])
            })
            .count();
    let closes =
        |w: &Word| w.has(Class::DETERMINER) || w.is(&["to", "at", "in", "on", "with", "for"]);
    while length > 0 && closes(&rest[length - 1]) {
        length -= 1;
    }
    from..from + 1 + length
}

/// What may stand between a verb and its object.
const PARTICLES: &[&str] = &[
    "about", "around", "as", "at", "away", "down", "for", "from", "in", "into", "off", "on", "out",
    "outside", "over", "through", "to", "under", "up", "with", "without",
];

/// Whether an object ends before `word`.
pub(crate) fn ends_object(word: &Word) -> bool {
    word.is_mark || word.has(Class::STOP)
}

/// A further object of a list: it must end where the clause does, or it is the
/// beginning of another statement.
fn next_in_list(words: &[Word], at: usize) -> Option<Range<usize>> {
    let joint = words[at..].iter().take(2).take_while(|w| w.is(&["and", "or", ",", "&"])).count();
    if joint == 0 || words.get(at + joint).is_none_or(|w| w.has(Class::CLAUSE_VERB)) {
        return None;
    }
    let next = object(words, at + joint)?;
    let closed =
        words.get(next.end).is_none_or(|w| w.is_mark || w.is(&["and", "or", "too", "also", "but"]));
    (closed && next.len() <= 3).then_some(next)
}

/// The words of a range as text.
pub(crate) fn text(words: &[Word], range: Range<usize>) -> String {
    let mut text = String::with_capacity(8 * range.len());
    for word in &words[range] {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::words::words;

    fn found(text: &str) -> Vec<String> {
        let words = words(text);
        objects(&words).into_iter().map(|r| super::text(&words, r)).collect()
    }

    #[test]
    fn objects_end_at_marks_and_clauses() {
        assert_eq!(found("a very old boat , you ?"), ["old boat"]);
        assert_eq!(found("tea because it is warm"), ["tea"]);
        assert_eq!(found("walking in the rain"), ["walking"]);
    }

    #[test]
    fn lists_give_several_objects() {
        assert_eq!(found("cats , dogs and my parrot ."), ["cats", "dogs", "parrot"]);
        assert_eq!(found("cats and work at home"), ["cats"]);
        assert_eq!(found("cats and you ?"), ["cats"]);
        assert_eq!(found("one dog"), ["one dog"]);
    }

    #[test]
    fn a_pronoun_is_no_object() {
        assert!(found("it").is_empty());
        assert!(found("").is_empty());
        assert!(found("the one").is_empty());
    }

    #[test]
    fn a_verb_phrase_keeps_its_articles() {
        let words = words("walk the dog every day and the");
        assert_eq!(text(&words, verb_phrase(&words, 0)), "walk the dog");
        assert_eq!(text(&words, verb_phrase(&words, 5)), "and");
    }
}
