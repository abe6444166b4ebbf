//! Words and the comparison of sentences.

/// The lower-cased words of a text: runs of letters and digits, with
/// apostrophes inside them (`don't` is one word).
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// What is compared of a sentence: its lower-cased letters and digits.
///
/// For English this is ConvAI2's rule "keep a-z and 0-9"; letters of other
/// scripts are kept too, so that two Greek sentences do not both become empty
/// and hence equal.
pub(crate) fn normalized(sentence: &str) -> String {
    sentence.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_runs() {
        let found: Vec<_> = words("I don't like 'Tea', y'all ! ... 42").collect();
        assert_eq!(found, ["i", "don't", "like", "tea", "y'all", "42"]);
        assert_eq!(words(" ... ' !").count(), 0);
    }

    #[test]
    fn spacing_case_and_punctuation_do_not_count() {
        assert_eq!(normalized("I like tea."), normalized("i like  tea ."));
        assert_ne!(normalized("Μου αρέσει το τσάι."), normalized("Έχω δύο γάτες."));
        assert_eq!(normalized(" ... "), "");
    }
}
