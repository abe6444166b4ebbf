//! Stop strings, which may span tokens.

/// Text on its way out: what might be the beginning of a stop string waits.
#[derive(Debug)]
pub(crate) struct StopStrings {
    strings: Vec<String>,
    held: String,
}

impl StopStrings {
    pub(crate) fn new(strings: &[String]) -> Self {
        StopStrings { strings: strings.to_vec(), held: String::new() }
    }

    /// Takes the next piece of text. Returns what can go out, and whether a
    /// stop string has come, before the first of which the text ends.
    pub(crate) fn push(&mut self, piece: &str) -> (String, bool) {
        self.held.push_str(piece);
        let first = self.strings.iter().filter_map(|s| self.held.find(s.as_str())).min();
        if let Some(at) = first {
            self.held.truncate(at);
            return (std::mem::take(&mut self.held), true);
        }
        let safe = self.held.len() - self.begun();
        let rest = self.held.split_off(safe);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// No more text comes: what has waited is no stop string.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// The length of the longest end of `held` that a stop string begins with.
    fn begun(&self) -> usize {
        let longest = |stop: &String| {
            let starts = stop.char_indices().map(|(at, _)| at).skip(1);
            starts.filter(|&at| self.held.ends_with(&stop[..at])).last()
        };
        self.strings.iter().filter_map(longest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool) {
        let stops: Vec<String> = stops.iter().map(|&s| s.to_owned()).collect();
        let mut filter = StopStrings::new(&stops);
        let mut out = Vec::new();
        for piece in pieces {
            let (text, stopped) = filter.push(piece);
            out.push(text);
            if stopped {
                return (out, true);
            }
        }
        out.push(filter.finish());
        (out, false)
    }

    #[test]
    fn a_stop_string_across_pieces_is_cut() {
        let (out, stopped) = run(&["\nuser:"], &["hi", " .\n", "us", "er: and"]);
        assert!(stopped);
        assert_eq!(out, ["hi", " .", "", ""]);
    }

    #[test]
    fn what_only_begins_like_one_comes_later() {
        let (out, stopped) = run(&["\nuser:"], &["a\nus", "e it"]);
        assert!(!stopped);
        assert_eq!(out, ["a", "\nuse it", ""]);
        // The end of the text is not waited for.
        assert_eq!(run(&["\nuser:"], &["a\nus"]).0, ["a", "\nus"]);
    }

    #[test]
    fn the_first_of_several_counts() {
        assert_eq!(run(&["d", "bc"], &["abcd"]), (vec!["a".to_owned()], true));
        assert_eq!(run(&["é!", "ø"], &["caf", "é", "!"]).0.concat(), "caf");
    }

    proptest! {
        /// However the text comes in pieces, what goes out is the text up to
        /// the first stop string.
        #[test]
        fn pieces_do_not_matter(
            text in "[abé]{0,24}",
            stops in prop::collection::vec("[abé]{1,4}", 0..3),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let chars: Vec<char> = text.chars().collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|i| i.index(chars.len() + 1)).collect();
            cuts.extend([0, chars.len()]);
            cuts.sort_unstable();
            let pieces: Vec<String> = cuts.windows(2).map(|w| chars[w[0]..w[1]].iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let stops: Vec<&str> = stops.iter().map(String::as_str).collect();
            let (out, stopped) = run(&stops, &pieces);
            // The first to be complete, not the first to begin, ends the text:
            // the end of a shorter one may come before that of a longer one.
            let end = stops.iter().filter_map(|s| text.find(s).map(|at| at + s.len())).min();
            prop_assert_eq!(stopped, end.is_some());
            match end {
                None => prop_assert_eq!(out.concat(), text),
                Some(_) => {
                    let out = out.concat();
                    prop_assert!(text.starts_with(&out));
                    prop_assert!(stops.iter().all(|s| !out.contains(s)));
                    prop_assert!(stops.iter().any(|s| text[out.len()..].starts_with(s)));
                }
            }
        }
    }
}
