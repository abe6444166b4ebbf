//! Invented persons without end: the same facts in several sessions, in other
//! words each time.
//!
//! A model learns to use a person's sessions only where sessions tell
//! something about each other. Here they do: a person has a few facts and a
//! manner of speaking, and every session with another partner touches some of
//! the facts, stated outright or come back to in other words. Partners state
//! facts of their own, which are not the person's. Everything follows from a
//! seed; nothing of it is taken from a corpus.

mod among;
mod coined;
mod fact;
mod kinds;
mod params;
mod person;
mod phrases;

pub use params::ProceduralParams;
pub use person::ProceduralPerson;
