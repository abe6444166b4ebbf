//! persona

fn main() {}
