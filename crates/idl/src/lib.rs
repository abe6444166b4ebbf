//! In-dialogue learning in one crate: the family of idl-* crates behind features, and the whole pipeline as one call.
