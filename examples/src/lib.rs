//! What the programs share: how they start and end ([`cli`]), how they show progress ([`progress`]), how they find
//! and load persons ([`corpus`]), and which language model they speak to ([`lm`]).

pub mod cli;
pub mod corpus;
pub mod lines;
pub mod lm;
pub mod progress;
