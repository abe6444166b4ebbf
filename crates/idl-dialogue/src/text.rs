//! The comparison of sentences, and texts in messages.

/// What is compared of a sentence: its lower-cased letters and digits.
///
/// For English this is ConvAI2's rule "keep a-z and 0-9"; letters of other
/// scripts are kept too, so that two Greek sentences do not both become empty
/// and hence equal.
pub(crate) fn normalized(sentence: &str) -> String {
    sentence.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The beginning of something that may be long, for messages: one line without
/// control characters.
pub(crate) fn brief(text: &str) -> String {
    const MOST: usize = 40;
    let (shown, more) = match text.char_indices().nth(MOST) {
        None => (text, ""),
        Some((end, _)) => (&text[..end], "..."),
    };
    let mut printable = String::with_capacity(shown.len());
    for c in shown.chars() {
        if c.is_control() {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    format!("`{printable}{more}`")
}

/// The beginning of a line that may be no text.
pub(crate) fn brief_bytes(bytes: &[u8]) -> String {
    // Enough for one character more than is shown.
    const MOST: usize = 4 * 41;
    brief(&String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(brief("a\tb \"c\""), "`a\\tb \"c\"`");
        assert_eq!(brief_bytes(&[0xff; 1000]), format!("`{}...`", "\u{fffd}".repeat(40)));
        for (owls, more) in [(40, ""), (41, "...")] {
            let expected = format!("`{}{more}`", "\u{1f989}".repeat(40));
            assert_eq!(brief_bytes("\u{1f989}".repeat(owls).as_bytes()), expected);
        }
    }

    #[test]
    fn spacing_case_and_punctuation_do_not_count() {
        assert_eq!(normalized("I like tea."), normalized("i like  tea ."));
        assert_ne!(normalized("Μου αρέσει το τσάι."), normalized("Έχω δύο γάτες."));
        assert_eq!(normalized(" ... "), "");
    }
}
