//! What the programs share: how they start and end ([`cli`]), how they show progress ([`progress`]), how they find
//! and load persons ([`corpus`]), which language model they speak to ([`lm`]), what a training run is told
//! ([`run_config`]) and shows ([`curves`]), and the table in which systems are compared ([`table`]).

pub mod cli;
pub mod corpus;
pub mod curves;
pub mod lines;
pub mod lm;
pub mod progress;
pub mod run_config;
pub mod table;
