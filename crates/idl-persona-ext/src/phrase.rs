//! Where an object begins and ends.

use std::ops::Range;

use crate::lexicon::{CLAUSE_VERBS, DETERMINERS, NUMBERS, STOPS, VAGUE};
use crate::words::Word;

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
    let skipped = words[from..].iter().take_while(|w| w.is(DETERMINERS)).count();
    let start = from + skipped;
    let rest = &words[start..];
    // "one" is a number here, and a pronoun only when nothing follows it.
    let numbered = rest.first().is_some_and(|w| w.is(NUMBERS));
    let length = rest
        .iter()
        .take(LONGEST)
        .enumerate()
        .take_while(|&(i, w)| !ends_object(w) || (i == 0 && numbered))
        .count();
    let empty = length == 1 && (numbered || rest[0].is(VAGUE));
    (length > 0 && !empty).then_some(start..start + length)
}

/// Whether an object ends before `word`.
pub(crate) fn ends_object(word: &Word) -> bool {
    word.is_mark || word.is(STOPS)
}

/// A further object of a list: it must end where the clause does, or it is the
/// beginning of another statement.
fn next_in_list(words: &[Word], at: usize) -> Option<Range<usize>> {
    let joint = words[at..].iter().take(2).take_while(|w| w.is(&["and", "or", ",", "&"])).count();
    if joint == 0 || words.get(at + joint).is_none_or(|w| w.is(CLAUSE_VERBS)) {
        return None;
    }
    let next = object(words, at + joint)?;
    let closed =
        words.get(next.end).is_none_or(|w| w.is_mark || w.is(&["and", "or", "too", "also", "but"]));
    (closed && next.len() <= 3).then_some(next)
}

/// The words of a range as text.
pub(crate) fn text(words: &[Word], range: Range<usize>) -> String {
    let words: Vec<&str> = words[range].iter().map(|w| w.text.as_str()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

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
}
