//! distance

fn main() {}
