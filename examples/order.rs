//! order

fn main() {}
