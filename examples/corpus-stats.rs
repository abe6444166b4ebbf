//! corpus-stats

fn main() {}
