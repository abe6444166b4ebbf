//! When two texts are the same.

/// What two texts must differ in.
pub(super) fn compared(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

pub(super) fn differs(a: &str, b: &str) -> bool {
    !a.trim().is_empty() && !a.trim().eq_ignore_ascii_case(b.trim())
}
