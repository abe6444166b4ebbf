//! The tokenizer of mteval-v13a, as sacreBLEU has it, in one pass.
//!
//! sacreBLEU rewrites the text four times with regular expressions, each of
//! which may feed the next. What they come to is this. A mark is a token; a
//! dash is one after a digit; a period or comma is one but between digits. The
//! exception is a *run* of periods and commas: a regular expression does not
//! match what it has consumed, so that the last of a run can escape it and
//! stick to a digit that follows (`a..5` is `a . .5`, but `a.5` is `a . 5`).

use std::borrow::Cow;

use super::space::{is_space, space_at};

/// What a byte means to the tokenizer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Space,
    Mark,
    Stop,
    Dash,
    /// Part of a character beyond ASCII.
    High,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Letter; 256];
    let mut b = 0;
    while b < 256 {
        kinds[b] = match b as u8 {
            b'\t'..=b'\r' | 0x1c..=b' ' => Kind::Space,
            b'.' | b',' => Kind::Stop,
            b'-' => Kind::Dash,
            b'{'..=b'~' | b'['..=b'`' | b'!'..=b'&' | b'('..=b'+' | b':'..=b'@' | b'/' => {
                Kind::Mark
            }
            0x80.. => Kind::High,
            _ => Kind::Letter,
        };
        b += 1;
    }
    kinds
};

/// Calls `emit` with the tokens of `text`. Time O(bytes).
pub(super) fn tokens(text: &str, mut emit: impl FnMut(&str)) {
    let text = unescaped(text);
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|i| bytes.get(i)).is_some_and(u8::is_ascii_digit);
    // Marks, stops, dashes and spaces are whole characters: slices are, too.
    let mut emit = |from: usize, to: usize| {
        if from < to {
            emit(&text[from..to]);
        }
    };
    let mut start = 0;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        match KINDS[b as usize] {
            Kind::Letter => i += 1,
            Kind::Space => {
                emit(start, i);
                i += 1;
                start = i;
            }
            Kind::Dash if !digit(i.checked_sub(1)) => i += 1,
            Kind::Dash | Kind::Mark => {
                emit(start, i);
                emit(i, i + 1);
                i += 1;
                start = i;
            }
            Kind::Stop => {
                let is_stop = |b: &&u8| KINDS[**b as usize] == Kind::Stop;
                let run = bytes[i..].iter().take_while(is_stop).count();
                // Stops are consumed in pairs from what precedes the run on, or
                // from its first one where that is a digit.
                let escapes = digit(Some(i + run)) && digit(i.checked_sub(1)) == (run % 2 == 1);
                if !(escapes && run == 1) {
                    emit(start, i);
                    let single = run - usize::from(escapes);
                    (i..i + single).for_each(|stop| emit(stop, stop + 1));
                    start = i + single;
                }
                i += run;
            }
            Kind::High => match space_at(&text, i) {
                (length, true) => {
                    emit(start, i);
                    i += length;
                    start = i;
                }
                (length, false) => i += length,
            },
        }
    }
    emit(start, bytes.len());
}

/// The text with line breaks and entities replaced, if there are any.
fn unescaped(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches(is_space);
    // Not `any`, which would stop early but look at one byte at a time.
    let is_rare = |b: u8| (b == b'<') | (b == b'\n') | (b == b'&');
    if !text.bytes().fold(false, |found, b| found | is_rare(b)) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    let entities = [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];
    Cow::Owned(entities.iter().fold(text, |text, (from, to)| text.replace(from, to)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: four substitutions one after the other.
    fn by_rewriting(text: &str) -> Vec<String> {
        let mut spaced = String::from(" ");
        for c in unescaped(text).chars() {
            match c {
                '{'..='~' | '['..='`' | '!'..='&' | '('..='+' | ':'..='@' | '/' => {
                    spaced.extend([' ', c, ' ']);
                }
                _ => spaced.push(c),
            }
        }
        spaced.push(' ');
        let stop = |c: char| matches!(c, '.' | ',');
        let digit = |c: char| c.is_ascii_digit();
        let s = substitute(&spaced, |a, b| !digit(a) && stop(b), |a, b| [a, ' ', b, ' ']);
        let s = substitute(&s, |a, b| stop(a) && !digit(b), |a, b| [' ', a, ' ', b]);
        let s = substitute(&s, |a, b| digit(a) && b == '-', |a, b| [a, ' ', b, ' ']);
        s.split(is_space).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }

    /// As a regular expression of two characters: leftmost first, no overlap.
    fn substitute(
        text: &str,
        matches: impl Fn(char, char) -> bool,
        rewrite: impl Fn(char, char) -> [char; 4],
    ) -> String {
        let mut out = String::new();
        let mut rest = text.chars().peekable();
        while let Some(a) = rest.next() {
            match rest.next_if(|&b| matches(a, b)) {
                Some(b) => out.extend(rewrite(a, b)),
                None => out.push(a),
            }
        }
        out
    }

    fn in_one_pass(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        tokens(text, |token| out.push(token.to_owned()));
        out
    }

    #[test]
    fn runs_of_stops() {
        let joined = |text| in_one_pass(text).join(" ");
        assert_eq!(joined("a.5 a..5 5..5 5...5 5.5 5,"), "a . 5 a . .5 5 . . 5 5 . . .5 5.5 5 ,");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn one_pass_does_what_four_do(text in "[a57.,\\-' &;!_\u{e9}\u{a0}\n\u{1f}]{0,14}") {
            prop_assert_eq!(in_one_pass(&text), by_rewriting(&text));
        }

        #[test]
        fn of_any_text(text in "\\PC{0,40}|(<skipped>|&amp;|quot;|lt;|-\n|5|\\.){0,9}") {
            prop_assert_eq!(in_one_pass(&text), by_rewriting(&text));
        }
    }
}
