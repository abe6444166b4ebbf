//! Cross-crate tests; this file only gives them a package.
