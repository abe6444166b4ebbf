//! What the programs share: how they start and end ([`cli`]), how they show progress ([`progress`]), and how they find
//! and load persons ([`corpus`]).

pub mod cli;
pub mod corpus;
pub mod lines;
pub mod progress;
