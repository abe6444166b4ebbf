#![doc = include_str!("../README.md")]

pub mod choice;
mod distance;
pub mod draw;
mod error;
#[cfg(feature = "torch")]
pub mod evaluate;
#[cfg(feature = "torch")]
pub mod learn;
mod pipeline;
#[cfg(feature = "torch")]
mod responder;

pub use distance::ConvEdDistance;
pub use error::{Error, Result};
pub use idl_cluster as cluster;
pub use idl_conved as conved;
pub use idl_corpora as corpora;
pub use idl_dialogue as dialogue;
#[cfg(feature = "torch")]
pub use idl_dpoc_loss as dpoc_loss;
pub use idl_encoder as encoder;
#[cfg(feature = "torch")]
pub use idl_lm as lm;
pub use idl_metrics as metrics;
pub use idl_order as order;
pub use idl_persona_ext as persona_ext;
pub use idl_store as store;
#[cfg(feature = "torch")]
pub use idl_train as train;
pub use pipeline::{PersonIndex, Pipeline, Rule, Selection};
#[cfg(feature = "torch")]
pub use responder::{Reply, Responder, ResponderParts};
