//! Who is invented.

use idl_dialogue::{Person, Triple};

/// An invented person, with what is true of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProceduralPerson {
    /// Their sessions, each with another partner.
    pub person: Person,
    /// Their facts.
    pub triples: Vec<Triple>,
}
