//! Criterion benches live in `benches/`; this file only gives them a package.
