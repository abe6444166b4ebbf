//! Spaces and case, as Python's strings have them.

use std::borrow::Cow;

/// Python's `str.isspace`: Unicode's white space and four control characters.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// The length in bytes of the character at `at`, and whether it is a space.
pub(crate) fn space_at(text: &str, at: usize) -> (usize, bool) {
    text[at..].chars().next().map_or((1, false), |c| (c.len_utf8(), is_space(c)))
}

/// Python's `str.split()`: calls `emit` with what is between spaces.
pub(crate) fn words(text: &str, mut emit: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let (length, space) = match b {
            0x80.. => space_at(text, i),
            _ => (1, matches!(b, b'\t'..=b'\r' | 0x1c..=b' ')),
        };
        if space {
            if start < i {
                emit(&text[start..i]);
            }
            start = i + length;
        }
        i += length;
    }
    if start < bytes.len() {
        emit(&text[start..]);
    }
}

/// `text` in lower case, without a copy where it is already.
pub(crate) fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        return Cow::Owned(text.to_lowercase());
    }
    if text.bytes().fold(false, |found, b| found | b.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_what_splitting_gives(
            text in "[a \t\u{1e}\u{a0}\u{e9}\u{3000}\u{2009}]{0,20}|\\PC*",
        ) {
            let mut ours = Vec::new();
            words(&text, |word| ours.push(word.to_owned()));
            let theirs: Vec<&str> = text.split(is_space).filter(|w| !w.is_empty()).collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
