//! Triples as text: one `<subject, relation, object>` a line.

use idl_dialogue::Triple;

/// The order of a triple's parts in text. The relation is in the middle in
/// both that the paper prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TripleOrder {
    /// `<subject, relation, object>`, as in PersonaExt.
    #[default]
    SubjectFirst,
    /// `<object, relation, subject>`, which the paper prints once.
    ObjectFirst,
    /// For reading: subject first, unless only the last part speaks of the
    /// speaker (`i`, `me`, `mine`, `we`, `us`, `my ..`, `our ..`).
    Detect,
}

/// What was read from an extractor's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedTriples {
    /// The triples, in order of appearance.
    pub triples: Vec<Triple>,
    /// Lines that are not empty and hold no well-formed triple.
    pub malformed: usize,
}

/// Reads triples from text, several a line if need be, in the sense of the
/// paper's expression `<.*?,.*?,.*?>`: a triple ends at the first `>` and has
/// two commas or more. Subject and relation hold no comma, the object may: it
/// has what is left, at whichever end it stands. Parts are trimmed and must not
/// be empty; what stands between triples is ignored, and a line with no triple
/// in it is counted. Unlike the bare expression, which runs on to the commas of
/// the next, a `<..>` with too few parts is passed over. Time O(bytes).
///
/// ```
/// use idl_persona_ext::{TripleOrder, parse_triples};
///
/// let text = "<i, have_pet, dog>\nsorry, no idea\n<red, favorite_color, i>";
/// let parsed = parse_triples(text, TripleOrder::Detect);
/// assert_eq!(parsed.triples[1].to_string(), "<i, favorite_color, red>");
/// assert_eq!((parsed.triples.len(), parsed.malformed), (2, 1));
/// ```
#[must_use]
pub fn parse_triples(text: &str, order: TripleOrder) -> ParsedTriples {
    let mut parsed = ParsedTriples::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let before = parsed.triples.len();
        let mut rest = line;
        while let Some((triple, tail)) = next_triple(rest, order) {
            parsed.triples.extend(triple);
            rest = tail;
        }
        if parsed.triples.len() == before {
            parsed.malformed += 1;
        }
    }
    parsed
}

/// The next `<..>` of `text`, as a triple if it is one, and what follows it.
fn next_triple(text: &str, order: TripleOrder) -> Option<(Option<Triple>, &str)> {
    let open = text.find('<')?;
    let close = open + text[open..].find('>')?;
    Some((triple(&text[open + 1..close], order), &text[close + 1..]))
}

/// The triple of what stands between the brackets.
fn triple(inside: &str, order: TripleOrder) -> Option<Triple> {
    let object_first = match order {
        TripleOrder::SubjectFirst => false,
        TripleOrder::ObjectFirst => true,
        TripleOrder::Detect => {
            let (first, _) = inside.split_once(',')?;
            let (_, last) = inside.rsplit_once(',')?;
            is_speaker(last) && !is_speaker(first)
        }
    };
    let (subject, relation, object) = if object_first {
        let (rest, subject) = inside.rsplit_once(',')?;
        let (object, relation) = rest.rsplit_once(',')?;
        (subject, relation, object)
    } else {
        let (subject, rest) = inside.split_once(',')?;
        let (relation, object) = rest.split_once(',')?;
        (subject, relation, object)
    };
    let [subject, relation, object] = [subject, relation, object].map(str::trim);
    let whole = ![subject, relation, object].contains(&"");
    whole.then(|| Triple::new(subject, relation, object))
}

/// Whether a part speaks of the speaker or somebody of theirs.
fn is_speaker(part: &str) -> bool {
    let first = part.split_whitespace().next().unwrap_or("").to_lowercase();
    matches!(first.as_str(), "i" | "me" | "my" | "mine" | "we" | "us" | "our")
}

/// Prints triples one a line, without a final line break; `Detect` prints
/// subject first. A mark that would break the form (`<`, `>`, a line break; a
/// comma in subject or relation) becomes a space, so that a triple whose parts
/// hold a word each is always read back, commas of the object included.
///
/// ```
/// use idl_dialogue::Triple;
/// use idl_persona_ext::{TripleOrder, print_triples};
///
/// let triples = [Triple::new("i", "have_pet", "dog")];
/// assert_eq!(print_triples(&triples, TripleOrder::SubjectFirst), "<i, have_pet, dog>");
/// assert_eq!(print_triples(&triples, TripleOrder::ObjectFirst), "<dog, have_pet, i>");
/// ```
#[must_use]
pub fn print_triples(triples: &[Triple], order: TripleOrder) -> String {
    let lines: Vec<String> = triples
        .iter()
        .map(|t| {
            let clean = |part: &str, comma: bool| {
                part.replace(|c| matches!(c, '<' | '>' | '\n' | '\r') || (comma && c == ','), " ")
            };
            let (subject, relation) = (clean(&t.subject, true), clean(&t.relation, true));
            let object = clean(&t.object, false);
            match order {
                TripleOrder::ObjectFirst => format!("<{object}, {relation}, {subject}>"),
                TripleOrder::SubjectFirst | TripleOrder::Detect => {
                    format!("<{subject}, {relation}, {object}>")
                }
            }
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn several_a_line_and_noise_between() {
        let parsed =
            parse_triples("1) <i, own, car>; <we,live_in_general,a house> ok", TripleOrder::Detect);
        assert_eq!(parsed.triples.len(), 2);
        assert_eq!(parsed.triples[1], Triple::new("we", "live_in_general", "a house"));
    }

    #[test]
    fn malformed_lines_are_counted_and_empty_ones_not() {
        let text = "<i, own>\n\n<, own, car>\n<i, own, car\n<i, own, big, red car>";
        let parsed = parse_triples(text, TripleOrder::SubjectFirst);
        assert_eq!(parsed.malformed, 3);
        assert_eq!(parsed.triples, [Triple::new("i", "own", "big, red car")]);
    }

    #[test]
    fn an_object_keeps_its_commas_in_both_orders() {
        let triple = Triple::new("i", "favorite_show", "owls, boats, and tea");
        for order in [TripleOrder::SubjectFirst, TripleOrder::ObjectFirst] {
            let text = print_triples(std::slice::from_ref(&triple), order);
            for reading in [order, TripleOrder::Detect] {
                assert_eq!(parse_triples(&text, reading).triples, std::slice::from_ref(&triple));
            }
        }
    }

    #[test]
    fn what_is_cut_short_does_not_swallow_what_follows() {
        let parsed = parse_triples("<i, own> <i, have_pet, owl> <i, ", TripleOrder::SubjectFirst);
        assert_eq!(parsed.triples, [Triple::new("i", "have_pet", "owl")]);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(
            parts in proptest::collection::vec("[a-z' ]{0,6}[a-z]", 2..=2),
            object in "[a-z][a-z', ]{0,9}[a-z.]",
            object_first: bool,
        ) {
            let triple = Triple::new(parts[0].trim(), parts[1].trim(), object);
            let order =
                if object_first { TripleOrder::ObjectFirst } else { TripleOrder::SubjectFirst };
            let text = print_triples(std::slice::from_ref(&triple), order);
            prop_assert_eq!(parse_triples(&text, order).triples, [triple]);
        }

        #[test]
        fn any_text_is_read_without_a_fault(text in "[<>,a \n]{0,40}") {
            let parsed = parse_triples(&text, TripleOrder::Detect);
            prop_assert!(parsed.malformed <= text.lines().count());
        }
    }
}
