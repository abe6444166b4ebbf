#![doc = include_str!("../README.md")]

mod copy;
mod document;
mod documents;
mod draw;
mod error;
mod kinds;
mod material;
mod measure;
mod mixture;
mod pack;
mod procedural;
mod render;
mod sessions;

pub use copy::{CopyCheck, CopyCheckConfig};
pub use document::{Document, Return};
pub use documents::{DocumentConfig, Documents};
pub use error::{Error, Result};
pub use measure::{Measure, Measuring};
pub use mixture::{DocumentKind, Mixture};
pub use pack::pack;
pub use procedural::{ProceduralParams, ProceduralPerson};
pub use render::Renderer;
pub use sessions::{PersonNll, SessionCheck, SessionCheckConfig};
