//! Pretraining: documents that teach a model to speak, and to use what stands
//! in its context.
//!
//! Text packed together teaches the language. That the context is worth a look
//! a small model learns only where looking pays, and as far back as it pays.
//! So a window of tokens is one [`Document`] of one of four kinds, mixed by
//! weight ([`Mixture`]):
//!
//! | kind | what it holds | what it teaches |
//! |---|---|---|
//! | plain | the dialogues of one person, then of the next | the language |
//! | persona | invented sessions of one person between real exchanges; facts come back in other words | to find in earlier sessions what a person is |
//! | returning | real dialogues; segments of them come again, at any distance | to continue what has been seen before |
//! | random | runs of random tokens that come again | copying, without any help from the language |
//!
//! [`Documents`] is an endless row of them: number `i` depends on its seed and
//! `i` alone, so that a run needs no data on the disk and goes on after a kill
//! exactly where it stood. It is an [`ExampleStream`](crate::ExampleStream) whose
//! every token counts, for the trainer's usual loop.
//!
//! Whether it has worked is measured ([`Measure`]) by [`CopyCheck`], the NLL of
//! a segment that comes again against its first occurrence, and by
//! [`SessionCheck`], that of replies behind the person's own sessions, another
//! person's, and none; [`Measuring`] adds both to the evaluations of a run.

mod copy;
mod document;
mod documents;
mod kinds;
mod measure;
mod mixture;
mod pack;
mod render;
mod sessions;

pub use copy::{CopyCheck, CopyCheckConfig};
pub use document::{Document, Return};
pub use documents::{DocumentConfig, Documents};
pub use measure::{Measure, Measuring};
pub use mixture::{DocumentKind, Mixture};
pub use pack::pack;
pub use render::Renderer;
pub use sessions::{PersonNll, SessionCheck, SessionCheckConfig};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// A generator for number `index` of the row that belongs to `seed`. Weyl's
/// sequence keeps neighbours apart.
fn generator(seed: u64, index: u64) -> Xoshiro256PlusPlus {
    let step = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Xoshiro256PlusPlus::seed_from_u64(seed ^ step)
}
