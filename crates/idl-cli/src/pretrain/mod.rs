//! What a pretraining run is told, and the conversations it learns from.

mod config;
mod material;

pub(crate) use config::{Init, PretrainConfig, STAGE, shape_folder};
pub(crate) use material::Material;
