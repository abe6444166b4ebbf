//! The Porter stemmer in the variant that rouge_score uses (NLTK's default
//! mode: Porter's algorithm of 1980 with his later and NLTK's corrections).

/// Words whose stem is looked up.
const IRREGULAR: &[(&str, &str)] = &[
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Suffixes of step 2 with what replaces them where the stem's measure is
/// above 0. Of several that fit, the first counts.
const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// Step 3, as step 2.
const STEP_3: &[(&str, &str)] = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes that step 4 removes where the stem's measure is above 1.
const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a lower-case ASCII word; of any other text, the text itself.
/// Time O(bytes).
///
/// ```
/// use idl_metrics::text::porter_stem;
/// assert_eq!(porter_stem("relational"), "relat");
/// assert_eq!(porter_stem("dying"), "die");
/// ```
#[must_use]
pub fn porter_stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(form, _)| *form == word) {
        return (*stem).to_owned();
    }
    let is_plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if word.len() <= 2 || !is_plain {
        return word.to_owned();
    }
    let mut word = word.to_owned();
    step_1a(&mut word);
    step_1b(&mut word);
    step_1c(&mut word);
    step_2(&mut word);
    first_fitting(&mut word, STEP_3);
    step_4(&mut word);
    step_5(&mut word);
    word
}

/// Plurals.
fn step_1a(word: &mut String) {
    if word.ends_with("sses") || (word.ends_with("ies") && word.len() != 4) {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s') && !word.ends_with("ss") {
        // "ties" keeps its e, as "ponies" does not.
        word.pop();
    }
}

/// Past tense and progressive.
fn step_1b(word: &mut String) {
    if word.ends_with("ied") {
        word.truncate(word.len() - if word.len() == 4 { 1 } else { 2 });
        return;
    }
    if let Some(stem) = word.strip_suffix("eed") {
        if measure(stem) > 0 {
            word.pop();
        }
        return;
    }
    let Some(stem) = ["ed", "ing"]
        .iter()
        .filter_map(|end| word.strip_suffix(end))
        .find(|stem| consonants(stem).contains(&false))
    else {
        return;
    };
    word.truncate(stem.len());
    let ends = |suffix| word.ends_with(suffix);
    if ends("at") || ends("bl") || ends("iz") {
        word.push('e');
    } else if ends_in_double_consonant(word) {
        if !(ends("l") || ends("s") || ends("z")) {
            word.pop();
        }
    } else if measure(word) == 1 && ends_in_short_syllable(word) {
        word.push('e');
    }
}

/// y to i after a consonant that is not the word's only other letter.
fn step_1c(word: &mut String) {
    let is_consonant = |stem: &str| consonants(stem).last().copied().unwrap_or(false);
    if word.strip_suffix('y').is_some_and(|stem| stem.len() > 1 && is_consonant(stem)) {
        word.pop();
        word.push('i');
    }
}

/// Double suffixes to single ones.
fn step_2(word: &mut String) {
    // "-alli" loses two letters, and may then end in another of the suffixes.
    while word.strip_suffix("alli").is_some_and(|stem| measure(stem) > 0) {
        word.truncate(word.len() - 2);
    }
    if STEP_2.iter().any(|(suffix, _)| word.ends_with(suffix)) {
        first_fitting(word, STEP_2);
    } else if word.ends_with("logi") && measure(&word[..word.len() - 3]) > 0 {
        // The l counts with the stem, so that "geologi" is long enough.
        word.pop();
    }
}

/// Takes off what is left of a suffix.
fn step_4(word: &mut String) {
    let Some(stem) = STEP_4.iter().find_map(|suffix| word.strip_suffix(suffix)) else { return };
    let fits = !word.ends_with("ion") || stem.ends_with(['s', 't']);
    if fits && measure(stem) > 1 {
        word.truncate(stem.len());
    }
}

/// A final e, and one l of two.
fn step_5(word: &mut String) {
    if let Some(stem) = word.strip_suffix('e') {
        let m = measure(stem);
        if m > 1 || (m == 1 && !ends_in_short_syllable(stem)) {
            word.pop();
        }
    }
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
}

/// Applies the first rule whose suffix `word` has, if the stem's measure is
/// above 0; a rule that fits but for that ends the search.
fn first_fitting(word: &mut String, rules: &[(&str, &str)]) {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            if measure(stem) > 0 {
                word.truncate(stem.len());
                word.push_str(replacement);
            }
            return;
        }
    }
}

/// Whether each letter is a consonant: all but a, e, i, o, u, and a y after a
/// consonant.
fn consonants(word: &str) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for b in word.bytes() {
        flags.push(match b {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => !flags.last().copied().unwrap_or(false),
            _ => true,
        });
    }
    flags
}

/// Porter's m: how often a consonant follows a vowel.
fn measure(stem: &str) -> usize {
    consonants(stem).windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

/// Porter's *d.
fn ends_in_double_consonant(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 2
        && bytes[bytes.len() - 1] == bytes[bytes.len() - 2]
        && consonants(word).last() == Some(&true)
}

/// Porter's *o: consonant, vowel, consonant other than w, x, y; or a word of a
/// vowel and a consonant.
fn ends_in_short_syllable(word: &str) -> bool {
    match consonants(word)[..] {
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        [false, true] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_each_step() {
        for (word, stem) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("ties", "tie"),
            ("cats", "cat"),
            ("agreed", "agre"),
            ("feed", "feed"),
            ("spied", "spi"),
            ("died", "die"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("enjoy", "enjoy"),
            ("radically", "radic"),
            ("geology", "geolog"),
            ("hopefulness", "hope"),
            ("adoption", "adopt"),
            ("replacement", "replac"),
            ("controlling", "control"),
            ("rate", "rate"),
            ("yy", "yy"),
        ] {
            assert_eq!(porter_stem(word), stem, "{word}");
        }
    }
}
