//! What the programs share: how they start and end ([`cli`]), how they show progress ([`progress`]), how they read
//! lines ([`lines`]), how they find and load persons ([`corpus`]), what turns texts into vectors ([`encoder`]) and into
//! persona triples ([`extractor`]), which language model they speak to ([`lm`]), what ranks last in preference data
//! ([`rejected`]), what a training run is told ([`run_config`]), pretraining included ([`pretrain`]), and shows
//! ([`curves`]), whom it was trained on ([`trained_on`]), and the table in which systems are compared ([`table`]).

pub mod cli;
pub mod corpus;
pub mod curves;
pub mod encoder;
pub mod extractor;
pub mod lines;
pub mod lm;
pub mod pretrain;
pub mod progress;
pub mod rejected;
pub mod run_config;
pub mod table;
pub mod trained_on;
