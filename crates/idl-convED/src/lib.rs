#![doc = include_str!("../README.md")]

mod alignment;
mod error;
mod kernel;
mod matrix;
pub mod naive;
mod pair;
mod params;
mod session;
#[cfg(feature = "tch")]
mod tensor;

pub use alignment::{Alignment, Edit};
pub use error::{Error, ParamsError, Result};
pub use matrix::Tile;
pub use params::{ConvEd, ConvEdParams};
pub use session::SessionView;
#[cfg(feature = "tch")]
pub use tensor::{TensorError, TensorSessions};
