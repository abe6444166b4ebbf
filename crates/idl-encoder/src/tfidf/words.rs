//! The words of a text.

/// The lower-cased words of a text: runs of letters and digits, with
/// apostrophes inside them (`don't` is one word).
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
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
}
