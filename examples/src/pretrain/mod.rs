//! What a pretraining run is told, and the conversations it learns from.

mod config;
mod material;

pub use config::{Check, CorpusChoice, Init, PretrainConfig, STAGE, Shape, Stage, shape_folder};
pub use material::Material;
