//! The little language in which the rules are written.
//!
//! A pattern is a row of elements between spaces: `love/like` is any of these
//! words (or their third person, see the lexicon), `really?` may be absent, `~`
//! is up to three adverbs. A first `*` says that the clause may lack its
//! subject (`love dogs`). What follows the last element is the rule's object.

/// The words that a pattern speaks of.
pub(crate) fn vocabulary(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter(|&part| part != "~").flat_map(options)
}

pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('*').split_whitespace()
}

pub(crate) fn options(part: &str) -> impl Iterator<Item = &str> {
    part.trim_end_matches('?').split('/')
}
