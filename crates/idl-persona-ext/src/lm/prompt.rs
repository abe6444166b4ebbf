//! What the model is asked and what it answers, in training as afterwards.

use idl_dialogue::Triple;

use crate::{ParsedTriples, TripleOrder, parse_triples, print_triples};

/// The answer that there is no fact. (The paper's data has a fact in every
/// sentence and needs none.)
pub const NOTHING: &str = "none";

/// The text that asks for the triples of `sentences`: the sentences, one a line
/// (a line break within one becomes a space).
///
/// ```
/// let prompt = idl_persona_ext::extractor_prompt(&["i keep owls .", "and\nyou ?"]);
/// assert_eq!(prompt, "i keep owls .\nand you ?");
/// ```
#[must_use]
pub fn extractor_prompt<S: AsRef<str>>(sentences: &[S]) -> String {
    let line = |s: &S| s.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
    sentences.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The answer to be learnt: one `<subject, relation, object>` a line, in the
/// order of the sentences, or [`NOTHING`].
///
/// ```
/// use idl_dialogue::Triple;
/// use idl_persona_ext::extractor_target;
///
/// assert_eq!(extractor_target(&[Triple::new("i", "have_pet", "owls")]), "<i, have_pet, owls>");
/// assert_eq!(extractor_target(&[]), "none");
/// ```
#[must_use]
pub fn extractor_target(triples: &[Triple]) -> String {
    if triples.is_empty() {
        return NOTHING.to_owned();
    }
    print_triples(triples, TripleOrder::SubjectFirst)
}

/// Reads an answer, in either order of the parts. [`NOTHING`] on a line is no
/// triple and no fault.
///
/// ```
/// let parsed = idl_persona_ext::read_reply("<i, have_pet, owls>\nnone\n<i, ha");
/// assert_eq!((parsed.triples.len(), parsed.malformed), (1, 1));
/// ```
#[must_use]
pub fn read_reply(reply: &str) -> ParsedTriples {
    let says_something = |line: &&str| !line.trim().eq_ignore_ascii_case(NOTHING);
    let lines: Vec<&str> = reply.lines().filter(says_something).collect();
    parse_triples(&lines.join("\n"), TripleOrder::Detect)
}

/// `sentence` in pieces of at most `max` bytes (4 or more), cut behind the last
/// sentence end that fits, else behind a space, else wherever a character ends.
pub(super) fn pieces(sentence: &str, max: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = sentence.trim();
    while rest.len() > max {
        let fits = &rest[..rest.floor_char_boundary(max)];
        let marks = fits.char_indices().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '\n'));
        // "3.5" is no end: a space follows.
        let ends = marks.map(|(at, c)| at + c.len_utf8());
        let mut ends = ends.filter(|&end| rest[end..].starts_with(char::is_whitespace));
        let end = ends.next_back();
        let space = || fits.rfind(char::is_whitespace).filter(|&at| at > 0);
        let (piece, tail) = rest.split_at(end.or_else(space).unwrap_or(fits.len()));
        pieces.push(piece.trim_end());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_end_with_sentences() {
        assert_eq!(pieces("i row . i bake . i sing", 20), ["i row . i bake .", "i sing"]);
        assert_eq!(pieces("it costs 3.5 and more", 14), ["it costs 3.5", "and more"]);
        assert_eq!(pieces("owlsandboats", 5), ["owlsa", "ndboa", "ts"]);
        assert!(pieces(" ", 5).is_empty());
    }

    proptest! {
        #[test]
        fn pieces_fit_and_lose_nothing_but_space(text in "[a-zé.?! ]{0,60}", max in 4_usize..20) {
            let pieces = pieces(&text, max);
            prop_assert!(pieces.iter().all(|p| !p.is_empty() && p.len() <= max));
            let letters = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        }

        #[test]
        fn what_is_to_be_learnt_is_read_back(
            objects in prop::collection::vec("[a-z][a-z ,]{0,8}[a-z]", 0..4),
        ) {
            let triples: Vec<Triple> =
                objects.iter().map(|o| Triple::new("my owl", "own", o.as_str())).collect();
            let parsed = read_reply(&extractor_target(&triples));
            prop_assert_eq!(parsed.malformed, 0);
            prop_assert_eq!(parsed.triples, triples);
        }
    }
}
